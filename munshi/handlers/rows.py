"""What a row of the shop's records is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Product:
    """Something the shop sells. `fits` and `aliases` as the owner wrote them.

    `gst_rate` is in percent and included in the price.
    """

    sku: str
    name: str
    category: str
    brand: str
    price_paise: int
    stock: int
    unit: str
    fits: tuple[str, ...]
    aliases: tuple[str, ...]
    warranty_months: int | None
    gst_rate: str | None
    extra: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Order:
    """A customer's order. `items` as the owner wrote them ("BRK-201 x2"); `phone` and `city` are personal data."""

    order_number: str
    status: str
    placed_on: date
    expected_on: date | None
    items: tuple[str, ...]
    total_paise: int | None
    phone: str
    courier: str
    tracking: str
    city: str
    extra: Mapping[str, str]
