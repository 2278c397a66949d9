"""A small shop whose messages the preprocessing tests read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings

from munshi.bot.business import GlossaryEntry
from munshi.bot.preprocess import Preprocessor
from munshi.knowledge.encoder import known_words

# How long an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

KOLKATA = ZoneInfo("Asia/Kolkata")


@dataclass(frozen=True)
class Part:
    """A product by its names."""

    sku: str
    name: str
    aliases: tuple[str, ...] = ()


PARTS = (
    Part("CLU-101", "Clutch plate - Maruti Swift", ("swift ki clutch plate",)),
    Part("CLU-102", "Clutch plate - Maruti Alto", ("alto clutch disc",)),
    Part("BRK-201", "Front brake pad set - Maruti Swift", ("swift disc pad",)),
    Part("BRK-202", "Front brake pad set - Hyundai Creta", ("creta disc pad",)),
    Part("FLT-301", "Air filter - Maruti WagonR", ("wagon r air filter",)),
    Part("OIL-401", "Engine oil 20W50 - 1 litre"),
    Part("BAT-501", "Battery 35Ah - Exide"),
)
GLOSSARY = (
    GlossaryEntry("cod", "cash on delivery", "en"),
    GlossaryEntry("hawa filter", "air filter", "hinglish"),
    GlossaryEntry("chota hathi", "Tata Ace", "hinglish"),
    GlossaryEntry("थोक", "bulk", "hi"),
    GlossaryEntry("क़िस्म", "variety", "hi"),
    GlossaryEntry("patta", "belt", "hinglish"),
)
PAPERS = """
    We deliver in Navi Mumbai within two days. Delivery is free above 2000 rupees. The warranty on a clutch plate is
    six months. A faulty battery is exchanged. We give a GST invoice and accept cash, cards and UPI. Is the clutch plate
    available? Is the brake pad available? Bulk discount for garages. Your order and its delivery status.
"""


@pytest.fixture(scope="session")
def now() -> datetime:
    """A Saturday, late in the morning."""
    return datetime(2026, 11, 21, 11, 0, tzinfo=KOLKATA)


@pytest.fixture(scope="session")
def understand() -> Preprocessor:
    return Preprocessor(
        vocabulary=PAPERS.replace(".", "").replace("?", "").replace(",", "").split(),
        products=PARTS,
        glossary=GLOSSARY,
        formats={"order_number": r"NAS-\d{5}", "account": r"AMV[0-9]{8}"},
        known_words=known_words(),
        timezone=KOLKATA,
    )
