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


@dataclass(frozen=True, slots=True)
class Branch:
    """A place of the business's own: a branch, or a cash machine that stands by itself.

    `hours` is "10:00-16:00", for the days the business opens, empty where the business's own hold; `services` are of
    `BRANCH_SERVICES`; `aliases` are its other names and spellings, `areas` the towns and districts it serves, in every
    script; coordinates are degrees as written.
    """

    code: str
    name: str
    kind: str
    address: str
    areas: tuple[str, ...]
    pin_code: str
    ifsc: str
    micr: str
    phone: str
    hours: str
    services: tuple[str, ...]
    aliases: tuple[str, ...]
    latitude: str
    longitude: str
    extra: Mapping[str, str]
