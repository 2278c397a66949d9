"""A small shop's intents, and the real encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from munshi.intents.base import Intent
from munshi.intents.examples import Examples
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import open_encoder

WANTED = {
    "order_status": (
        "where is my order",
        "track my parcel",
        "when will my order arrive",
        "order status please",
        "has my order been shipped",
        "mera order kab aayega",
        "मेरा ऑर्डर कहाँ है",
    ),
    "check_price": (
        "how much is the air filter",
        "price of brake pads",
        "what does a clutch plate cost",
        "rate of engine oil",
        "cost of a battery",
        "clutch plate kitne ka hai",
        "बैटरी की कीमत क्या है",
    ),
    "opening_hours": (
        "when do you open",
        "are you open on sunday",
        "what are your timings",
        "closing time today",
        "is the shop open now",
        "dukaan kab khulti hai",
        "दुकान कब खुलती है",
    ),
    "return_part": (
        "i want to return this part",
        "how do i send it back",
        "the part is faulty, refund me",
        "exchange a wrong item",
        "can i give the filter back",
        "ye part wapas karna hai",
        "सामान वापस करना है",
    ),
}
DESCRIPTIONS = {
    "order_status": "The customer asks where an order is.",
    "check_price": "The customer asks what a part costs.",
    "opening_hours": "The customer asks when the shop is open.",
    "return_part": "The customer wants to give a part back.",
}


@pytest.fixture(scope="session")
def intents() -> tuple[Intent, ...]:
    return tuple(Intent(name, DESCRIPTIONS[name], texts, "faq") for name, texts in WANTED.items())


@pytest.fixture(scope="session")
def shop(intents: tuple[Intent, ...]) -> Examples:
    return Examples.from_intents(intents)


@pytest.fixture(scope="session")
def encoder(home: Path) -> Encoder:
    made = open_encoder("minilm", home=home, threads=1)
    assert made is not None
    return made
