"""The composition root: the one place that builds concrete parts and joins them."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

from limits import parse
from sqlalchemy import Engine

from munshi import __version__
from munshi.bot.assistant import Assistant, Response
from munshi.bot.audit import Audit
from munshi.bot.audit_notary import Notary
from munshi.bot.business import Business, load_business
from munshi.bot.cache import Cache, SharedEncoder
from munshi.bot.channels import open_channels
from munshi.bot.classifier import Opened, models_of, open_classifier
from munshi.bot.code_ports import open_code_port
from munshi.bot.code_secret import code_secret
from munshi.bot.conductor import Conductor
from munshi.bot.database import open_engine
from munshi.bot.dialogue import Dialogue
from munshi.bot.doorkeeper import Doorkeeper
from munshi.bot.fetching import Fetcher
from munshi.bot.follow_up import similar_by
from munshi.bot.identification import Identification
from munshi.bot.identity_dialogue import IdentityDialogue
from munshi.bot.library import QUIET, Library, Parts, Told
from munshi.bot.llm import open_configured
from munshi.bot.llm_budget import Budget
from munshi.bot.llm_model import LanguageModel
from munshi.bot.message import Message
from munshi.bot.metrics import Metrics, TimedClassifier
from munshi.bot.outbox import Outbox
from munshi.bot.pack.own_code import make_importable
from munshi.bot.pack.reading import record_files
from munshi.bot.preprocess import Preprocessor
from munshi.bot.privacy import mask
from munshi.bot.proof_dialogue import ProofDialogue
from munshi.bot.proofs import Proofs
from munshi.bot.router import Router
from munshi.bot.settings import Settings
from munshi.bot.shared import Shared, open_shared
from munshi.bot.store import Line, Store
from munshi.bot.tools import Tools
from munshi.bot.tracing import tracing
from munshi.bot.transcribe import open_transcriber
from munshi.bot.whole_question import WholeQuestions
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import Action, Handler, Stopping
from munshi.handlers.otp import Codes
from munshi.handlers.records import Records, import_records
from munshi.handlers.registry import HandlerConfig, Services, create
from munshi.handlers.talk_to_person import TalkToPerson
from munshi.intents.base import Intent
from munshi.intents.calibration import Thresholds
from munshi.intents.models import ModelStore
from munshi.intents.registry import Trained, Training
from munshi.knowledge.base import Encoder, Say
from munshi.knowledge.condense import Condenser
from munshi.knowledge.encoder import known_words, open_encoder
from munshi.knowledge.memo import RememberingEncoder
from munshi.knowledge.threads import one_blas_thread

logger = logging.getLogger(__name__)

Progress = Callable[[str], None]

# Encoders that are asked over a network.
_SERVED = ("ollama:", "openai:")

_STARTERS = 3
# What some handlers find in a message though they have no slot for it.
_BARE: Mapping[str, tuple[str, ...]] = {"stock_price": ("product",), "branch_location": ("pin_code",)}
# Messages whose canonical form is kept.
_REMEMBERED = 64
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN = (".csv", ".md", ".txt")


@dataclass(frozen=True)
class App:
    """Munshi for one business, ready to answer. `training` is what its classifier was opened with."""

    settings: Settings
    business: Business
    phrases: Phrasebook
    assistant: Assistant
    classifier: Trained
    training: Training
    router: Router
    library: Library
    encoder: Encoder | None
    store: Store
    outbox: Outbox
    shared: Shared
    metrics: Metrics
    notary: Notary
    fetcher: Fetcher

    def respond(
        self,
        text: str,
        *,
        session_id: str,
        channel: str = "chat",
        user_id: str = "",
        message_id: str | None = None,
        say: Say | None = None,
    ) -> Response:
        """Answer one message; `say` hears the beginning of the reply as it is written (see `Assistant.respond`).

        A message that was answered under its `message_id` before gets the same response again.
        """
        message = Message(text, session_id, user_id, channel)
        message = message if message_id is None else replace(message, id=message_id)
        response = self.assistant.respond(message, say=say)
        self.notary.after_turn()
        return response

    def receive(self, messages: Iterable[Message]) -> int:
        """Keep messages of a channel, all or none, for workers to answer; returns how many were not there before."""
        given = tuple(messages)
        fresh = self.store.accept_all(given)
        for message in given:
            with tracing(message.trace):
                logger.info("Received a message", extra={"channel": message.channel, "new": message.id in fresh})
        if fresh:
            self.shared.bell.ring("in")
        return len(fresh)

    def answer(self, message: Message) -> Response:
        """Answer a message that was received, the reply going out over its channel."""
        response = self.assistant.answer(self.fetcher(message))
        self.notary.after_turn()
        return response

    def give_up(self, message: Message) -> None:
        """Leave a message that was received to a person, with an apology."""
        self.assistant.give_up(message)
        self.notary.after_turn()

    def notes(self) -> list[str]:
        """What whoever reads the answers should know of how they are made."""
        keys = ([] if self.training.model else ["note_no_model"]) + ([] if self.encoder else ["note_no_encoder"])
        return [self.phrases(key, self.business.profile.languages[0]) for key in keys]

    @property
    def starters(self) -> tuple[str, ...]:
        """Questions to begin with: what the greeting's buttons offer."""
        for intent in self.business.intents:
            options = self.business.options[intent.name]
            if intent.handler == "small_talk" and options.get("kind") == "greeting":
                return tuple(filter(None, map(_starter, options.get("buttons", ()))))[:_STARTERS]
        return ()

    def transcript(self, session_id: str) -> list[Line]:
        """A chat so far, oldest line first."""
        return self.store.transcript(session_id)

    def pending(self, session_id: str) -> list[Line]:
        """Lines for a chat that were not shown yet; they count as shown from here on."""
        return self.store.take_pending(session_id)

    def take_up_records(self) -> tuple[str, ...]:
        """Bring the tables to what the pack's records say now, and name those that changed. Raises RecordsError."""
        return import_records(self.store.engine, self.business.key, record_files(self.business.folder))

    def now(self) -> datetime:
        """The time in the business's zone."""
        return datetime.now(self.business.profile.timezone)


@contextmanager
def open_app(settings: Settings, *, progress: Progress | None = None, catch_up: bool = True) -> Iterator[App]:
    """Read the pack, open its data, fit what must be fitted, and answer what a crash left unanswered.

    With `catch_up` False the last is left to others: beside a running server it would answer what is being answered.
    `progress` is told of steps that take long. Raises the rooms' own errors, one line each: BusinessError, StoreError,
    HandlerError, KnowledgeError, IntentError.
    """
    say = progress or (lambda _text: None)
    business = load_business(settings.business)
    home = settings.business_home(business.key)
    engine = open_engine(settings.database_url, home=home)
    try:
        with open_shared(settings, business.key) as shared, one_blas_thread():
            app = _assemble(settings, business, engine, shared, say)
            if catch_up:
                app.assistant.catch_up()
            try:
                yield app
            finally:
                app.notary.sign_quietly()
                app.library.close()
    finally:
        engine.dispose()


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
        preprocess = _preprocessor(business, _records(engine, business))
        yield School(business, _training(business, _encoder(settings, say), preprocess, say), models_of(home))
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
        prepare = _preprocessor(business, _records(engine, business)).canonical
        encoder = _encoder(settings, progress or (lambda _text: None))
        today = datetime.now(business.profile.timezone).date()
        library = Library(settings, Parts(business, encoder, prepare, lambda: today), told, wait=True)
        try:
            with one_blas_thread():
                yield library
        finally:
            library.close()
    finally:
        engine.dispose()


def _records(engine: Engine, business: Business) -> Records:
    import_records(engine, business.key, business.records)
    return Records(engine, business.key)


def _training(business: Business, encoder: Encoder | None, preprocess: Preprocessor, say: Progress) -> Training:
    # Each step of a cascade wants a message in this form.
    prepare = lru_cache(maxsize=_REMEMBERED)(preprocess.canonical)
    training = Training(encoder, prepare, progress=say, mask=mask)
    return replace(training, false_accept=business.thresholds.get("false_accept", training.false_accept))


def _assemble(settings: Settings, business: Business, engine: Engine, shared: Shared, say: Progress) -> App:
    store = Store(engine, business.key, settle=timedelta(seconds=settings.settle_seconds))
    phrases = Phrasebook(business.phrases)
    outbox = Outbox(store, open_channels(settings, store, phrases))
    metrics = Metrics()
    preprocess = _preprocessor(business, _records(engine, business))
    encoder = _encoder(settings, say, shared.cache)
    model = open_configured(settings, business.llm, _budget(settings, business, engine), count=metrics.model_call)
    training = replace(_training(business, encoder, preprocess, say), model=model)
    opened = open_classifier(business, training, settings.business_home(business.key))
    library = Library(
        settings,
        Parts(business, encoder, preprocess.canonical, today=_today(business), model=model, cache=shared.cache),
        Told(passages=_counted(say, "Reading the papers: {done} of {total} passages")),
    )
    catalogued = Records(engine, business.key, prepare=preprocess.in_catalogue_words)
    services = Services(catalogued, library, phrases, business.profile)
    tools = _tools(settings, business, services, opened.classifier, _whole_questions(library, encoder, model))
    conductor = Conductor(replace(tools, llm=model.name if model else "none"))
    return App(
        settings=settings,
        business=business,
        phrases=phrases,
        assistant=Assistant(
            store=store,
            outbox=outbox,
            understand=preprocess,
            classifier=TimedClassifier(opened.classifier, metrics),
            conductor=_doorkeeper(settings, business, engine, conductor) if business.personal else conductor,
            audit=Audit(business.key, partial(_versions, opened, library)),
            clock=_clock(business),
            max_chars=settings.max_message_chars,
            too_often=_too_often(settings, shared),
            meter=metrics,
        ),
        classifier=opened.classifier,
        training=training,
        router=tools.router,
        library=library,
        encoder=encoder,
        store=store,
        outbox=outbox,
        shared=shared,
        metrics=metrics,
        notary=Notary(store, settings.audit_home(business.key)),
        fetcher=Fetcher(store, outbox.channels, open_transcriber(settings)),
    )


def _clock(business: Business) -> Callable[[], datetime]:
    return lambda: datetime.now(business.profile.timezone)


def _today(business: Business) -> Callable[[], date]:
    return lambda: datetime.now(business.profile.timezone).date()


def _versions(opened: Opened, library: Library) -> Mapping[str, str]:
    """What answers now, as the audit names it."""
    return {"munshi": __version__, "model": opened.name, "papers": library.retriever.index.version}


def _whole_questions(library: Library, encoder: Encoder | None, model: LanguageModel | None) -> WholeQuestions:
    return WholeQuestions(library, similar_by(encoder), Condenser(model, mask) if model is not None else None)


def _too_often(settings: Settings, shared: Shared) -> Callable[[str], bool]:
    """Whether a chat's messages come faster than it is answered; each call counts one."""
    if not settings.user_rate:
        return lambda _session_id: False
    rate = parse(settings.user_rate)
    return lambda session_id: not shared.rates.allow(session_id, rate)


def _budget(settings: Settings, business: Business, engine: Engine) -> Budget | None:
    if not settings.llm_daily_tokens:
        return None
    return Budget(engine, business.key, limit=settings.llm_daily_tokens, today=_today(business))


def _encoder(settings: Settings, say: Progress, cache: Cache | None = None) -> Encoder | None:
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


def _preprocessor(business: Business, records: Records) -> Preprocessor:
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


def _tools(
    settings: Settings, business: Business, services: Services, classifier: Trained, whole_questions: WholeQuestions
) -> Tools:
    make_importable(business.folder)
    handlers = {intent.name: (intent.handler, _handler(business, services, intent)) for intent in business.intents}
    dialogue = Dialogue(
        lambda intent: handlers[intent][1].slots,
        lambda intent: isinstance(handlers[intent][1], Action),
        lifetime=timedelta(minutes=settings.form_minutes),
        max_tries=settings.form_tries,
        stops=lambda intent: _stops(handlers[intent][1]),
    )
    return Tools(
        dialogue=dialogue,
        router=Router(business.intents, _thresholds(business, classifier), _bare(business, handlers)),
        handlers=handlers,
        person=TalkToPerson(services, HandlerConfig("talk_to_person")),
        knowledge=services.knowledge,
        phrases=services.phrases,
        profile=business.profile,
        titles=business.title,
        whole_questions=whole_questions,
    )


def _doorkeeper(settings: Settings, business: Business, engine: Engine, conductor: Conductor) -> Doorkeeper:
    clock = _clock(business)
    port = open_code_port(settings.codes.get_secret_value(), demo=business.codes == "demo")
    codes = Codes(business.key, code_secret(settings.business_home(business.key)), port, clock)
    identification = Identification(
        engine,
        business.key,
        codes,
        clock=clock,
        login=timedelta(minutes=settings.login_minutes),
        name=business.profile.name,
    )
    stopping = frozenset(intent for intent, (_, handler) in conductor.tools.handlers.items() if _stops(handler))
    dialogue = IdentityDialogue(identification, conductor.phrases, settings.form_tries, stopping)
    proofs = Proofs(engine, business.key, codes, business.profile.name)
    proving = ProofDialogue(proofs, conductor.phrases, settings.form_tries)
    tools = replace(conductor.tools, personal=business.personal, identify=dialogue.begin, proofs=proving)
    return Doorkeeper(Conductor(tools), dialogue)


def _stops(handler: Handler) -> bool:
    return isinstance(handler, Stopping) and handler.stops


def _handler(business: Business, services: Services, intent: Intent) -> Handler:
    config = HandlerConfig(intent.name, business.slot_specs[intent.name], business.options[intent.name])
    return create(intent.handler, services, config)


def _thresholds(business: Business, classifier: Trained) -> Thresholds:
    """What the classifier found on its examples, unless the owner says otherwise."""
    found, chosen = classifier.thresholds, business.thresholds
    return replace(found, in_scope=chosen.get("in_scope", found.in_scope), clarify=chosen.get("clarify", found.clarify))


def _bare(business: Business, handlers: Mapping[str, tuple[str, Handler]]) -> Mapping[str, str]:
    """The intent that a message with nothing but an entity of some kind stands for: the first that needs one."""
    bare: dict[str, str] = {}
    for intent in business.intents:
        name, handler = handlers[intent.name]
        if isinstance(handler, Action):
            continue
        kinds = [*(slot.kind for slot in handler.slots), *_BARE.get(name, ())]
        for kind in kinds:
            bare.setdefault(kind, intent.name)
    return bare


def _counted(say: Progress, text: str) -> Callable[[int, int], None]:
    """A progress in numbers told in words, a line for every tenth of the way."""
    told = 0

    def count(done: int, total: int) -> None:
        nonlocal told
        if total and done * 10 // total > told:
            told = done * 10 // total
            say(text.format(done=done, total=total))

    return count


def _starter(button: Any) -> str:
    """What a greeting's button sends."""
    if isinstance(button, str):
        return button
    label = button["label"]
    return str(button.get("value") or (label if isinstance(label, str) else label["en"]))
