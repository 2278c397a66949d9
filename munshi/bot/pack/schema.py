"""The YAML files of a pack as pydantic models: each key, what it may hold, and what hangs on what.

What hangs on another field is checked on the field that comes later, never on the whole model: pydantic leaves out
whole-model checks once one field is wrong, and an owner should hear of every fault at once.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator

from munshi.bot.pack.faults import did_you_mean, quote
from munshi.bot.pack.retrieval import Retrieval
from munshi.bot.pack.values import (
    BadValueError,
    ByLanguage,
    ContentSid,
    Currency,
    Date,
    Email,
    Gstin,
    Hours,
    Model,
    OneOrMore,
    Phone,
    Regex,
    TemplateLanguage,
    TemplateName,
    Text,
    Timezone,
    Url,
)
from munshi.handlers.base import Language, SlotKind
from munshi.handlers.registry import PERSONAL
from munshi.intents import registry
from munshi.knowledge.base import Kind

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MAX_EXAMPLE_CHARS = 500
DEFAULT_CLASSIFIER = "cascade"

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,59}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Example = Annotated[Text, StringConstraints(max_length=MAX_EXAMPLE_CHARS)]
RouteName = Literal["run", "confirm", "clarify", "fallback", "handover"]


class Part(BaseModel):
    """What all parts of a pack have in common: no unknown keys, numbers may stand for text."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Week(Part):
    """Opening hours by weekday; a day left out is closed."""

    monday: Hours = ()
    tuesday: Hours = ()
    wednesday: Hours = ()
    thursday: Hours = ()
    friday: Hours = ()
    saturday: Hours = ()
    sunday: Hours = ()


class Contact(Part):
    """How a customer reaches a person."""

    phone: Phone
    address: Text
    email: Email | None = None
    maps_url: Url | None = None
    gstin: Gstin | None = None


class Formats(Part):
    """What this business's codes look like."""

    order_number: Regex | None = None
    account: Regex | None = None


class Thresholds(Part):
    """Overrides of the scores at which the bot changes its mind; see the README's table.

    `false_accept` is no score but the share of other messages that may pass for a high-risk intent.
    """

    clarify: Share | None = None
    in_scope: Share | None = None
    answer: Share | None = None
    false_accept: Annotated[float, Field(ge=0.0001, le=0.5)] | None = None


class MessageTemplate(Part):
    """The approved message that asks a customer to write again; `shop_name` where it has a placeholder for that."""

    name: TemplateName
    language: TemplateLanguage
    shop_name: bool = False
    twilio: ContentSid | None = None


class OnWhatsApp(Part):
    """What WhatsApp has to know of a business."""

    template: MessageTemplate | None = None


class BusinessFile(Part):
    """business.yaml."""

    name: Text
    description: Text
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = ("en",)
    currency: Currency
    timezone: Timezone
    hours: Week
    holidays: dict[Date, Text] = {}
    contact: Contact
    tone: str = ""
    formats: Formats = Formats()
    thresholds: Thresholds = Thresholds()
    retrieval: Retrieval = Retrieval()
    llm: Model = "none"
    classifier: Text = DEFAULT_CLASSIFIER
    codes: Literal["demo"] | None = None
    whatsapp: OnWhatsApp = OnWhatsApp()

    @field_validator("classifier")
    @classmethod
    def _classifier_is_there(cls, value: str) -> str:
        if value in registry.names():
            return value
        raise BadValueError(f"There is no classifier {quote(value)}.", did_you_mean(value, registry.names()))

    @field_validator("holidays", "formats", "thresholds", "retrieval", "tone", "classifier", "whatsapp", mode="before")
    @classmethod
    def _nothing_is_the_default(cls, value: Any, info: ValidationInfo) -> Any:
        """`holidays:` with nothing behind it is how an owner leaves it out."""
        return cls.model_fields[str(info.field_name)].get_default() if value is None else value


class SlotEntry(Part):
    """One slot of an intent in intents.yaml."""

    name: Name
    kind: SlotKind
    prompt: ByLanguage = {}
    choices: tuple[Text, ...] = Field((), validate_default=True)
    optional: bool = False
    pattern: Regex | None = None
    min: Decimal | None = None
    max: Decimal | None = None

    @field_validator("prompt")
    @classmethod
    def _english_is_there(cls, value: dict[Language, str]) -> dict[Language, str]:
        if value and "en" not in value:
            raise BadValueError(
                "The prompt has no English sentence.", "Add `en:`: it stands in where another is missing."
            )
        return value

    @field_validator("choices")
    @classmethod
    def _choices_go_with_their_kind(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        kind = info.data.get("kind")
        if kind == "choice" and len(value) < 2:
            raise BadValueError("A choice needs something to choose from.", "List two or more under `choices:`.")
        if kind not in (None, "choice") and value:
            raise BadValueError(f"A slot of kind {kind} takes no choices.", "Set `kind: choice`, or remove `choices:`.")
        if len({choice.casefold() for choice in value}) < len(value):
            raise BadValueError("A choice stands here twice.", "List each once.")
        return value

    @field_validator("min", "max")
    @classmethod
    def _bounds_go_with_numbers(cls, value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        kind, least = info.data.get("kind"), info.data.get("min")
        if value is not None and kind not in (None, "amount", "quantity"):
            raise BadValueError(
                f"A slot of kind {kind} has no {info.field_name}.", "Only amount and quantity have bounds."
            )
        if value is not None and least is not None and value < least:
            raise BadValueError(
                f"The largest value allowed, {value}, is below the smallest, {least}.", "Swap min and max."
            )
        return value


class IntentEntry(Part):
    """One intent of intents.yaml."""

    name: Name
    title: ByLanguage = {}
    description: Text
    handler: Text
    risk: Literal["low", "high"] = "low"
    identify: bool = Field(False, validate_default=True)
    examples: Annotated[tuple[Example, ...], Field(min_length=1)]
    slots: tuple[SlotEntry, ...] = Field((), validate_default=True)
    options: dict[str, Any] = {}

    @field_validator("identify")
    @classmethod
    def _who_is_known_before_what_is_personal(cls, value: bool, info: ValidationInfo) -> bool:
        handler = info.data.get("handler")
        if handler in PERSONAL and not value:
            raise BadValueError(f"The handler {handler} tells what is a customer's own.", "Add `identify: true`.")
        return value

    @field_validator("slots")
    @classmethod
    def _slots_are_there_and_differ(cls, value: tuple[SlotEntry, ...], info: ValidationInfo) -> tuple[SlotEntry, ...]:
        if not value and info.data.get("handler") == "collect":
            raise BadValueError("The handler collect has nothing to collect.", "List what to ask for under `slots:`.")
        if len({slot.name for slot in value}) < len(value):
            raise BadValueError("Two slots have the same name.", "Give each its own.")
        return value


class Expectation(Part):
    """What must be true of the reply to one turn; what is left out is not looked at."""

    intent: OneOrMore[Text] = ()
    handler: OneOrMore[Text] = ()
    route: OneOrMore[RouteName] = ()
    source: OneOrMore[Text] = ()
    contains: OneOrMore[Text] = ()
    any_of: OneOrMore[Text] = ()
    not_contains: OneOrMore[Text] = ()
    handover: bool | None = None
    abstained: bool | None = None
    language: Language | None = None


class Step(Part):
    """One message of a conversation and what must come back."""

    say: Text
    expect: Expectation = Expectation()


class Conversation(Part):
    """One entry of conversations.yaml."""

    name: Text
    tags: OneOrMore[Text] = ()
    turns: Annotated[tuple[Step, ...], Field(min_length=1)]


class FrontMatter(Part):
    """The lines between --- and --- at the head of a Markdown paper."""

    title: Text | None = None
    kind: Kind | None = None
    language: Language | None = None
    priority: int | None = None
    dated: Annotated[date | None, Field(alias="date")] = None
    valid_from: date | None = None
    valid_until: date | None = None

    @field_validator("valid_until")
    @classmethod
    def _until_is_later(cls, value: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("valid_from")
        if value is not None and start is not None and value < start:
            raise BadValueError(
                f"The paper is valid until {value}, before it begins on {start}.", "Swap the two dates."
            )
        return value
