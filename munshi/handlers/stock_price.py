"""Price, stock and fit of what the shop sells, from its records and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from munshi.handlers.base import Button, Reply, Slot, Turn
from munshi.handlers.catalogue import Found
from munshi.handlers.money import money
from munshi.handlers.options import one_of
from munshi.handlers.order_status import person_button
from munshi.handlers.registry import HandlerConfig, Services
from munshi.handlers.rows import Product

MAX_LISTED = 5
FEW = 3
"""From so many down, the customer is told that they are the last."""

_FOLLOW_UP_WORDS = 5
_MAX_COUNT = 1_000_000


class StockPrice:
    """The option `aspect` is `price`, `stock` or `fitment`: what the customer asks comes first in the reply."""

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._services = services
        self._phrases = services.phrases
        self._aspect = one_of(config, "aspect", ("price", "stock", "fitment"))

    def answer(self, turn: Turn) -> Reply:
        """One product in full, several as a list to choose from, or what is not in the list."""
        found = self._find(turn)
        products = self._services.records.products(found.skus)
        if len(products) == 1:
            return self._one(products[0], turn)
        if products:
            return self._several(products, turn)
        return self._none(found, turn)

    def _find(self, turn: Turn) -> Found:
        records, text = self._services.records, turn.query or turn.text
        found = records.search_products(text, named=_named(turn))
        if len(found.skus) == 1 or not turn.history or len(text.split()) > _FOLLOW_UP_WORDS:
            return found
        together = records.search_products(f"{turn.history[-1].text} {text}")
        if records.search_products(text) == Found():  # "and what do they cost?"
            return together if together.skus else found
        # "hyundai creta" after "brake pads?" narrows the question before.
        narrowed = tuple(sku for sku in together.skus if sku in found.skus)
        return Found(narrowed, found.goods) if narrowed else found

    # -- one product -----------------------------------------------------------------------------------------------

    def _one(self, product: Product, turn: Turn) -> Reply:
        parts = {
            "price": list(self._price_lines(product, turn)),
            "stock": list(self._stock_lines(product, turn)),
            "fitment": list(self._fit_lines(product, turn)),
        }
        lines = [product.name, *parts.pop(self._aspect), *(line for rest in parts.values() for line in rest)]
        unsure = self._aspect == "fitment" and not product.fits
        buttons = (person_button(self._phrases, turn.language),) if unsure or not product.stock else ()
        return Reply("\n".join(lines), buttons, data={"products": [_told(product)]})

    def _price_lines(self, product: Product, turn: Turn) -> Iterator[str]:
        yield self._phrases("product_price", turn.language, price=self._price(product, turn))
        count = _count(turn, product)
        if 1 < count <= product.stock:
            total = money(product.price_paise * count, turn.business.currency)
            yield self._phrases("product_total", turn.language, count=count, total=total)

    def _price(self, product: Product, turn: Turn) -> str:
        price = money(product.price_paise, turn.business.currency)
        if product.unit:
            price = self._phrases("price_per_unit", turn.language, price=price, unit=product.unit)
        if product.gst_rate:
            price = self._phrases("price_with_gst", turn.language, price=price, rate=product.gst_rate)
        return price

    def _stock_lines(self, product: Product, turn: Turn) -> Iterator[str]:
        stock = self._stock(product, turn)
        yield stock[:1].upper() + stock[1:]
        count = _count(turn, product)
        if count > product.stock > 0:
            yield self._phrases("stock_short", turn.language, wanted=count, count=product.stock)

    def _stock(self, product: Product, turn: Turn) -> str:
        key = "stock_none" if product.stock == 0 else "stock_few" if product.stock <= FEW else "stock_many"
        return self._phrases(key, turn.language, count=product.stock)

    def _fit_lines(self, product: Product, turn: Turn) -> Iterator[str]:
        if product.fits:
            yield self._phrases("product_fits", turn.language, fits=", ".join(product.fits))
        elif self._aspect == "fitment":
            yield self._phrases("product_fits_unlisted", turn.language)

    # -- several, or none ------------------------------------------------------------------------------------------

    def _several(self, products: Sequence[Product], turn: Turn) -> Reply:
        shown = products[:MAX_LISTED]
        lines = [self._phrases("product_several", turn.language, count=len(products))]
        lines += [f"- {self._line(product, turn)}" for product in shown]
        if len(products) > MAX_LISTED:
            lines.append(self._phrases("product_more", turn.language, count=len(products) - MAX_LISTED))
        buttons = tuple(Button(product.name, f"{product.sku} {self._aspect}") for product in shown)
        return Reply("\n".join(lines), buttons, data={"products": [_told(product) for product in shown]})

    def _line(self, product: Product, turn: Turn) -> str:
        price = money(product.price_paise, turn.business.currency)
        stock = self._stock(product, turn)
        return self._phrases("product_line", turn.language, name=product.name, price=price, stock=stock)

    def _none(self, found: Found, turn: Turn) -> Reply:
        if found.unread:
            return Reply(self._phrases("product_which", turn.language), answered=False)
        if found.vehicle:
            text = self._phrases("product_not_for", turn.language, goods=found.goods, vehicle=found.vehicle)
        elif found.goods:
            text = self._phrases("product_unknown", turn.language, goods=found.goods)
        else:
            return Reply(self._phrases("product_which", turn.language))
        return Reply(text, (person_button(self._phrases, turn.language),), data={"products": []}, answered=False)


def _named(turn: Turn) -> Mapping[str, str]:
    return {entity.value: entity.text for entity in turn.entities if entity.kind == "product"}


def _count(turn: Turn, product: Product) -> int:
    """How many are asked for. A number of the product's own name ("pulsar 150") is none."""
    own = f"{product.name} {' '.join(product.aliases)} {' '.join(product.fits)}".split()
    counts = [entity.value for entity in turn.entities if entity.kind == "quantity" and entity.value not in own]
    return min(int(counts[0]), _MAX_COUNT) if counts else 0


def _told(product: Product) -> dict[str, object]:
    return {"sku": product.sku, "name": product.name, "price_paise": product.price_paise, "stock": product.stock}
