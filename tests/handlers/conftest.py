"""A small shop with real records in a real database; only its papers are a stand-in, for handlers are not search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from munshi.bot.database import open_engine
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import BusinessProfile, OpeningHours, Turn
from munshi.handlers.records import Records, import_records
from munshi.handlers.registry import Services
from munshi.knowledge.base import Answer, Citation, Say

SHOP = Path(__file__).parent / "shop"

PROFILE = BusinessProfile(
    name="Navi Auto Spares",
    description="Spare parts",
    languages=("en", "hi", "hinglish"),
    currency="INR",
    timezone=ZoneInfo("Asia/Kolkata"),
    hours=(
        *(OpeningHours(weekday, time(10), time(13)) for weekday in range(5)),
        *(OpeningHours(weekday, time(14), time(20, 30)) for weekday in range(5)),
        OpeningHours(5, time(10), time(14)),
    ),
    holidays=(("2026-11-25", "Founder's Day"), ("2027-01-26", "Republic Day")),
    address="Shop 12, Sector 19C, Vashi 400703",
    phone="+91 98765 43210",
    email="",
    maps_url="https://maps.example.com/?q=shop",
)

# A Monday, when the shop is open from 10 to 1 and from 2 to half past 8.
MONDAY_11AM = datetime(2026, 11, 23, 11, 0, tzinfo=PROFILE.timezone)


class Papers:
    """Papers that hold one answer, of which they are as sure as the test says, and keep what they were asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.text = "Faulty parts can be returned within 10 days."
        self.confidence = 0.9
        self.worded: tuple[str, ...] | None = None

    def ask(
        self,
        question: str,
        *,
        language: str = "en",
        filters: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Answer:
        self.asked.append(question)
        if self.confidence < (0.5 if threshold is None else threshold):
            return Answer("", (), self.confidence, abstained=True, method="extract")
        citation = Citation("returns#faulty", "returns.md", "Returns", ("Faulty parts",), None, self.text)
        return Answer(self.text, (citation,), self.confidence, abstained=False, method="extract")

    def word(
        self,
        question: str,
        found: Answer,
        *,
        language: str = "en",
        history: Sequence[tuple[str, str]] = (),
        least: float | None = None,
        say: Say | None = None,
    ) -> Answer:
        if self.worded is None:
            return found
        for piece in self.worded:
            if say is not None:
                say(piece)
        return replace(found, text="".join(self.worded), abstained=False, method="generate")


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Records:
    engine = open_engine("", home=tmp_path_factory.mktemp("home"))
    import_records(engine, "shop", {name: SHOP / f"{name}.csv" for name in ("products", "orders")})
    return Records(engine, "shop")


@pytest.fixture(scope="session")
def shop() -> BusinessProfile:
    return PROFILE


@pytest.fixture
def papers() -> Papers:
    return Papers()


@pytest.fixture
def services(records: Records, papers: Papers) -> Services:
    return Services(records, papers, Phrasebook(), PROFILE)


@pytest.fixture
def turn() -> Callable[..., Turn]:
    plain = Turn("", "en", (), {}, "chat-1", None, "chat", (), PROFILE, MONDAY_11AM)

    def make(text: str = "", **changes: object) -> Turn:
        return replace(plain, text=text, query=text, **changes)  # type: ignore[arg-type]

    return make
