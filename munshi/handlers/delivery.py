"""Whether, for how much and how fast the shop delivers to a PIN code, from its table of areas and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from munshi.handlers.base import Phrases, Reply, SlotSpec, Turn
from munshi.handlers.money import money
from munshi.handlers.order_status import person_button
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import DeliveryArea
from munshi.handlers.slots import build, own_or


class DeliveryCheck:
    """A PIN code that the table does not have is said not to be in it, and a person is offered."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots = (build(own_or(config.slots, SlotSpec("pin_code", "pin_code")), services.phrases),)
        self._records = services.records
        self._phrases = services.phrases

    def answer(self, turn: Turn) -> Reply:
        """The area's charge, days, cash on delivery and what is not sent there."""
        pin = turn.slots["pin_code"]
        area = self._records.delivery_area(pin)
        if area is None:
            text = self._phrases("delivery_not_there", turn.language, pin=pin)
            return Reply(text, (person_button(self._phrases, turn.language),), data={"pin_code": pin, "area": None})
        data = {"pin_code": pin, "area": area.area, "charge_paise": area.charge_paise}
        return Reply("\n".join(self._lines(turn, pin, area)), data=data)

    def _lines(self, turn: Turn, pin: str, area: DeliveryArea) -> Iterator[str]:
        phrases, language = self._phrases, turn.language
        yield phrases("delivery_there", language, pin=pin, area=area.area)
        yield phrases("delivery_costs", language, cost=cost_in_words(phrases, turn, area, 0))
        if area.free_from_paise is not None:
            least = money(area.free_from_paise, turn.business.currency)
            yield phrases("delivery_free_from", language, least=least)
        yield phrases("delivery_takes", language, days=days_in_words(phrases, turn, area))
        if area.cod_paise:
            yield phrases("delivery_cod", language, most=money(area.cod_paise, turn.business.currency))
        elif area.cod_paise == 0:
            yield phrases("delivery_no_cod", language)
        if area.not_sent:
            yield phrases("delivery_not_sent", language, goods=", ".join(area.not_sent))


def cost_in_words(phrases: Phrases, turn: Turn, area: DeliveryArea, goods_paise: int) -> str:
    """Write "₹60", "free", or "₹180 up to 5 kg, then ₹30 a kg"."""
    currency, charge = turn.business.currency, area.charge(goods_paise)
    cost = money(charge, currency) if charge else phrases("delivery_free", turn.language)
    if area.included_kg is None:
        return cost
    if area.extra_paise is None:
        return phrases("delivery_up_to_kg", turn.language, cost=cost, kg=area.included_kg)
    more = money(area.extra_paise, currency)
    return phrases("delivery_by_weight", turn.language, cost=cost, kg=area.included_kg, more=more)


def days_in_words(phrases: Phrases, turn: Turn, area: DeliveryArea) -> str:
    """Write "the same or the next working day", "2 working days" or "2 to 4 working days"."""
    if area.days_max == 0:
        return phrases("days_same", turn.language)
    if area.days_min == 0:
        key = "days_same_or_next" if area.days_max == 1 else "days_same_or_later"
        return phrases(key, turn.language, most=area.days_max)
    if area.days_min == area.days_max:
        return phrases("days_exactly", turn.language, days=area.days_max)
    return phrases("days_between", turn.language, least=area.days_min, most=area.days_max)
