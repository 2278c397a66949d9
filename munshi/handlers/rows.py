"""What a row of the shop's records is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Product:
    """Something the shop sells. `fits` and `aliases` as the owner wrote them.

    `stock` is what is free: the file's count without what open orders of the chat hold. `gst_rate` is in percent and
    included in the price.
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
    """A customer's order, from the shop's file or placed in a chat. `items` as the owner wrote them ("BRK-201 x2").

    `phone` and `city` are personal data. `in_books` says whether the order stands in the shop's file.
    """

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
    in_books: bool = True


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


@dataclass(frozen=True, slots=True)
class DeliveryArea:
    """An area that the shop delivers to. `pins` are ranges of PIN codes, both ends included; sums are in paise.

    Up to `included_kg` the charge is `charge_paise`, for each further kg `extra_paise` more; without `included_kg`
    weight does not count. From `free_from_paise` on delivery is free (up to `included_kg`). Days are working days, 0 is
    the same day. `not_sent` are categories of goods that do not go there.
    """

    area: str
    pins: tuple[tuple[int, int], ...]
    charge_paise: int
    included_kg: int | None
    extra_paise: int | None
    free_from_paise: int | None
    days_min: int
    days_max: int
    cod_paise: int | None
    not_sent: tuple[str, ...]

    def charge(self, goods_paise: int) -> int:
        """What delivery of goods worth so much costs, as far as `included_kg` goes."""
        free = self.free_from_paise is not None and goods_paise >= self.free_from_paise
        return 0 if free else self.charge_paise


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan that is offered. Rates are percent a year as written; `max_months` is the longest term.

    `max_share` is the largest part of a price that is lent, in percent, empty where there is no such limit;
    `max_obligations` how much of a month's income all instalments together may take, in percent. The fee is
    `fee_percent` of the loan, at least `fee_least_paise` and at most `fee_most_paise`, tax not included.
    """

    code: str
    name: str
    name_hi: str
    aliases: tuple[str, ...]
    rate_from: str
    rate_to: str
    max_paise: int
    max_months: int
    max_share: str
    max_obligations: str
    min_income_paise: int
    fee_percent: str
    fee_least_paise: int
    fee_most_paise: int | None
    extra: Mapping[str, str]
