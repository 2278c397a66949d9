"""The contracts of the handlers room: a `Turn` goes in, a `Reply` comes out.

Two kinds of handler, and the difference is a safety wall: an `Answerer` reads and changes nothing; an `Action`
changes something, inside one database transaction, and is never handed a language model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from typing import Any, Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from munshi.handlers.reply_file import ReplyFile
from munshi.knowledge.base import Answer, Citation, Say

Language = Literal["en", "hi", "hinglish"]

SlotKind = Literal[
    "text", "name", "choice", "order_number", "account", "product", "amount", "quantity", "date", "phone",
    "pin_code", "email", "percent", "duration", "file",
]  # fmt: skip


class HandlerError(Exception):
    """Anything that goes wrong in this room; the message names the thing and the remedy."""


class SlotError(HandlerError):
    """A value that a slot does not take.

    `key` names the sentence that tells the customer so (see `Phrases`), `values` fill it in.
    """

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class OutdatedError(HandlerError):
    """What was confirmed no longer holds: nothing was done, and the request is looked at anew as things are now."""


@dataclass(frozen=True, slots=True)
class Entity:
    """Something named in a message. `value` is canonical (see `SlotKind` in the pack guide), `text` as it was written.

    `start` and `end` are character offsets into the message's own text. Two products that fit equally well come as
    two entities over the same span.
    """

    kind: str
    value: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Button:
    """A reply the customer can press; pressing it is the same as writing `value` (or `label` where none is given)."""

    label: str
    value: str = ""


CALL_PERSON = "person:"
"""The value of a button that calls a person, whatever its label says."""


class Choose(Protocol):
    """What may stand in a slot for this customer: their own accounts, payees, orders."""

    def __call__(self, turn: Turn, said: str) -> tuple[Button, ...]:
        """What `said` may mean, as labels and the values to keep: one is taken, of several the customer chooses.

        `said` is the customer's words, an entity's value, or a value given before: whenever the form goes on each is
        looked at again with the others, which are in `turn.slots`. Empty `said` asks for all there are: the labels of
        these are looked for in what the customer writes, the only one is taken unasked, and where there are none to
        choose from (an amount) the customer is asked in words. Raises SlotError where nothing fits, with the reason;
        for an empty `said` that ends the request. May come several times a message, and changes nothing.
        """


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing a handler must know before it runs.

    `prompt` asks for it, by language ("en" is always there). `validate` takes the canonical value of an entity of
    this `kind`, or the customer's bare words, and returns the value to keep; it raises `SlotError` with the reason.
    Where the values depend on the customer, `choose` does so in its place. `cues` are words that mark the value in a
    longer message, before or after it: "from …", "… se".
    """

    name: str
    kind: SlotKind
    prompt: Mapping[str, str]
    validate: Callable[[str], str] = str
    choices: tuple[str, ...] = ()
    secret: bool = False
    optional: bool = False
    choose: Choose | None = None
    cues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlotSpec:
    """A slot as a pack writes it down: data only, which the handlers make a `Slot` of.

    `prompt` asks for the value, by language; where it is empty the bot's own sentence for this `kind` is used.
    `pattern` is a regular expression that the whole value must match, case-insensitively. `minimum` and `maximum`,
    both included, bound an amount (in the business's currency) or a quantity.
    """

    name: str
    kind: SlotKind
    prompt: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    optional: bool = False
    pattern: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Opening time of one weekday (0 is Monday); a day that is not listed is closed."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class BusinessProfile:
    """What a handler may say about the business itself. Money is shown in `currency`, times in `timezone`."""

    name: str
    description: str
    languages: tuple[Language, ...]
    currency: str
    timezone: ZoneInfo
    hours: tuple[OpeningHours, ...]
    holidays: tuple[tuple[str, str], ...]  # (ISO date, what for)
    address: str
    phone: str
    email: str
    maps_url: str
    gstin: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier turn of the same chat."""

    text: str
    reply: str
    intent: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """All that a handler may know of this turn.

    `text` is the message in its normal form, `slots` the filled and validated values by slot name, `now` an aware
    time in the business's zone, `intent` the name under which the handler was reached.
    """

    text: str
    language: Language
    entities: tuple[Entity, ...]
    slots: Mapping[str, str]
    session_id: str
    customer_id: str | None
    channel: str
    history: tuple[Exchange, ...]
    business: BusinessProfile
    now: datetime
    intent: str | None = None
    query: str = ""
    """The text as the papers are searched with: follow-ups resolved, the shop's own words expanded."""
    request: str = ""
    """Names the request that was confirmed: a repetition of it comes under the same name."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """The data of the summary that was confirmed: what is done must be just that."""
    say: Say | None = None
    """Told of the beginning of the reply's text as it is written, where whoever asked wants to hear it."""

    @property
    def earlier(self) -> tuple[tuple[str, str], ...]:
        """What was said in this chat before, as (customer's words, reply) pairs."""
        return tuple((exchange.text, exchange.reply) for exchange in self.history)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the customer gets. `handover`, where set, is the reason a person is called.

    `data` is for machines (the `--json` output, the desk); `answered` is False where the handler had nothing to say,
    so that the assistant may say so and offer a person.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    citations: tuple[Citation, ...] = ()
    attachments: tuple[ReplyFile, ...] = ()
    handover: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    answered: bool = True


class Phrases(Protocol):
    """The bot's own sentences, a language each, which a pack may override."""

    def __call__(self, key: str, language: str, **values: object) -> str:
        """The sentence `key` in `language` (English where it lacks one), filled in; KeyError on an unknown key."""

    def all(self, key: str) -> Mapping[str, str]:
        """The sentence in every language, unfilled: a slot's `prompt`."""


class Knowledge(Protocol):
    """The papers, as a handler may use them."""

    def ask(
        self,
        question: str,
        *,
        language: str = "en",
        filters: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Answer:
        """A cited answer, or an abstained one where the confidence is below the threshold; it is told either way."""

    def word(
        self,
        question: str,
        found: Answer,
        *,
        language: str = "en",
        history: Sequence[tuple[str, str]] = (),
        least: float | None = None,
        say: Say | None = None,
    ) -> Answer:
        """`found`, which `ask` gave, in a language model's words where there is one and they are better.

        Below the threshold of `ask` it may find one from a confidence of `least` on. `say` hears what stands of them as
        they come, so nothing may be put before it in the reply afterwards.
        """


class Answerer(Protocol):
    """Reads, and changes nothing."""

    slots: tuple[Slot, ...]

    def answer(self, turn: Turn) -> Reply:
        """The reply to a turn whose slots are filled."""


@runtime_checkable
class Action(Protocol):
    """Changes something, once the customer has confirmed what `summary` said."""

    slots: tuple[Slot, ...]

    def summary(self, turn: Turn) -> Reply:
        """What will be done, to be confirmed. At the yes it is made again: where it has changed, that is shown first.

        So it tells all that matters, such as a price, and nothing that changes by itself, such as the time of day.
        """

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Do it inside the caller's transaction."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A one-time code that an action asks for: `purpose` counts the sends, `binding` is what the code is good for."""

    purpose: str
    binding: Mapping[str, str]


@runtime_checkable
class Challenging(Action, Protocol):
    """An action that may want a one-time code between the customer's yes and the effect."""

    def challenge(self, turn: Turn) -> Challenge | None:
        """The code that this confirmed turn needs; None where it needs none."""


@runtime_checkable
class Stopping(Action, Protocol):
    """An action that stops something: where it `stops`, "band karo" says yes to it and does not call it off."""

    stops: bool


@runtime_checkable
class Prefacing(Protocol):
    """A handler with something to say before the customer is asked who they are, or anything else."""

    def preface(self, turn: Turn) -> Reply:
        """What comes first, if only an empty text; one that calls a person is all that is said."""


Handler = Answerer | Action
