"""What a loan costs a month: the instalment, the interest and the repayment table, worked out and never looked up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from munshi.handlers.base import Button, Phrases, Reply, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.instalments import MAX_MONTHS
from munshi.handlers.loan_offers import as_options, check_amount, check_months, check_rate, find, named_in, rates
from munshi.handlers.loan_wording import Quote, in_words, term
from munshi.handlers.money import money
from munshi.handlers.options import by_language
from munshi.handlers.order_status import person_button
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.repayment_sheet import repayment_sheet
from munshi.handlers.rows import Loan
from munshi.handlers.slots import build

ANY = "any"
"""Stands for the loan where the customer names a rate and no loan."""
RANGE = "range"
"""Stands for the rate where the customer names none: the loan's lowest and highest."""


class LoanEmi:
    """The slots are rate, loan, amount and term; a rate that is not named is the loan's range.

    The option `note` (a text, or one a language) says how binding it is.
    """

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._services = services
        self._phrases = services.phrases
        self._notes = by_language(config, "note")
        self._kinds = {
            kind: build(SlotSpec(kind, kind), services.phrases) for kind in ("amount", "duration", "percent")
        }
        ask = services.phrases.all
        self.slots = (
            Slot("rate", "percent", ask("ask_percent"), choose=self._rate),
            Slot("loan", "text", ask("ask_loan"), choose=self._loan),
            Slot("amount", "amount", ask("ask_loan_amount"), choose=self._amount),
            Slot("term", "duration", ask("ask_duration"), choose=self._term),
        )

    def answer(self, turn: Turn) -> Reply:
        """The figures, with every instalment in a file."""
        loan = find(self._services.records.loans(), turn.slots["loan"])
        rate = turn.slots["rate"]
        own = () if rate == RANGE else (Decimal(rate),)
        quote = Quote(
            loan,
            _paise(turn.slots["amount"]),
            months_of(turn.slots["term"]),
            own or (rates(loan) if loan is not None else (Decimal(0),)),
        )
        text = "\n".join((*in_words(quote, self._phrases, turn), note_of(self._notes, self._phrases, turn)))
        table = repayment_sheet(quote.schedule, self._phrases, turn.language)
        return Reply(text, (person_button(self._phrases, turn.language),), attachments=(table,), data=quote.told())

    def _rate(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if not said or said == RANGE:
            return (Button(self._phrases("loan_rate_range", turn.language), RANGE),)
        rate = self._kinds["percent"].validate(said)
        check_rate(find(self._services.records.loans(), turn.slots.get("loan", "")), Decimal(rate))
        return (Button(f"{rate}%", rate),)

    def _loan(self, turn: Turn, said: str) -> tuple[Button, ...]:
        loans = self._services.records.loans()
        if said == ANY:
            return (Button(self._phrases("loan_any", turn.language), ANY),)
        chosen = find(loans, said)
        named = (chosen,) if chosen else named_in(loans, said or turn.text)
        if named:
            return as_options(named, turn.language)
        if said:
            raise SlotError("slot_invalid_choice", choices=", ".join(loan.name for loan in loans))
        if turn.slots.get("rate", RANGE) != RANGE:
            return (Button(self._phrases("loan_any", turn.language), ANY),)
        return as_options(loans, turn.language)

    def _amount(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if not said:
            return ()
        rupees = self._kinds["amount"].validate(said)
        check_amount(self._meant(turn), _paise(rupees), turn.business.currency)
        return (Button(money(_paise(rupees), turn.business.currency), rupees),)

    def _term(self, turn: Turn, said: str) -> tuple[Button, ...]:
        return term_options(self._kinds["duration"], self._meant(turn), turn, said, self._services)

    def _meant(self, turn: Turn) -> tuple[Loan, ...]:
        """The loan that is chosen, else all."""
        loans = self._services.records.loans()
        chosen = find(loans, turn.slots.get("loan", ""))
        return (chosen,) if chosen else loans


def term_options(slot: Slot, loans: tuple[Loan, ...], turn: Turn, said: str, services: Services) -> tuple[Button, ...]:
    """The term that is said; a bare number is years or months, and where both are possible that is asked.

    Raises SlotError where it is no term, or longer than that of any of the loans.
    """
    if not said:
        return ()
    longest, count = max((loan.max_months for loan in loans), default=MAX_MONTHS), months_of(slot.validate(said))
    meant = (count * 12, count) if said.strip().isdecimal() else (count,)
    fitting = [months for months in meant if months <= longest]
    if not fitting:
        check_months(count, longest)
    return tuple(Button(term(months, services.phrases, turn.language), f"P{months}M") for months in fitting)


def note_of(notes: Mapping[str, str], phrases: Phrases, turn: Turn) -> str:
    """How binding a figure is: in the pack's words, else the bot's."""
    return notes.get(turn.language) or notes.get("en", "") or phrases("loan_note", turn.language)


def months_of(duration: str) -> int:
    """The months of an ISO 8601 duration in months: 18 for P18M."""
    return int(duration[1:-1])


def _paise(rupees: str) -> int:
    return int(Decimal(rupees) * 100)
