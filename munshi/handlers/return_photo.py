"""The photo of a return: asked for where the channel can take one, and never needed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from munshi.handlers.attachments import file_of, latest_file
from munshi.handlers.base import Button, Phrases, SlotError, Turn
from munshi.handlers.records import Records

_TAKING = frozenset({"chat", "whatsapp", "twilio"})
_RECENT = timedelta(minutes=30)
_NONE = "-"
_WITHOUT = re.compile(
    r"(?i)(?<!\w)(?:no|not|don'?t|without|skip|later|nahi|nahin|nhi|baad|bina|नहीं|नही|बाद|बिना)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class ReturnPhoto:
    """`Choose` for a photo: the one that was just sent is offered, and to go on without."""

    records: Records
    phrases: Phrases

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        """The file that `said` names by its id, or none of them. Raises SlotError."""
        if not said:
            return self._offered(turn)
        if said == _NONE or _WITHOUT.search(said):
            return (Button(self.phrases("return_no_photo", turn.language), _NONE),)
        with self.records.reading() as db:
            if file_of(db, self.records.business, turn.session_id, said) is None:
                raise SlotError("slot_invalid_file")
        return (Button(self.phrases("return_this_photo", turn.language), said),)

    def _offered(self, turn: Turn) -> tuple[Button, ...]:
        if turn.channel not in _TAKING:
            raise SlotError("slot_invalid_file")  # there is nothing to ask for
        with self.records.reading() as db:
            sent = latest_file(db, self.records.business, turn.session_id, within=_RECENT)
        without = Button(self.phrases("return_no_photo", turn.language), _NONE)
        return (without,) if sent is None else (Button(self.phrases("return_this_photo", turn.language), sent), without)


def has_photo(turn: Turn) -> bool:
    """Whether the customer has sent one."""
    return turn.slots.get("photo", "") not in ("", _NONE)


def photo_name(db: Connection, business: str, turn: Turn) -> str:
    """The name under which the owner finds it (`munshi inbox files`), empty where there is none."""
    file = file_of(db, business, turn.session_id, turn.slots["photo"]) if has_photo(turn) else None
    return "" if file is None else file.saved_as
