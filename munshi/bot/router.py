"""`Prediction` to `Route`: deterministic, a list of rules and the classifier's thresholds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from munshi.bot.consent import fold
from munshi.bot.orders import may_be_order, words_of
from munshi.handlers.base import Entity
from munshi.intents.base import Intent, Prediction
from munshi.intents.calibration import Thresholds

RouteKind = Literal["run", "confirm", "clarify", "fallback", "handover"]

HANDOVER_HANDLER = "talk_to_person"
MAX_OPTIONS = 3
# An option this much less likely than the likeliest only distracts.
_OPTION_RATIO = 0.2
# How `Prediction.classifier` ends where a language model had its say in a cascade.
MODEL_STEP = ":llm"
# What may stand beside a bare order number without making the message about anything else.
_FILLERS = frozenset(
    "order number no num id code my is the it its this a hai ye yeh mera ka "
    "sorry i meant mean actually wait nahi nhi galat".split()
)
# The model or the year of what a product is for: the K10 of "battery for alto k10".
_MODEL = re.compile(r"(?=\w*\d)\w{1,4}")


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with a message. `options` are the intents to choose from, `reason` names the rule that decided.

    To confirm is to ask whether `intent` is meant, and to run it on an explicit yes only.
    """

    kind: RouteKind
    intent: str | None = None
    options: tuple[str, ...] = ()
    reason: str = ""


Rule = Callable[[Prediction, str, Sequence[Entity]], Route | None]


class Router:
    """The rules, first match wins. `bare` names the intent that a bare entity of some kind stands for.

    An intent of high risk runs unconfirmed in two cases only: the customer chose it, or the message can be an order
    and the classifier, with no language model in it, gives it the acceptance score that its threshold asks for.
    """

    def __init__(self, intents: Sequence[Intent], thresholds: Thresholds, bare: Mapping[str, str]) -> None:
        self._intents = {intent.name: intent for intent in intents}
        self._orders = {intent.name: words_of(intent.examples) for intent in intents if intent.risk == "high"}
        self.thresholds = thresholds
        self._bare = bare
        self._rules: tuple[Rule, ...] = (
            self._bare_entity,
            self._nothing_fits,
            self._unsure,
            self._unaccepted,
            self._clear,
        )

    def route(self, prediction: Prediction, text: str, entities: Sequence[Entity]) -> Route:
        """Decide. `text` is the message the entities' offsets refer to."""
        decided = (rule(prediction, text, entities) for rule in self._rules)
        return next(route for route in decided if route is not None)

    def to_intent(self, name: str, reason: str) -> Route:
        """The route to an intent that the customer chose."""
        kind: RouteKind = "handover" if self._intents[name].handler == HANDOVER_HANDLER else "run"
        return Route(kind, name, reason=reason)

    def by_rule(self, name: str, reason: str) -> Route:
        """The route to an intent that no classifier stands for: one of high risk is confirmed first."""
        return Route("confirm", name, reason=reason) if self.is_risky(name) else self.to_intent(name, reason)

    def is_risky(self, name: str | None) -> bool:
        """Whether an intent moves money or cannot be undone."""
        return name in self._orders

    @property
    def product_intent(self) -> str | None:
        """The intent that a bare product stands for, where the business has one."""
        return self._bare.get("product")

    def is_clear(self, prediction: Prediction) -> bool:
        """Whether the prediction alone is good enough to act on."""
        return (
            prediction.intent is not None
            and prediction.in_scope >= self.thresholds.in_scope
            and prediction.confidence >= self.thresholds.clarify
        )

    def _bare_entity(self, _prediction: Prediction, text: str, entities: Sequence[Entity]) -> Route | None:
        wanted = [entity for entity in entities if entity.kind in self._bare]
        if not wanted or not _only_entities(text, entities):
            return None
        return self.by_rule(self._bare[wanted[0].kind], "bare entity")

    def _nothing_fits(self, prediction: Prediction, _text: str, _entities: Sequence[Entity]) -> Route | None:
        if prediction.intent is None or prediction.in_scope < self.thresholds.in_scope:
            return Route("fallback", reason="out of scope")
        return None

    def _unsure(self, prediction: Prediction, _text: str, _entities: Sequence[Entity]) -> Route | None:
        if prediction.confidence >= self.thresholds.clarify:
            return None
        floor = prediction.ranked[0][1] * _OPTION_RATIO
        options = tuple(name for name, share in prediction.ranked[:MAX_OPTIONS] if share >= floor)
        if len(options) < 2:
            options = tuple(name for name, _ in prediction.ranked[:2])
        return Route("clarify", prediction.intent, options, "unsure")

    def _unaccepted(self, prediction: Prediction, text: str, _entities: Sequence[Entity]) -> Route | None:
        intent = prediction.intent
        if intent not in self._orders:
            return None
        if self._is_accepted(prediction) and may_be_order(text, self._orders[intent]):
            return None
        return Route("confirm", intent, reason="high risk")

    def _is_accepted(self, prediction: Prediction) -> bool:
        """Whether the acceptance score is high enough to run a high-risk intent; without a threshold none is."""
        needed = self.thresholds.accept.get(prediction.intent or "")
        if needed is None or prediction.classifier.endswith(MODEL_STEP):
            return False
        return prediction.confidence * prediction.in_scope >= needed

    def _clear(self, prediction: Prediction, _text: str, _entities: Sequence[Entity]) -> Route:
        assert prediction.intent is not None  # _nothing_fits took that case
        return self.to_intent(prediction.intent, "clear")


def _only_entities(text: str, entities: Sequence[Entity]) -> bool:
    rest = list(text)
    for entity in entities:
        rest[entity.start : entity.end] = " " * (entity.end - entity.start)
    left = (word for word in fold("".join(rest)).split() if word not in _FILLERS)
    product = any(entity.kind == "product" for entity in entities)
    return all(product and _MODEL.fullmatch(word) for word in left)
