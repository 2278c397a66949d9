"""What Meta takes of a message, and what it complains about."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

_PLACEHOLDER = re.compile(r"\{\{([1-9]\d?)\}\}")
_ILL_SPACED = re.compile(r"[\n\t]| {5}")
_LONGEST_BODY = 1024


def _differ(rows: list[Any]) -> list[Any]:
    if len({row.id for row in rows}) < len(rows) or len({row.title for row in rows}) < len(rows):
        raise ValueError("ids and titles must differ")
    return rows


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Text(_Model):
    body: str = Field(min_length=1, max_length=4096)
    preview_url: bool = False


class _Body(_Model):
    text: str = Field(min_length=1, max_length=1024)


class _Reply(_Model):
    id: str = Field(min_length=1, max_length=256)
    title: str = Field(min_length=1, max_length=20)


class _Button(_Model):
    type: Literal["reply"]
    reply: _Reply

    @property
    def id(self) -> str:
        return self.reply.id

    @property
    def title(self) -> str:
        return self.reply.title


class _Buttons(_Model):
    buttons: Annotated[list[_Button], AfterValidator(_differ)] = Field(min_length=1, max_length=3)


class _Row(_Model):
    id: str = Field(min_length=1, max_length=200)
    title: str = Field(min_length=1, max_length=24)
    description: str = Field("", max_length=72)


class _Section(_Model):
    title: str = Field("", max_length=24)
    rows: Annotated[list[_Row], AfterValidator(_differ)] = Field(min_length=1, max_length=10)


class _List(_Model):
    button: str = Field(min_length=1, max_length=20)
    sections: list[_Section] = Field(min_length=1, max_length=1)


class _ButtonMessage(_Model):
    type: Literal["button"]
    body: _Body
    action: _Buttons


class _ListMessage(_Model):
    type: Literal["list"]
    body: _Body
    action: _List


class _File(_Model):
    id: str
    caption: str = Field("", max_length=1024)


class _Document(_File):
    filename: str = Field("", max_length=240)


class _Place(_Model):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    name: str = ""
    address: str = ""


class _Parameter(_Model):
    type: Literal["text"]
    text: str = Field(min_length=1, max_length=1024)


class _Component(_Model):
    type: Literal["body"]
    parameters: list[_Parameter] = Field(min_length=1)


class _Language(_Model):
    code: str = Field(pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")
    policy: Literal["deterministic"] = "deterministic"


class _Template(_Model):
    name: str = Field(pattern=r"^[a-z0-9_]{1,512}$")
    language: _Language
    components: list[_Component] = Field([], max_length=1)

    @property
    def words(self) -> list[str]:
        return [parameter.text for component in self.components for parameter in component.parameters]


class _Message(_Model):
    messaging_product: Literal["whatsapp"]
    recipient_type: Literal["individual"] = "individual"
    to: str = Field("", pattern=r"^(\+?\d{5,20})?$")
    recipient: str = Field("", pattern=r"^([A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128})?$")
    biz_opaque_callback_data: str = Field("", max_length=512)
    type: Literal["text", "interactive", "image", "document", "location", "template"]
    text: _Text | None = None
    interactive: Annotated[_ButtonMessage | _ListMessage, Field(discriminator="type")] | None = None
    image: _File | None = None
    document: _Document | None = None
    location: _Place | None = None
    template: _Template | None = None


_FILE_TYPES = frozenset(
    """image/jpeg image/png image/webp video/3gp video/mp4 audio/aac audio/amr audio/mp4 audio/mpeg audio/ogg
    application/pdf application/msword application/vnd.ms-excel application/vnd.ms-powerpoint text/plain
    application/vnd.openxmlformats-officedocument.presentationml.presentation
    application/vnd.openxmlformats-officedocument.spreadsheetml.sheet
    application/vnd.openxmlformats-officedocument.wordprocessingml.document""".split()
)
_IMAGE_BYTES, _FILE_BYTES = 5 * 1024 * 1024, 100 * 1024 * 1024


def file_complaint(mime_type: str, size: int) -> str:
    """What is wrong with an uploaded file, in one line; empty where nothing is."""
    if mime_type not in _FILE_TYPES:
        return f"Param file must be a file with one of the following types: {', '.join(sorted(_FILE_TYPES))}"
    most = _IMAGE_BYTES if mime_type.startswith("image/") else _FILE_BYTES
    return "The file is too large" if size > most else ""


def complaint(message: Any, files: Collection[str] | Mapping[str, object]) -> str:
    """What is wrong with a message, in one line; empty where nothing is. `files` are those that were uploaded."""
    try:
        read = _Message.model_validate(message)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if not (read.to or read.recipient):
        return "to: there is no recipient"
    if getattr(read, read.type) is None:
        return f"{read.type}: missing"
    file = read.image or read.document
    return "media: there is no such file" if file is not None and file.id not in files else ""


def template_fault(template: Any, approved: Mapping[tuple[str, str], str]) -> int:
    """Meta's code of what is wrong with a template, 0 where nothing is. `approved` are texts by name and language."""
    read = _Template.model_validate(template)
    text = approved.get((read.name, read.language.code))
    if text is None:
        return 132001
    if len(read.words) != len(set(_PLACEHOLDER.findall(text))):
        return 132000
    if any(_ILL_SPACED.search(word) for word in read.words):
        return 132018
    return 132005 if len(filled(template, text)) > _LONGEST_BODY else 0


def filled(template: Any, text: str) -> str:
    """The text of a template with its words in their places."""
    words = _Template.model_validate(template).words
    return _PLACEHOLDER.sub(lambda found: (words[int(found[1]) - 1 :] or [""])[0], text)
