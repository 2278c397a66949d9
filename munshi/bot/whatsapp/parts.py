"""A reply as messages of the Cloud API, within its limits: texts, buttons or a list, a place, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from munshi.bot.channel import Part
from munshi.bot.files_elsewhere import FilesElsewhere
from munshi.bot.template import Template
from munshi.bot.whatsapp.marks import to_marks
from munshi.bot.wording import WHATSAPP_LABEL, Rendered, ShownButton, plain, render
from munshi.handlers.base import Language, Phrases, Reply
from munshi.handlers.reply_file import PDF, XLSX, ReplyFile
from munshi.knowledge.base import Citation

FILE = "file"
"""Where a part holds the file, a `ReplyFile` as JSON, that is uploaded when it is sent."""

_CAPTION = 1024
_SOURCES = 2
_ID = 200
_FILE_NAME = 200
_MEGABYTE = 1024 * 1024
_IMAGE_TYPES = frozenset({"image/jpeg", "image/png"})
# What the clients of WhatsApp open, as Meta's page on document messages lists it.
_DOCUMENT_TYPES = frozenset(
    {
        PDF,
        XLSX,
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/plain",
    }
)
_MOST_BYTES = {"image": 5 * _MEGABYTE, "document": 16 * _MEGABYTE}  # Meta takes larger documents
_NUMBERED = re.compile(r"\d+:")


def parts(reply: Reply, language: Language, phrases: Phrases, elsewhere: FilesElsewhere) -> Iterator[Part]:
    """The messages of a reply, in the order they are to be read; of files that Meta does not take, `elsewhere` tells.

    `reply.data["location"]`, where it is there, is a place to be shown on a map: {latitude, longitude, name, address}.
    """
    files = [file for file in reply.attachments if _is_taken(file)]
    others = elsewhere((file for file in reply.attachments if not _is_taken(file)), language)
    rendered = render(replace(reply, text=_worded(reply, others)), "whatsapp")
    *first, last = rendered.texts
    for text in first:
        yield _text(text)
    if rendered.buttons:
        yield _interactive(last, rendered, phrases("list_button", language))
    elif len(files) == 1 and len(last) <= _CAPTION:
        yield _file(files.pop(), caption=last)
    elif last:
        yield _text(last)
    yield from (_file(file, caption=plain(file.title)[:_CAPTION]) for file in files)
    if place := reply.data.get("location"):
        yield _place(place)


def template_part(template: Template) -> Part:
    """The approved message that may be sent at any time."""
    told: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if template.words:
        # Meta takes no line breaks, tabs or rows of blanks there.
        words = [{"type": "text", "text": " ".join(word.split())} for word in template.words]
        told["components"] = [{"type": "body", "parameters": words}]
    return {"type": "template", "template": told}


def pressed(id: str) -> str:
    """The value of a button, by the id that it was sent with."""
    return _NUMBERED.sub("", id, count=1) if _NUMBERED.match(id) else id


def _worded(reply: Reply, others: str) -> str:
    """The text with its marks, under it `others` and where the answer stands."""
    sources = "\n".join(dict.fromkeys(map(_source, reply.citations)))
    lines = [line for line in sources.split("\n") if line][:_SOURCES]
    return "\n\n".join(filter(None, (to_marks(plain(reply.text)).strip(), plain(others), "\n".join(lines))))


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


def _is_taken(file: ReplyFile) -> bool:
    return file.mime_type in _IMAGE_TYPES | _DOCUMENT_TYPES and file.size <= _MOST_BYTES[_kind(file)]


def _kind(file: ReplyFile) -> str:
    return "image" if file.mime_type in _IMAGE_TYPES else "document"


def _file(file: ReplyFile, *, caption: str) -> Part:
    kind = _kind(file)
    told: dict[str, Any] = {FILE: asdict(file)}
    if caption:
        told["caption"] = caption
    if kind == "document":
        told["filename"] = plain(file.name).replace("\n", " ")[-_FILE_NAME:]
    return {"type": kind, kind: told}


def _place(place: Mapping[str, Any]) -> Part:
    named = {name: str(place[name])[:1000] for name in ("name", "address") if place.get(name)}
    at = {name: float(place[name]) for name in ("latitude", "longitude")}
    return {"type": "location", "location": {**at, **named}}
