"""The photo of a return: asked for where the channel can take one, and never needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import regex
from sqlalchemy import Connection

from munshi.handlers.attachments import file_of, latest_file
from munshi.handlers.base import Button, Phrases, SlotError, Turn
from munshi.handlers.records import Records

_TAKING = frozenset({"chat", "whatsapp", "twilio"})
_RECENT = timedelta(minutes=30)
_NONE = "-"
_WORD = regex.compile(r"[\p{L}\p{M}'’]+")
_WITHOUT = frozenset("no none not don't dont without skip later nahi nahin nhi baad bina नहीं नही बाद बिना".split())
# What may stand beside one of those where nothing more is said than that there is no photo.
_BESIDE = frozenset(
    """a any have has i it one photo photos pic pics picture pictures image file now please pls this that step go on
    continue sorry thanks thank you do send can can't got there is the for of with just ok okay
    abhi hai he h ho mere paas pas koi ke ka ki mein main me mujhe bhej bhejna bheja sakta sakti sakte karo kar karna do
    dena dunga dungi de ji bhai bhaiya yeh ye aage badho chalo filhal
    फ़ोटो फोटो तस्वीर अभी है मेरे पास कोई के का की में मैं मुझे भेज भेजना सकता सकती करो कर करना दो देना दूँगा दूंगा जी
    यह आगे बढ़ो""".split()
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
        if said == _NONE or _is_without(said):
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


def _is_without(said: str) -> bool:
    """Whether a message says that there is no photo, and nothing else."""
    found = set(_WORD.findall(said.casefold().replace("’", "'")))
    return not found.isdisjoint(_WITHOUT) and found <= _WITHOUT | _BESIDE


def has_photo(turn: Turn) -> bool:
    """Whether the customer has sent one."""
    return turn.slots.get("photo", "") not in ("", _NONE)


def photo_name(db: Connection, business: str, turn: Turn) -> str:
    """The name under which the owner finds it (`munshi inbox files`), empty where there is none."""
    file = file_of(db, business, turn.session_id, turn.slots["photo"]) if has_photo(turn) else None
    return "" if file is None else file.saved_as
