"""A part of a business opened alone: its models, or its papers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from munshi.bot.app_parts import Progress, encoder_of, preprocessor_of, records_of, training_of
from munshi.bot.business import Business, load_business
from munshi.bot.classifier import models_of
from munshi.bot.database import open_engine
from munshi.bot.library import QUIET, Library, Parts, Told
from munshi.bot.settings import Settings
from munshi.intents.models import ModelStore
from munshi.intents.registry import Training
from munshi.knowledge.threads import one_blas_thread


@dataclass(frozen=True)
class School:
    """What the models of one business are trained with, compared with, and kept in."""

    business: Business
    training: Training
    models: ModelStore


@contextmanager
def open_school(settings: Settings, *, progress: Progress | None = None) -> Iterator[School]:
    """A business's encoder, preprocessing and models, without its papers and its chats.

    There is no language model in it: figures that hang on a server's mood could not be compared. Raises as `open_app`.
    """
    say = progress or (lambda _text: None)
    business = load_business(settings.business)
    home = settings.business_home(business.key)
    engine = open_engine(settings.database_url, home=home)
    try:
        preprocess = preprocessor_of(business, records_of(engine, business))
        yield School(business, training_of(business, encoder_of(settings, say), preprocess, say), models_of(home))
    finally:
        engine.dispose()


@contextmanager
def open_library(settings: Settings, *, progress: Progress | None = None, told: Told = QUIET) -> Iterator[Library]:
    """A business's papers alone, up to date with their folders: no classifier, no chats, no language model.

    `told` is told how far it is. Raises as `open_app`.
    """
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        prepare = preprocessor_of(business, records_of(engine, business)).canonical
        encoder = encoder_of(settings, progress or (lambda _text: None))
        today = datetime.now(business.profile.timezone).date()
        library = Library(settings, Parts(business, encoder, prepare, lambda: today), told, wait=True)
        try:
            with one_blas_thread():
                yield library
        finally:
            library.close()
    finally:
        engine.dispose()
