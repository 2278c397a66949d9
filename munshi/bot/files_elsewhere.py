"""What a customer is told of a reply's files where their channel cannot carry them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from munshi.handlers.base import Language, Phrases
from munshi.handlers.reply_file import ReplyFile


@dataclass(frozen=True, slots=True)
class FilesElsewhere:
    """`email` is the business's, empty where it has none."""

    phrases: Phrases
    email: str = ""

    def __call__(self, files: Iterable[ReplyFile], language: Language) -> str:
        """One line on where these can be had; empty where there are none."""
        titles = ", ".join(file.title for file in files)
        if not titles:
            return ""
        return self.phrases(
            "files_by_email" if self.email else "files_elsewhere", language, files=titles, email=self.email
        )
