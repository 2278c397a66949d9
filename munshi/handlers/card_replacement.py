"""A new card in place of a blocked one: asked for once, made by a person."""

from __future__ import annotations

from sqlalchemy import Connection

from munshi.handlers.base import Button, Reply, Slot, SlotError, Turn
from munshi.handlers.card_block import masked
from munshi.handlers.card_words import named_in
from munshi.handlers.cards import BLOCKED, Card, cards_of, claim_replacement, set_replacement
from munshi.handlers.columns import code_key
from munshi.handlers.faq import from_papers
from munshi.handlers.options import buttons, text
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.tickets import open_ticket


class CardReplacement:
    """An `Action` for a customer who is known: its intent has `identify: true`.

    The option `buttons` lists the ways it can come, `question` is what the papers are asked for its price.
    """

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self._services = services
        self._phrases = services.phrases
        self._config = config
        self._question = text(config, "question")
        buttons(config, "en")  # its faults are told now
        self.slots = (
            Slot("card", "text", services.phrases.all("ask_card_replace"), choose=self._choose),
            Slot("delivery", "text", services.phrases.all("ask_card_delivery"), choose=self._ways),
        )

    def summary(self, turn: Turn) -> Reply:
        """Which card, how it comes, and what the papers say that it costs."""
        told = self._line("card_replace_summary", turn, self._held(turn.customer_id or ""))
        if not self._question:
            return Reply(told)
        price = from_papers(self._services, self._question, turn.language)
        return Reply(f"{told}\n{price.text}".strip(), citations=price.citations)

    def execute(self, turn: Turn, db: Connection) -> Reply:
        """Leave one ticket a card; who asks again gets its reference again."""
        assert turn.customer_id is not None  # the intent identifies
        business, card_id = self._services.records.business, turn.slots["card"]
        if not claim_replacement(db, business, turn.customer_id, card_id):
            held = {card.card_id: card for card in cards_of(db, business, turn.customer_id)}
            asked = held[card_id].replacement if card_id in held else ""
            key = "card_replace_before" if asked else "card_replace_none"
            return Reply(self._phrases(key, turn.language, reference=asked), data={"ticket": asked})
        ticket = open_ticket(
            db,
            business=business,
            session_id=turn.session_id,
            customer_id=turn.customer_id,
            channel=turn.channel,
            kind="form",
            reason=turn.intent or "A new card",
            summary=self._line("card_replace_summary", turn, cards_of(db, business, turn.customer_id)),
            form=turn.slots,
        )
        set_replacement(db, business, turn.customer_id, card_id, ticket.reference)
        done = self._phrases("card_replace_done", turn.language, reference=ticket.reference)
        return Reply(done, data={"ticket": ticket.reference})

    def _choose(self, turn: Turn, said: str) -> tuple[Button, ...]:
        if turn.customer_id is None:  # nothing of anybody's is told before it is clear who writes
            return ()
        blocked = [card for card in self._held(turn.customer_id) if card.status == BLOCKED]
        open_ones = [card for card in blocked if not card.replacement]
        if not open_ones:
            asked = blocked[-1].replacement if blocked else ""
            raise SlotError("card_replace_before" if asked else "card_replace_none", reference=asked)
        meant = [card for card in open_ones if card.card_id == code_key(said)] or named_in(open_ones, said or turn.text)
        if said and not meant:
            raise SlotError("slot_invalid_choice", choices=", ".join(self._name(card, turn) for card in open_ones))
        return tuple(Button(self._name(card, turn), card.card_id) for card in meant or open_ones)

    def _ways(self, turn: Turn, said: str) -> tuple[Button, ...]:
        ways = buttons(self._config, turn.language)
        wanted = said.casefold().strip()
        meant = [way for way in ways if wanted in (way.label.casefold(), (way.value or way.label).casefold())]
        if said and not meant:
            raise SlotError("slot_invalid_choice", choices=", ".join(way.label for way in ways))
        return tuple(meant) or ways

    def _line(self, key: str, turn: Turn, held: tuple[Card, ...]) -> str:
        card = next((card for card in held if card.card_id == turn.slots["card"]), None)
        chosen = turn.slots["delivery"]
        way = next((each.label for each in buttons(self._config, turn.language) if each.value == chosen), chosen)
        return self._phrases(key, turn.language, card=self._name(card, turn) if card else "", delivery=way)

    def _name(self, card: Card, turn: Turn) -> str:
        return masked(card, self._phrases, turn.language)

    def _held(self, customer_id: str) -> tuple[Card, ...]:
        with self._services.records.reading() as db:
            return cards_of(db, self._services.records.business, customer_id)
