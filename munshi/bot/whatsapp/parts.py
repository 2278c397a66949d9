"""A reply as messages of the Cloud API, within its limits: texts, buttons or a list, a place, files."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from munshi.bot.channel import Part
from munshi.bot.whatsapp.marks import to_marks
from munshi.bot.wording import WHATSAPP_LABEL, Rendered, ShownButton, plain, render
from munshi.handlers.base import Language, Phrases, Reply
from munshi.knowledge.base import Citation

FILE = "file"
"""Where a part holds the path of a file that is uploaded when it is sent."""

_CAPTION = 1024
_SOURCES = 2
_ID = 200
_IMAGES = frozenset({"image/jpeg", "image/png"})
_NUMBERED = re.compile(r"\d+:")


def parts(reply: Reply, language: Language, phrases: Phrases) -> Iterator[Part]:
    """The messages of a reply, in the order they are to be read.

    `reply.attachments` are paths of files; `reply.data["location"]`, where it is there, is a place to be shown on a
    map: {latitude, longitude, name, address}.
    """
    rendered = render(replace(reply, text=_worded(reply)), "whatsapp")
    *first, last = rendered.texts
    files = list(reply.attachments)
    for text in first:
        yield _text(text)
    if rendered.buttons:
        yield _interactive(last, rendered, phrases("list_button", language))
    elif len(files) == 1 and len(last) <= _CAPTION:
        yield _file(files.pop(), caption=last)
    elif last:
        yield _text(last)
    yield from map(_file, files)
    if place := reply.data.get("location"):
        yield _place(place)


def pressed(id: str) -> str:
    """The value of a button, by the id that it was sent with."""
    return _NUMBERED.sub("", id, count=1) if _NUMBERED.match(id) else id


def _worded(reply: Reply) -> str:
    """The text with its marks, and under it where the answer stands."""
    sources = "\n".join(dict.fromkeys(map(_source, reply.citations)))
    lines = [line for line in sources.split("\n") if line][:_SOURCES]
    return "\n\n".join(filter(None, (to_marks(plain(reply.text)).strip(), "\n".join(lines))))


def _source(citation: Citation) -> str:
    page = f", {citation.page}" if citation.page else ""
    title = plain(citation.title or citation.source).replace("_", " ").strip()
    return f"_{title}{page}_" if title else ""


def _text(text: str) -> Part:
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _interactive(text: str, rendered: Rendered, open_list: str) -> Part:
    body = {"text": text or "…"}
    if rendered.layout == "list":
        rows = [_row(number, button) for number, button in enumerate(rendered.buttons)]
        action: Mapping[str, Any] = {"button": open_list[:WHATSAPP_LABEL], "sections": [{"rows": rows}]}
        return {"type": "interactive", "interactive": {"type": "list", "body": body, "action": action}}
    buttons = [{"type": "reply", "reply": reply} for reply in _titled(rendered.buttons)]
    return {
        "type": "interactive",
        "interactive": {"type": "button", "body": body, "action": {"buttons": buttons}},
    }


def _titled(buttons: Iterable[ShownButton]) -> Iterator[Mapping[str, str]]:
    return ({"id": _id(number, button), "title": button.label} for number, button in enumerate(buttons))


def _row(number: int, button: ShownButton) -> Mapping[str, str]:
    row = {"id": _id(number, button), "title": button.label}
    return {**row, "description": button.description} if button.description else row


def _id(number: int, button: ShownButton) -> str:
    """Meta wants ids that differ; two buttons may have one value."""
    return f"{number}:{button.value}"[:_ID]


def _file(path: str, *, caption: str = "") -> Part:
    kind = "image" if mimetypes.guess_type(path)[0] in _IMAGES else "document"
    told: dict[str, Any] = {FILE: path}
    if caption:
        told["caption"] = caption
    if kind == "document":
        told["filename"] = Path(path).name
    return {"type": kind, kind: told}


def _place(place: Mapping[str, Any]) -> Part:
    named = {name: str(place[name])[:1000] for name in ("name", "address") if place.get(name)}
    at = {name: float(place[name]) for name in ("latitude", "longitude")}
    return {"type": "location", "location": {**at, **named}}
