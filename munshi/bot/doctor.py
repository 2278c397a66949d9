"""Looks whether everything that Munshi needs is in order on this computer."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.process import extractOne
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from munshi import __version__
from munshi.bot.business import BusinessError, check_business, find_business, load_business
from munshi.bot.classifier import fit_of, models_of
from munshi.bot.database import StoreError, open_engine
from munshi.bot.erasure import is_unfinished
from munshi.bot.llm import open_configured
from munshi.bot.settings import PREFIX, Settings
from munshi.intents.base import IntentError
from munshi.intents.models_train import LONG
from munshi.knowledge.base import ChatModelError, EncoderError
from munshi.knowledge.dense import VectorStoreError
from munshi.knowledge.encoder import open_encoder

# Read by the tests and the benchmarks, not by the product.
_OTHER_VARIABLES = frozenset({"MUNSHI_DATA", "MUNSHI_REQUIRE_SERVICES", "MUNSHI_CHROMIUM"})
_LEAST_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: in order, worth a note, or a fault that keeps Munshi from working."""

    state: Literal["ok", "note", "fault"]
    what: str
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything, whatever fails."""
    looks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _program, _variables, _home, _business, _database, _encoder, _vectors, _classifier, _port, _model, _whatsapp,
    )  # fmt: skip
    return [finding for look in looks for finding in look(settings)]


def _program(_settings: Settings) -> Iterator[Finding]:
    yield Finding("ok", "program", f"munshi {__version__}, Python {platform.python_version()}, {platform.platform()}")


def _variables(_settings: Settings) -> Iterator[Finding]:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | _OTHER_VARIABLES
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            meant = extractOne(name, known, score_cutoff=70)
            hint = f" Did you mean {meant[0]}?" if meant else ""
            yield Finding("note", "settings", f"{name} is set but means nothing.{hint}")


def _home(settings: Settings) -> Iterator[Finding]:
    home = settings.home.expanduser()
    try:
        home.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(home).free
    except OSError as error:
        yield Finding("fault", "home", f"{home} cannot be used ({error.strerror}). Set MUNSHI_HOME to another folder.")
        return
    if not os.access(home, os.W_OK):
        yield Finding("fault", "home", f"{home} cannot be written to. Set MUNSHI_HOME to another folder.")
    elif free < _LEAST_FREE_BYTES:
        yield Finding("note", "home", f"{home}: only {free // 10**6} MB are free on its disk.")
    else:
        yield Finding("ok", "home", f"{home}, {free / 1e9:.0f} GB free")


def _business(settings: Settings) -> Iterator[Finding]:
    try:
        folder = find_business(settings.business)
    except BusinessError as error:
        yield Finding("fault", "business", str(error))
        return
    faults = check_business(folder)
    errors = sum(fault.severity == "error" for fault in faults)
    if errors:
        yield Finding(
            "fault", "business", f"{folder.name}: {errors} errors. `munshi check {settings.business}` lists them."
        )
    elif faults:
        yield Finding("note", "business", f"{folder.name}: {len(faults)} warnings. `munshi check` lists them.")
    else:
        yield Finding("ok", "business", str(folder))


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        engine = open_engine(settings.database_url, home=settings.business_home(find_business(settings.business).name))
        with engine.connect() as db:
            db.execute(text("SELECT 1"))
        unfinished = is_unfinished(engine)
        engine.dispose()
    except BusinessError:
        return  # told already
    except (StoreError, SQLAlchemyError) as error:
        yield Finding("fault", "database", str(error).splitlines()[0])
    else:
        yield Finding("ok", "database", engine.url.render_as_string(hide_password=True))
        if unfinished:
            yield Finding("note", "erasure", "One was broken off. `munshi privacy finish` overwrites what is left.")


def _encoder(settings: Settings) -> Iterator[Finding]:
    try:
        encoder = open_encoder(settings.encoder, home=settings.home.expanduser())
    except EncoderError as error:
        yield Finding("fault", "encoder", str(error))
        return
    if encoder is None:
        yield Finding("note", "encoder", "none: Munshi works on words alone, and finds less.")
    else:
        yield Finding("ok", "encoder", f"{encoder.name}, {encoder.dim} dimensions")


def _vectors(settings: Settings) -> Iterator[Finding]:
    """A store that is down is a fault: Munshi does not start without the one that is set."""
    if not settings.vectors.strip():
        yield Finding("ok", "vectors", "built in")
        return
    from munshi.knowledge.vector_store import open_store

    try:
        key = find_business(settings.business).name
        encoder = open_encoder(settings.encoder, home=settings.home.expanduser())
        if encoder is None:
            yield Finding("note", "vectors", "MUNSHI_VECTORS is set and not used: there is no encoder.")
            return
        opened = open_store(
            settings.vectors, encoder, business=key, key=settings.vectors_key.get_secret_value() or None
        )
        with opened.asked():
            rows = len(opened.ids())
    except (BusinessError, EncoderError):
        return  # told already
    except VectorStoreError as error:
        yield Finding("fault", "vectors", str(error))
    else:
        yield Finding("ok", "vectors", f"{opened.name}, {rows} rows")
        opened.close()


def _classifier(settings: Settings) -> Iterator[Finding]:
    """A promoted model that cannot be used is no fault: the pack's examples are learnt instead."""
    try:
        business = load_business(settings.business)
    except BusinessError:
        return  # told already
    store = models_of(settings.business_home(business.key))
    name = store.current()
    if name is None:
        yield _unpromoted(business.classifier)
        return
    try:
        version = store.version(name)
        version.verify()
    except IntentError as error:
        yield Finding("note", "classifier", f"The promoted model is not used: {error}.")
        return
    fit = fit_of(version, business)
    yield Finding("note" if fit.remark else "ok", "classifier", fit.remark or f"the promoted {name}")


def _unpromoted(name: str) -> Finding:
    if name in LONG:
        return Finding(
            "note", "classifier", f"No {name} model is promoted, so few_shot is used: train and promote one."
        )
    return Finding("ok", "classifier", f"{name}, learnt from the pack's examples")


def _port(settings: Settings) -> Iterator[Finding]:
    try:
        socket.create_server((settings.host, settings.port)).close()
    except OSError as error:
        yield Finding(
            "note",
            "port",
            f"{settings.port} on {settings.host} is not free ({error.strerror}). MUNSHI_PORT chooses another.",
        )
    else:
        yield Finding("ok", "port", f"{settings.port} on {settings.host} is free")


def _whatsapp(settings: Settings) -> Iterator[Finding]:
    """What of WhatsApp is set, and what is missing; Meta is not asked."""
    given = {
        "MUNSHI_WHATSAPP_TOKEN": settings.whatsapp_token.get_secret_value(),
        "MUNSHI_WHATSAPP_PHONE_NUMBER_ID": settings.whatsapp_phone_number_id,
        "MUNSHI_WHATSAPP_APP_SECRET": settings.whatsapp_app_secret.get_secret_value(),
        "MUNSHI_WHATSAPP_VERIFY_TOKEN": settings.whatsapp_verify_token.get_secret_value(),
    }
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return
    if missing:
        yield Finding("fault", "WhatsApp", f"It is set up in part: {', '.join(missing)} is missing.")
    else:
        yield Finding("ok", "WhatsApp", f"number {settings.whatsapp_phone_number_id}, by {settings.whatsapp_api}")


def _model(settings: Settings) -> Iterator[Finding]:
    """One that is down is no fault: Munshi answers without."""
    try:
        model = open_configured(settings, load_business(settings.business).llm)
    except BusinessError:
        return  # told already
    except ChatModelError as error:
        yield Finding("fault", "language model", str(error))
        return
    if model is None:
        yield Finding("ok", "language model", "none: answers come word for word from the papers and the records")
        return
    health = model.health()
    yield Finding("ok" if health.ready else "note", "language model", health.detail)
