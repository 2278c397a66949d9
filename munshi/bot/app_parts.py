"""The parts that a whole app and a part of one opened alone have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path

from sqlalchemy import Engine

from munshi.bot.business import Business
from munshi.bot.cache import Cache, SharedEncoder
from munshi.bot.preprocess import Preprocessor
from munshi.bot.privacy import mask
from munshi.bot.settings import Settings
from munshi.handlers.records import Records, import_records
from munshi.intents.registry import Training
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import known_words, open_encoder
from munshi.knowledge.memo import RememberingEncoder

Progress = Callable[[str], None]

# Encoders that are asked over a network.
_SERVED = ("ollama:", "openai:")

# Messages whose canonical form is kept.
_REMEMBERED = 64
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN = (".csv", ".md", ".txt")


def records_of(engine: Engine, business: Business) -> Records:
    """A business's tables, brought to what the pack's records say. Raises RecordsError."""
    import_records(engine, business.key, business.records)
    return Records(engine, business.key)


def training_of(business: Business, encoder: Encoder | None, preprocess: Preprocessor, say: Progress) -> Training:
    """What its classifier is trained and opened with, without a language model."""
    # Each step of a cascade wants a message in this form.
    prepare = lru_cache(maxsize=_REMEMBERED)(preprocess.canonical)
    training = Training(encoder, prepare, progress=say, mask=mask)
    return replace(training, false_accept=business.thresholds.get("false_accept", training.false_accept))


def encoder_of(settings: Settings, say: Progress, cache: Cache | None = None) -> Encoder | None:
    """The encoder that the settings name, None for none. Raises EncoderError."""
    encoder = open_encoder(
        settings.encoder,
        home=settings.home.expanduser(),
        progress=say,
        threads=settings.threads,
        key=settings.encoder_key.get_secret_value() or None,
    )
    if encoder is not None and cache is not None and settings.encoder.startswith(_SERVED):
        encoder = SharedEncoder(encoder, cache)
    # One message is encoded once, though classifier, search and reranker each ask for it.
    return RememberingEncoder(encoder) if encoder is not None else None


def preprocessor_of(business: Business, records: Records) -> Preprocessor:
    """What understands its customers' messages, by the words of its examples, papers and products."""
    products = records.products()
    examples = (example for intent in business.intents for example in intent.examples)
    return Preprocessor(
        vocabulary=chain.from_iterable(map(_WORD.findall, chain(examples, map(_plain_text, business.papers)))),
        products=products,
        glossary=business.glossary,
        formats=business.formats,
        known_words=known_words(),
        timezone=business.profile.timezone,
    )


def _plain_text(paper: Path) -> str:
    """What a paper says, for its words: those of a PDF are left out."""
    return paper.read_text(encoding="utf-8", errors="ignore") if paper.suffix.casefold() in _PLAIN else ""


def clock_of(business: Business) -> Callable[[], datetime]:
    """The time in its zone."""
    return lambda: datetime.now(business.profile.timezone)


def today_of(business: Business) -> Callable[[], date]:
    """The day in its zone."""
    return lambda: datetime.now(business.profile.timezone).date()
