"""Questions about loans: the papers answer them; a sum over a term is worked out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from munshi.handlers.base import Button, Reply, Slot, SlotError, Turn
from munshi.handlers.faq import Faq
from munshi.handlers.instalments import instalment
from munshi.handlers.loan_emi import months_of, note_of
from munshi.handlers.loan_offers import check_amount, check_months, check_rate, name_of, named_in, rates
from munshi.handlers.loan_wording import Quote, in_words, percent, term
from munshi.handlers.money import money
from munshi.handlers.options import buttons, by_language
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Loan


class LoanEnquiry:
    """The option `topic` is that of `faq`; `note` says how binding a figure is, `buttons` what else is offered."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._services = services
        self._phrases = services.phrases
        self._papers = Faq(services, config)
        self._notes = by_language(config, "note")
        self._config = config

    def answer(self, turn: Turn) -> Reply:
        """What a sum over a term costs where the message holds both, else what the papers say."""
        sums = [entity.value for entity in turn.entities if entity.kind == "amount"]
        terms = [entity.value for entity in turn.entities if entity.kind == "duration"]
        loans = self._services.records.loans()
        if len(sums) == len(terms) == 1 and loans:
            return self._worked_out(loans, int(Decimal(sums[0]) * 100), months_of(terms[0]), turn)
        reply = self._papers.answer(turn)
        offered = buttons(self._config, turn.language)
        return replace(reply, buttons=(*reply.buttons, *offered)) if reply.answered else reply

    def _worked_out(self, loans: Sequence[Loan], principal: int, months: int, turn: Turn) -> Reply:
        named = named_in(loans, turn.text)
        stated = [Decimal(entity.value) for entity in turn.entities if entity.kind == "percent"]
        try:
            check_amount(named or loans, principal, turn.business.currency)
            check_months(months, max(loan.max_months for loan in named or loans))
            if stated and len(named) == 1:
                check_rate(named[0], stated[0])
        except SlotError as refused:
            return Reply(self._phrases(refused.key, turn.language, **refused.values), self._more(turn))
        if len(named) != 1 and not stated:
            return self._compared(named or loans, principal, months, turn)
        loan = named[0] if len(named) == 1 else None
        own = (stated[0],) if stated else rates(named[0])
        quote = Quote(loan, principal, months, own)
        lines = (*in_words(quote, self._phrases, turn), note_of(self._notes, self._phrases, turn))
        return Reply("\n".join(lines), self._more(turn), data=quote.told())

    def _compared(self, loans: Sequence[Loan], principal: int, months: int, turn: Turn) -> Reply:
        """What it costs a month by each loan that allows it; where none does, what they allow."""
        fitting = [loan for loan in loans if principal <= loan.max_paise and months <= loan.max_months]
        figures = {"amount": money(principal, turn.business.currency), "term": self._term(months, turn)}
        lead = self._phrases("loan_lines" if fitting else "loan_line_none", turn.language, **figures)
        lines = self._costs(fitting, principal, months, turn) if fitting else self._limits(loans, turn)
        text = "\n".join((lead, *lines, note_of(self._notes, self._phrases, turn)))
        return Reply(text, self._more(turn), data={"principal_paise": principal, "months": months})

    def _costs(self, loans: Sequence[Loan], principal: int, months: int, turn: Turn) -> Iterator[str]:
        for loan in loans:
            each = [money(instalment(principal, rate, months), turn.business.currency) for rate in rates(loan)]
            yield self._phrases(
                "loan_line",
                turn.language,
                loan=name_of(loan, turn.language),
                least=each[0],
                most=each[-1],
                rates=" – ".join(map(percent, rates(loan))),
            )

    def _limits(self, loans: Sequence[Loan], turn: Turn) -> Iterator[str]:
        for loan in loans:
            amount, longest = money(loan.max_paise, turn.business.currency), self._term(loan.max_months, turn)
            name = name_of(loan, turn.language)
            yield self._phrases("loan_limit", turn.language, loan=name, amount=amount, term=longest)

    def _term(self, months: int, turn: Turn) -> str:
        return term(months, self._phrases, turn.language)

    def _more(self, turn: Turn) -> tuple[Button, ...]:
        return buttons(self._config, turn.language)
