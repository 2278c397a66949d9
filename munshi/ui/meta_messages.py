"""What the stand-in for Meta holds: files, and messages that it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from munshi.handlers.reply_file import kilobytes


@dataclass(frozen=True, slots=True)
class File:
    """A file that Meta holds."""

    content: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was taken."""

    id: str
    to: str
    message: Mapping[str, Any]
    file: File | None = None
    template: str = ""
    """The text of a template, its words in their places."""

    @property
    def ref(self) -> str:
        """What the business wants to have back with each status."""
        return str(self.message.get("biz_opaque_callback_data", ""))

    @property
    def text(self) -> str:
        """What the customer reads of it."""
        kind = self.message["type"]
        part = self.message[kind]
        if kind == "text":
            return str(part["body"])
        if kind == "template":
            return self.template
        return str(part["body"]["text"] if kind == "interactive" else part.get("caption", ""))

    @property
    def shown_file(self) -> str:
        """Kind, name and size of the file; empty where there is none."""
        if self.file is None:
            return ""
        kind = self.message["type"]
        name = self.message[kind].get("filename", "")
        return f"[{kind}: {', '.join(filter(None, (name, kilobytes(len(self.file.content)))))}]"

    @property
    def choices(self) -> dict[str, str]:
        """What the customer may press: titles by id."""
        action = self.message.get("interactive", {}).get("action", {})
        rows = [row for section in action.get("sections", ()) for row in section["rows"]]
        return {row["id"]: row["title"] for row in [*(button["reply"] for button in action.get("buttons", ())), *rows]}
