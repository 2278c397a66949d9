"""A card is blocked: at once, with as little asking as can be, and never opened again by this program."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from munshi.handlers.base import Button, Phrases, Reply, Slot, SlotError, Turn
from munshi.handlers.card_words import is_somebody_elses, means_all, named_in, reason_in
from munshi.handlers.cards import BLOCKED, Card, block, cards_of
from munshi.handlers.columns import code_key
from munshi.handlers.customers import ACTIVE
from munshi.handlers.opening import closed_note
from munshi.handlers.options import by_language, text
from munshi.handlers.order_status import person_button
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.when import clock, day

ALL = "all"
"""Stands for every card of the customer's that is not blocked yet."""

_INTENT = "intent:"


class CardBlock:
    """An `Action` for a customer who is known: its intent has `identify: true` and `risk: high`.

    The option `note` (a text, or one a language) is what to do besides, such as the number to call: it is told before
    anything is asked. The option `replacement` names the intent under which a new card is asked for.
    """

    stops = True

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._services = services
        self._phrases = services.phrases
        self._notes = by_language(config, "note")
        self._replacement = text(config, "replacement")
        self.slots = (Slot("card", "text", services.phrases.all("ask_card_block"), choose=self._choose),)

    def preface(self, turn: Turn) -> Reply:
        """What to do besides; a card of somebody else's is for a person, who is called."""
        if not is_somebody_elses(turn.text):
            return Reply(self._note(turn.language))
        told = self._phrases("card_somebody_elses", turn.language)
        hours = closed_note(self._phrases, turn.language, turn.business, turn.now)
        text = "\n\n".join(filter(None, (told, self._note(turn.language), hours)))
        return Reply(text, handover="A card of somebody else's must be blocked")

    def summary(self, turn: Turn) -> Reply:
        """Which card, and that it is for good."""
        chosen = self._chosen(turn)
        names = ", ".join(masked(card, self._phrases, turn.language) for card in chosen)
        told = self._phrases("card_block_summary", turn.language, cards=names)
        return Reply(told, data={"cards": [card.card_id for card in chosen]})

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Block it; of one that is blocked already tell since when."""
        assert turn.customer_id is not None  # the intent identifies
        business, language = self._services.records.business, turn.language
        wanted = self._wanted(cards_of(db, business, turn.customer_id), turn.slots["card"])
        done = block(
            db, business, turn.customer_id, [card.card_id for card in wanted], reason=reason_in(turn.text), at=turn.now
        )
        now = {card.card_id: card for card in cards_of(db, business, turn.customer_id)}
        lines = [self._told(now[card.card_id], card.card_id in done, turn) for card in wanted if card.card_id in now]
        if not lines:
            none = self._phrases("card_none", language)
            return Reply(none, (person_button(self._phrases, language),), data={"blocked": []})
        text = "\n".join(lines) + "\n\n" + "\n\n".join(filter(None, (self._for_good(language), self._note(language))))
        return Reply(text.strip(), self._follow_up(language), data={"blocked": sorted(done)})

    def _choose(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if turn.customer_id is None:  # nothing of anybody's is told before it is clear who writes
            return ()
        held = self._held(turn.customer_id)
        active = [card for card in held if card.status == ACTIVE]
        if not held:
            raise SlotError("card_none")
        meant = self._meant(held, said or turn.text)
        if meant and all(card.status == BLOCKED for card in meant):
            self._refuse(meant, turn)
        if not active:
            self._refuse(held, turn)
        meant = [card for card in meant if card.status == ACTIVE]
        if (said == ALL or means_all(said or turn.text)) and len(active) > 1:
            return (self._all(active, turn),)
        if said and not meant:
            raise SlotError("slot_invalid_choice", choices=", ".join(self._name(card, turn) for card in active))
        options = [Button(self._name(card, turn), card.card_id) for card in meant or active]
        return tuple(options if len(options) == 1 else [*options, self._all(active, turn)])

    def _meant(self, held: tuple[Card, ...], said: str) -> list[Card]:
        return [card for card in held if card.card_id == code_key(said)] or list(named_in(held, said))

    def _refuse(self, blocked: list[Card] | tuple[Card, ...], turn: Turn) -> None:
        """Raises SlotError: it has been blocked before, and when."""
        last = blocked[-1]
        if last.blocked_at is None:
            raise SlotError("card_blocked_before_undated", card=self._name(last, turn))
        raise SlotError("card_blocked_before", card=self._name(last, turn), at=_when(last.blocked_at, turn))

    def _all(self, active: list[Card], turn: Turn) -> Button:
        return Button(self._phrases("card_all", turn.language, count=len(active)), ALL)

    def _name(self, card: Card, turn: Turn) -> str:
        return masked(card, self._phrases, turn.language)

    def _held(self, customer_id: str) -> tuple[Card, ...]:
        with self._services.records.reading() as db:
            return cards_of(db, self._services.records.business, customer_id)

    def _chosen(self, turn: Turn) -> list[Card]:
        return self._wanted(self._held(turn.customer_id or ""), turn.slots["card"])

    def _wanted(self, held: tuple[Card, ...], chosen: str) -> list[Card]:
        if chosen == ALL:
            return [card for card in held if card.status == ACTIVE] or list(held)
        return [card for card in held if card.card_id == chosen]

    def _told(self, card: Card, just_now: bool, turn: Turn) -> str:
        name = self._name(card, turn)
        if card.blocked_at is None:
            return self._phrases("card_blocked_before_undated", turn.language, card=name)
        key = "card_blocked" if just_now else "card_blocked_before"
        return self._phrases(key, turn.language, card=name, at=_when(card.blocked_at, turn))

    def _note(self, language: str) -> str:
        return self._notes.get(language) or self._notes.get("en", "")

    def _for_good(self, language: str) -> str:
        return self._phrases("card_blocked_for_good", language)

    def _follow_up(self, language: str) -> tuple[Button, ...]:
        person = person_button(self._phrases, language)
        if not self._replacement:
            return (person,)
        return Button(self._phrases("card_replace_button", language), f"{_INTENT}{self._replacement}"), person


def masked(card: Card, phrases: Phrases, language: str) -> str:
    """What a card is called before its holder: Debit card ••4521."""
    return phrases(f"card_{card.kind}", language, last_four=card.last_four)


def _when(at: datetime, turn: Turn) -> str:
    there = at.astimezone(turn.business.timezone)
    return f"{day(there.date())}, {clock(there.time())}"
