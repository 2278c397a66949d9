"""What a message of the Cloud API says, kind by kind, each a small model; fields we have no name for are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from munshi.bot.incoming import Said
from munshi.bot.message import Media
from munshi.bot.whatsapp.parts import pressed

UNKNOWN = "unsupported"
"""The kind of whatever cannot be read: it is kept, and the customer is told so."""

_MOST_MEDIA_ID = 200


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


Text = Annotated[str, BeforeValidator(_text)]
"""A text; what is none counts as not given."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class _Body(_Part):
    body: str


class _Button(_Part):
    text: Text = ""
    payload: Text = ""


class _Choice(_Part):
    id: Text = ""
    title: Text = ""


class _Interactive(_Part):
    button_reply: _Choice | None = None
    list_reply: _Choice | None = None


class _File(_Part):
    id: str = Field(min_length=1, max_length=_MOST_MEDIA_ID, pattern=r"^[\w.-]+$")
    mime_type: Text = ""
    sha256: Text = ""
    caption: Text = ""
    filename: Text = ""
    voice: bool = False


class _Place(_Part):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: Text = ""
    address: Text = ""


class _Reaction(_Part):
    message_id: Text = ""
    emoji: Text = ""


Read = Callable[[str, Any], Said]


def said(kind: str, raw: Mapping[str, Any]) -> Said:
    """What a message of this kind says; `raw` is the whole message. One that is not as its kind should be is kept as
    it is, under `UNKNOWN`.
    """
    read = _KINDS.get(kind)
    if read is None:
        return _kept(raw)
    try:
        return read(kind, raw.get(kind))
    except ValidationError:
        return _kept(raw)


def _kept(raw: Mapping[str, Any]) -> Said:
    return Said(UNKNOWN, extra=dict(raw))


def _words(_kind: str, value: Any) -> Said:
    found = _Body.model_validate(value)
    return Said("text", found.body, extra=dict(found.model_extra or {}))


def _pressed(_kind: str, value: Any) -> Said:
    """A template's quick reply."""
    found = _Button.model_validate(value)
    return Said("button", found.text or found.payload, pressed=found.payload, extra=dict(found.model_extra or {}))


def _chosen(_kind: str, value: Any) -> Said:
    found = _Interactive.model_validate(value)
    choice = found.button_reply or found.list_reply
    if choice is None or not (choice.title or choice.id):  # a form of another kind, or nothing but errors beside it
        return Said(UNKNOWN, extra={"interactive": value})
    kept = {**(found.model_extra or {}), **(choice.model_extra or {})}
    return Said("button", choice.title or choice.id, pressed=pressed(choice.id), extra=kept)


def _file(kind: str, value: Any) -> Said:
    found = _File.model_validate(value)
    media = Media(found.id, found.mime_type[:100], found.filename[:200], found.sha256[:100], found.voice)
    return Said("voice" if found.voice else kind, found.caption, media=(media,), extra=dict(found.model_extra or {}))


def _place(kind: str, value: Any) -> Said:
    return Said(kind, extra=_Place.model_validate(value).model_dump())


def _reaction(kind: str, value: Any) -> Said:
    """`emoji` is empty where the reaction was taken away."""
    return Said(kind, extra=_Reaction.model_validate(value).model_dump())


def _as_it_is(kind: str, value: Any) -> Said:
    return Said(kind, extra={kind: value})


_KINDS: Mapping[str, Read] = {
    "text": _words,
    "button": _pressed,
    "interactive": _chosen,
    "image": _file,
    "video": _file,
    "document": _file,
    "audio": _file,
    "sticker": _file,
    "location": _place,
    "contacts": _as_it_is,
    "reaction": _reaction,
    "system": _as_it_is,
    "revoke": _as_it_is,
}
