"""What is said to a shop and a bank while they are killed: chats without end, with what each message must lead to."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

SHOP, BANK = "auto-parts", "dummy-bank"
CHATS = 3
"""Of the bank's, two of them one customer's; of each kind of the shop's there is one less."""

PRODUCTS = {"BRK-201": "swift brake pad", "CLU-101": "swift clutch plate"}
"""What is ordered: the first is soon sold out."""

ACCOUNTS = {"AMC10001": ("AMV00014521", "my landlord"), "AMC10002": ("AMV00012345", "my sister")}
"""The bank's customers: the account they send from, and whom they call their payee."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a yes must lead to, once: a ticket for a phone number, so many paise from a customer's account, or an order
    for so many pieces, where there are as many.
    """

    kind: str
    who: str
    much: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """One message. `effect` is what it must lead to."""

    id: str
    business: str
    chat: str
    text: str
    effect: Effect | None = None


Line = tuple[str, Effect | None]
Plan = Callable[[random.Random], Sequence[Line]]


def stream(seed: int) -> Iterator[Said]:
    """Messages without end, a chat's in order: forms to the end, forms left halfway, corrections, questions."""
    rng = random.Random(seed)
    chats = [_chat(business, name, plans, seed) for business, name, plans in _chats()]
    while True:
        yield next(rng.choice(chats))


def chats_of(business: str) -> list[str]:
    """The session ids of a business's chats."""
    return [name for of, name, _ in _chats() if of == business]


def customers() -> dict[str, str]:
    """Whose the bank's chats are, by session id."""
    known = sorted(ACCOUNTS)
    return {name: known[number % len(known)] for number, name in enumerate(chats_of(BANK))}


def _chats() -> list[tuple[str, str, tuple[Plan, ...]]]:
    shop = [(SHOP, f"shop-{number}", (_call_back, _call_back, _question)) for number in range(CHATS - 1)]
    orders = [(SHOP, f"orders-{number}", (_order, _order, _question)) for number in range(CHATS - 1)]
    known = sorted(ACCOUNTS)
    bank = [(BANK, f"bank-{number}", _transfers(known[number % len(known)])) for number in range(CHATS)]
    return [*shop, *orders, *bank]


def _chat(business: str, name: str, plans: tuple[Plan, ...], seed: int) -> Iterator[Said]:
    rng, number = random.Random(f"{seed}-{name}"), 0
    while True:
        for text, effect in rng.choice(plans)(rng):
            yield Said(f"{name}-{number}", business, name, text, effect)
            number += 1


def _question(_rng: random.Random) -> Sequence[Line]:
    return [("what are your timings", None)]


def _call_back(rng: random.Random) -> Sequence[Line]:
    phone = f"98{rng.randrange(10**8):08d}"
    form = [(text, None) for text in ("please ring me back", "Asha", phone, "Evening")]
    return [*form, ("yes", Effect("ticket", phone)) if rng.random() < 0.7 else ("cancel", None)]


def _order(rng: random.Random) -> Sequence[Line]:
    sku, count = rng.choice(sorted(PRODUCTS)), rng.randrange(1, 4)
    asked = (f"order {count} {PRODUCTS[sku]} please book it", "I'll pick it up", "Asha", "9000000101")
    return [*((text, None) for text in asked), ("yes", Effect("order", sku, count)), ("cancel", None)]


def _transfers(customer: str) -> tuple[Plan, ...]:
    account, payee = ACCOUNTS[customer]

    def send(rng: random.Random) -> Sequence[Line]:
        rupees = rng.randrange(1, 5_000)
        return [
            (f"send Rs {rupees} to {payee} from savings", None),
            ("yes", Effect("transfer", account, rupees * 100)),
        ]

    def correct(rng: random.Random) -> Sequence[Line]:
        first, second = rng.sample(range(1, 5_000), 2)
        return [
            (f"transfer {first} rupees to {payee} from savings", None),
            (f"no, {second}", None),
            ("haan", Effect("transfer", account, second * 100)),
        ]

    def leave(rng: random.Random) -> Sequence[Line]:
        return [(f"send Rs {rng.randrange(1, 5_000)} to {payee} from savings", None), ("rehne do", None)]

    return (send, send, correct, leave, _question)
