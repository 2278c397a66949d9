"""Opening an account: what to bring, and a visit to a branch that is booked for it. The account a person opens."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz import fuzz
from sqlalchemy import Connection

from munshi.handlers.base import Button, Language, Reply, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.options import read
from munshi.handlers.order_status import person_button
from munshi.handlers.places import at_pin, named_in, near_pin
from munshi.handlers.records import Records
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Branch
from munshi.handlers.slots import build, own_or
from munshi.handlers.tickets import open_ticket
from munshi.handlers.visits import Times, book, free
from munshi.handlers.when import clock, day
from munshi.knowledge.text import words

_SHOWN = 6
_CLOSE = 85
_LOOSE = 5
_PIN_DIGITS = 6

ByLanguage = dict[Language, str]


class AccountKind(BaseModel):
    """A kind of account: what customers call it, and the papers that it takes, each by language with an `en`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Annotated[str, Field(min_length=1)]
    label: ByLanguage
    aliases: tuple[str, ...] = ()
    papers: ByLanguage


class AccountOpening(BaseModel):
    """The options of an `open_account` intent: kinds of account, and how visits are parted.

    A visit takes so many `minutes`, `capacity` of them can be at the same time, up to `days` ahead.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    accounts: Annotated[tuple[AccountKind, ...], Field(min_length=1)]
    minutes: Annotated[int, Field(strict=True, ge=5, le=480)] = 60
    capacity: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 2
    days: Annotated[int, Field(strict=True, ge=1, le=90)] = 14


class OpenAccount:
    """An `Action`: it books the visit and leaves a ticket, whose reference the customer is told."""

    options_model = AccountOpening

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._services = services
        self._phrases = services.phrases
        self._options = read(config, AccountOpening)
        self._times = Times(self._options.minutes, self._options.capacity, self._options.days)
        ask = services.phrases.all
        self.slots = (
            Slot("account", "text", ask("ask_account_kind"), choose=self._kind),
            build(own_or(config.slots, SlotSpec("name", "name", prompt=ask("ask_account_name"))), services.phrases),
            build(own_or(config.slots, SlotSpec("phone", "phone")), services.phrases),
            Slot("branch", "pin_code", ask("ask_account_branch"), choose=self._branch),
            Slot("visit", "date", ask("ask_account_visit"), choose=self._visit),
        )

    def summary(self, turn: Turn) -> Reply:
        """The visit, and what to bring to it."""
        return Reply("\n".join((self._line("account_summary", turn, self._services.records), self._papers(turn))))

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Book the visit and leave the ticket; where the time has just been taken nothing is done."""
        records, starts_at = self._services.records.within(db), datetime.fromisoformat(turn.slots["visit"])
        business = records.business
        if not book(db, business, turn.slots["branch"], starts_at, self._times.capacity):
            again = Button(self._phrases("account_again_button", turn.language), f"intent:{turn.intent}")
            buttons = (again, person_button(self._phrases, turn.language))
            return Reply(self._phrases("account_visit_taken", turn.language), buttons, data={"booked": False})
        ticket = open_ticket(
            db,
            business=business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason=turn.intent or "An account",
            summary=self._line("account_summary", turn, records),
            form=turn.slots,
        )
        done = self._line("account_done", turn, records, reference=ticket.reference)
        told = {"booked": True, "ticket": ticket.reference, "visit": starts_at.isoformat()}
        return Reply(f"{done}\n{self._papers(turn)}", data=told)

    # -- what may stand in the slots -------------------------------------------------------------------------------

    def _kind(self, turn: Turn, said: str) -> tuple[Button, ...]:
        kinds = self._options.accounts
        exact = [kind for kind in kinds if kind.value == said]
        named = exact or [kind for kind in kinds if _names(kind, said or turn.text)]
        if said and not named:
            labels = ", ".join(_in(kind.label, turn.language) for kind in kinds)
            raise SlotError("slot_invalid_choice", choices=labels)
        return tuple(Button(_in(kind.label, turn.language), kind.value) for kind in named or kinds)

    def _branch(self, turn: Turn, said: str) -> tuple[Button, ...]:
        branches = [branch for branch in self._services.records.branches() if branch.kind == "branch"]
        if not branches:
            raise SlotError("account_no_branch")
        found = [branch for branch in branches if branch.code == said] or self._placed(branches, said or turn.text)
        if said and not found:
            raise SlotError("account_branch_unknown", names=", ".join(branch.name for branch in branches))
        return tuple(Button(branch.name, branch.code) for branch in found)

    def _placed(self, branches: list[Branch], said: str) -> list[Branch]:
        pins = [word for word in words(said) if word.isdecimal() and len(word) == _PIN_DIGITS]
        if pins:
            return list(at_pin(branches, pins[-1]) or near_pin(branches, pins[-1])[0])
        return list(named_in(branches, said))

    def _visit(self, turn: Turn, said: str) -> tuple[Button, ...]:
        branch = _branch_of(turn, self._services.records)
        if branch is None:
            return ()
        with self._services.records.reading() as db:
            times = free(db, self._services.records.business, turn.business, branch, self._times, turn.now)
        if not times:
            raise SlotError("account_no_visit")
        meant = _meant(times, said) if said else times
        if not meant:
            raise SlotError("account_visit_closed", next=self._told(times[0], turn), days=self._times.days)
        return tuple(Button(self._told(each, turn), each.isoformat()) for each in meant[:_SHOWN])

    # -- words -----------------------------------------------------------------------------------------------------

    def _told(self, at: datetime, turn: Turn) -> str:
        """Mon 23 Nov, 10 am: short enough for a button."""
        name = self._phrases(f"weekday_{at.weekday()}", turn.language)
        short = name[:3] if name.isascii() else name
        return f"{short} {day(at.date()).rsplit(' ', 1)[0]}, {clock(at.time())}"

    def _line(self, key: str, turn: Turn, records: Records, **values: object) -> str:
        kind, branch = self._chosen(turn), _branch_of(turn, records)
        at = datetime.fromisoformat(turn.slots["visit"])
        return self._phrases(
            key,
            turn.language,
            account=_in(kind.label, turn.language) if kind else turn.slots["account"],
            name=turn.slots["name"],
            phone=turn.slots["phone"],
            branch=branch.name if branch else turn.slots["branch"],
            address=f"{branch.address} {branch.pin_code}" if branch else "",
            visit=self._told(at, turn),
            **values,
        )

    def _papers(self, turn: Turn) -> str:
        kind = self._chosen(turn)
        return self._phrases("account_papers", turn.language, papers=_in(kind.papers, turn.language)) if kind else ""

    def _chosen(self, turn: Turn) -> AccountKind | None:
        return next((kind for kind in self._options.accounts if kind.value == turn.slots["account"]), None)


def _branch_of(turn: Turn, records: Records) -> Branch | None:
    code = turn.slots.get("branch", "")
    return next((branch for branch in records.branches() if branch.code == code), None)


def _in(texts: ByLanguage, language: Language) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _names(kind: AccountKind, said: str) -> bool:
    spoken = words(said)
    text = f" {' '.join(spoken)} "
    for name in (kind.value, *kind.label.values(), *kind.aliases):
        levelled = " ".join(words(name))
        if levelled and f" {levelled} " in text:
            return True
        if len(levelled) >= _LOOSE and any(fuzz.ratio(levelled, word) >= _CLOSE for word in spoken):
            return True
    return False


def _meant(times: list[datetime], said: str) -> list[datetime]:
    """The times that are said: exactly one, or all of a day."""
    try:
        exact = datetime.fromisoformat(said)
    except ValueError:
        raise SlotError("slot_invalid_date") from None
    if "T" in said:
        return [each for each in times if each == exact]
    on: date = exact.date()
    return [each for each in times if each.date() == on]
