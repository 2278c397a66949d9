"""How much somebody can borrow, worked out from income and other instalments; whether they get it a person decides."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from munshi.handlers.base import Button, Reply, Slot, SlotError, SlotSpec, Turn
from munshi.handlers.instalments import affordable
from munshi.handlers.loan_emi import months_of, note_of, term_options
from munshi.handlers.loan_offers import as_options, find, name_of, named_in, rates, sum_beside
from munshi.handlers.loan_wording import percent, term
from munshi.handlers.money import money
from munshi.handlers.options import by_language
from munshi.handlers.order_status import person_button
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Loan
from munshi.handlers.slots import build
from munshi.knowledge.text import words

_RUPEE = 100
_INCOME = frozenset("salary income earn earning earns kamai kamata kamati kamate tankhwah वेतन कमाई तनख्वाह सैलरी".split())
_INSTALMENT = frozenset(
    "emi emis instalment instalments kist kisht kistein obligation obligations किस्त किस्तें ईएमआई".split()
)
_INCOME_CUES = tuple(f"{word} …" for word in sorted(_INCOME)) + tuple(f"… {word}" for word in sorted(_INCOME))
_EMI_CUES = tuple(f"{word} …" for word in sorted(_INSTALMENT)) + tuple(f"… {word}" for word in sorted(_INSTALMENT))
_NOTHING = frozenset("0 no none nil nothing zero nahi nahin nhi kuch koi not any नहीं कुछ कोई शून्य हैं है hai".split())


class LoanEligibility:
    """The slots are loan, income, obligations and term; a term that is not named is the longest.

    The option `note` (a text, or one a language) says how binding it is.
    """

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._services = services
        self._phrases = services.phrases
        self._notes = by_language(config, "note")
        self._kinds = {kind: build(SlotSpec(kind, kind), services.phrases) for kind in ("amount", "duration")}
        ask = services.phrases.all
        self.slots = (
            Slot("loan", "text", ask("ask_loan"), choose=self._loan),
            Slot("income", "amount", ask("ask_loan_income"), choose=self._income, cues=_INCOME_CUES),
            Slot("obligations", "amount", ask("ask_loan_obligations"), choose=self._obligations, cues=_EMI_CUES),
            Slot("term", "duration", ask("ask_duration"), choose=self._term),
        )

    def answer(self, turn: Turn) -> Reply:
        """The largest loan at each end of the range of rates, or why there is none."""
        loan = find(self._services.records.loans(), turn.slots["loan"])
        if loan is None:  # the table has changed since
            return Reply("", answered=False)
        income, other = _paise(turn.slots["income"]), _paise(turn.slots["obligations"])
        room = int(income * Decimal(loan.max_obligations) / 100) - other
        refused = self._refusal(loan, income, room, turn)
        person = (person_button(self._phrases, turn.language),)
        if refused:
            return Reply(refused, person, data={"loan": loan.code, "eligible": False})
        months = months_of(turn.slots["term"])
        most = {rate: _up_to(loan, room, rate, months) for rate in rates(loan)}
        told = {"loan": loan.code, "eligible": True, "room_paise": room, "months": months}
        lines = [*self._lines(loan, turn, room, most), note_of(self._notes, self._phrases, turn)]
        return Reply(
            "\n".join(lines), person, data={**told, "up_to": {str(rate): paise for rate, paise in most.items()}}
        )

    def _refusal(self, loan: Loan, income: int, room: int, turn: Turn) -> str:
        phrases, language = self._phrases, turn.language
        if income < loan.min_income_paise:
            least = money(loan.min_income_paise, turn.business.currency)
            return phrases("loan_eligible_income", language, loan=name_of(loan, language), least=least)
        share = loan.max_obligations
        return phrases("loan_eligible_no_room", language, share=share) if room < _RUPEE else ""

    def _lines(self, loan: Loan, turn: Turn, room: int, most: dict[Decimal, int]) -> Iterator[str]:
        phrases, language, currency = self._phrases, turn.language, turn.business.currency
        yield phrases(
            "loan_eligible",
            language,
            loan=name_of(loan, language),
            term=term(months_of(turn.slots["term"]), phrases, language),
            income=money(_paise(turn.slots["income"]), currency),
            obligations=money(_paise(turn.slots["obligations"]), currency),
        )
        yield phrases("loan_eligible_room", language, share=loan.max_obligations, room=money(room, currency))
        for rate, paise in most.items():
            yield phrases("loan_eligible_line", language, rate=percent(rate), amount=money(paise, currency))
        if loan.max_paise in most.values():
            yield phrases("loan_eligible_most", language, maximum=money(loan.max_paise, currency))
        if loan.max_share:
            yield phrases("loan_eligible_share", language, share=loan.max_share)

    def _loan(self, turn: Turn, said: str) -> tuple[Button, ...]:
        loans = self._services.records.loans()
        chosen = find(loans, said)
        named = (chosen,) if chosen else named_in(loans, said or turn.text)
        if said and not named:
            raise SlotError("slot_invalid_choice", choices=", ".join(loan.name for loan in loans))
        return as_options(named or loans, turn.language)

    def _income(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if not said:
            return self._beside(turn, _INCOME)
        return self._rupees(turn, self._kinds["amount"].validate(said))

    def _obligations(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if not said:
            return self._beside(turn, _INSTALMENT)
        none = set(words(said)) <= _NOTHING
        return self._rupees(turn, "0" if none else self._kinds["amount"].validate(said))

    def _beside(self, turn: Turn, cues: frozenset[str]) -> tuple[Button, ...]:
        """What the first message says beside one of these words, in which no currency need stand."""
        found = sum_beside(turn.text, cues, hindi=turn.language != "en")
        return self._rupees(turn, found) if found else ()

    def _rupees(self, turn: Turn, rupees: str) -> tuple[Button, ...]:
        return (Button(money(_paise(rupees), turn.business.currency), rupees),)

    def _term(self, turn: Turn, said: str) -> tuple[Button, ...]:
        loan = find(self._services.records.loans(), turn.slots.get("loan", ""))
        if not said and loan is not None:
            longest = term(loan.max_months, self._phrases, turn.language)
            return (Button(self._phrases("loan_longest", turn.language, term=longest), f"P{loan.max_months}M"),)
        loans = (loan,) if loan is not None else self._services.records.loans()
        return term_options(self._kinds["duration"], loans, turn, said, self._services)


def _up_to(loan: Loan, room: int, rate: Decimal, months: int) -> int:
    """The largest principal that the room pays for, in paise, in whole rupees, within what is lent at all."""
    return min(affordable(room, rate, months) // _RUPEE * _RUPEE, loan.max_paise)


def _paise(rupees: str) -> int:
    return int(Decimal(rupees) * 100)
