"""Returns: the papers' policy for the customer's own question, with how their order stands where they name it."""

from __future__ import annotations

from dataclasses import replace

from munshi.handlers.base import Reply, Slot, Turn
from munshi.handlers.faq import worded_from_papers
from munshi.handlers.order_status import not_found, person_button, told
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Order

_STATUS_KEYS = {
    "delivered": "return_order_delivered",
    "returned": "return_order_returned",
    "cancelled": "return_order_cancelled",
}


class Returns:
    """Says what the rule is; whether it covers the case is for a person, who is a button away."""

    def __init__(self, services: Services, _config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._services = services

    def answer(self, turn: Turn) -> Reply:
        """The policy cited, after the order's state where the message names an order."""
        phrases = self._services.phrases
        person = person_button(phrases, turn.language)
        number = next((entity.value for entity in turn.entities if entity.kind == "order_number"), None)
        if number is None:
            policy = self._policy(turn)
            return replace(policy, buttons=(person,)) if policy.answered else policy
        order = self._services.records.order(number)
        if order is None:
            return not_found(phrases, turn.language, number)
        policy = self._policy(turn, self._state(order, turn.language))
        return replace(policy, buttons=(person,), data={**policy.data, **told(order)}, answered=True)

    def _policy(self, turn: Turn, lead: str = "") -> Reply:
        return worded_from_papers(self._services, turn.query or turn.text, turn, lead=lead)

    def _state(self, order: Order, language: str) -> str:
        phrases = self._services.phrases
        status = phrases(f"order_status_{order.status}", language)
        key = _STATUS_KEYS.get(order.status, "return_order_not_delivered")
        return phrases(key, language, number=order.order_number, status=status)
