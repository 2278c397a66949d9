"""A form: an unfinished request, and what a message can make of it. Plain values, kept with the chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex

from munshi.handlers.base import Button, Slot, SlotError


@dataclass(frozen=True, slots=True)
class Form:
    """An unfinished request. `text` and `query` are those of the message that opened it, `id` tells it from others.

    `asking` names the slot asked for last; None while the whole is read back to be confirmed. `options` are the values
    that were offered for it.
    """

    intent: str
    text: str
    query: str
    expires_at: datetime
    values: Mapping[str, str] = field(default_factory=dict)
    asking: str | None = None
    tries: int = 0
    id: str = field(default_factory=lambda: token_hex(8))
    options: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is there (and confirmed, where that is needed): run the handler."""

    form: Form


@dataclass(frozen=True, slots=True)
class Ask:
    """A slot is missing; `problem` says why what was just given will not do."""

    form: Form
    slot: Slot
    problem: SlotError | None = None
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Confirm:
    """Everything is there: read it back and ask."""

    form: Form
    declined: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The customer does not want it any more."""

    form: Form


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The same question was answered wrongly too often: a person is needed."""

    form: Form


@dataclass(frozen=True, slots=True)
class Stuck:
    """There is nothing that could stand in a slot, and why: the request cannot be gone on with."""

    form: Form
    problem: SlotError


@dataclass(frozen=True, slots=True)
class Digression:
    """The message is about something else; the form waits. `about_it`: a question about the form's own matter."""

    form: Form
    about_it: bool = False


Outcome = Ready | Ask | Confirm | Cancelled | GaveUp | Stuck | Digression
