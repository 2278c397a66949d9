"""What the dialogue remembers of a chat from one message to the next, and how it is kept as JSON."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from munshi.bot.form import Form
from munshi.handlers.base import Entity, Exchange, Language, Reply

T = TypeVar("T")

HISTORY = 6


@dataclass(frozen=True, slots=True)
class Question:
    """What the customer last asked, in full and in canonical form, and the intent it was answered under."""

    text: str = ""
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Identifying:
    """A customer who is being identified, and the request that waits for it.

    `customer_id` is whom the code was sent for, a stand-in where that is nobody, empty while the number is asked for;
    `tries` counts useless answers, `sends` the numbers that were given.
    """

    request: Form
    expires_at: datetime
    customer_id: str = ""
    tries: int = 0
    sends: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """What the last reply read back to be confirmed: the form, what of it was told, in which language, and when.

    `stamp` is a digest of the values and of the words.
    """

    form: str
    stamp: str
    language: Language
    at: datetime | None = None

    @property
    def name(self) -> str:
        """What tells it from everything else that was ever shown."""
        return f"{self.form}.{self.stamp}"


@dataclass(frozen=True, slots=True)
class Proving:
    """A confirmed request that waits for a one-time code, sent to `customer_id`; the action chose the other two.

    `tries` counts useless answers; `lapsed` is a code of which the customer was told that it had run out.
    """

    form: Form
    customer_id: str
    purpose: str
    binding: Mapping[str, str]
    tries: int = 0
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class SessionState:
    """One chat between two messages.

    `parked` holds forms left for another question, latest last. `options` says what the labels of the last reply's
    buttons stand for, `yes_means` what a bare yes stands for; `clarifying` is the message that a clarifying question
    was about. `topics` are the products and orders the customer last spoke of, `question` is what a follow-up leans on.
    `shown` is what the last reply read back, and `proving` what waits for a code. `result` is what came of the action
    that was just carried out, for the form `done`, with a code where it was `proved`: a yes, or the code, that comes
    twice gets it again.
    `identifying` is who is about to be identified, `customer` the customer who was last, by whom all of this was said.
    """

    language: Language | None = None
    form: Form | None = None
    parked: tuple[Form, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    clarifying: str = ""
    yes_means: str = ""
    topics: tuple[Entity, ...] = ()
    shown: Shown | None = None
    proving: Proving | None = None
    result: Reply | None = None
    done: str = ""
    proved: bool = False
    exchanges: tuple[Exchange, ...] = ()
    question: Question = Question()
    identifying: Identifying | None = None
    customer: str = ""


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def to_json(value: Any) -> dict[str, Any]:
    """A dataclass of ours as plain JSON values."""
    dumped: dict[str, Any] = _adapter(cast(Hashable, type(value))).dump_python(value, mode="json")
    return dumped


def from_json(kind: type[T], data: Mapping[str, Any]) -> T:
    """The dataclass again. Raises pydantic.ValidationError where `data` is of another form."""
    value: T = _adapter(cast(Hashable, kind)).validate_python(data)
    return value
