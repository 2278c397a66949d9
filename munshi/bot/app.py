"""The composition root: the one place that builds concrete parts and joins them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from limits import parse
from sqlalchemy import Engine

from munshi import __version__
from munshi.bot.app_dialogue import make_doorkeeper, make_tools
from munshi.bot.app_parts import Progress, clock_of, encoder_of, preprocessor_of, records_of, today_of, training_of
from munshi.bot.assistant import Assistant
from munshi.bot.audit import Audit
from munshi.bot.audit_notary import Notary
from munshi.bot.business import Business, load_business
from munshi.bot.channels import open_channels
from munshi.bot.classifier import Opened, open_classifier
from munshi.bot.conductor import Conductor
from munshi.bot.database import open_engine
from munshi.bot.fetching import Fetcher
from munshi.bot.file_topics import FileTopics
from munshi.bot.follow_up import similar_by
from munshi.bot.library import Library, Parts, Told
from munshi.bot.llm import open_configured
from munshi.bot.llm_budget import Budget
from munshi.bot.llm_model import LanguageModel
from munshi.bot.message import Media, Message
from munshi.bot.metrics import Metrics, TimedClassifier
from munshi.bot.outbox import Outbox
from munshi.bot.pack.reading import record_files
from munshi.bot.privacy import mask
from munshi.bot.response import Response
from munshi.bot.router import Router
from munshi.bot.settings import Settings
from munshi.bot.shared import Shared, open_shared
from munshi.bot.store import Store
from munshi.bot.transcribe import open_transcriber
from munshi.bot.transcript_rows import Line
from munshi.bot.whole_question import WholeQuestions
from munshi.bot.wording import Phrasebook
from munshi.handlers.records import Records, import_records
from munshi.handlers.registry import Services
from munshi.intents.registry import Trained, Training
from munshi.knowledge.base import Encoder, Say
from munshi.knowledge.condense import Condenser
from munshi.knowledge.threads import one_blas_thread

logger = logging.getLogger(__name__)

_STARTERS = 3
_NAME_CHARS = 200


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
        pressed: str = "",
        say: Say | None = None,
    ) -> Response:
        """Answer one message; `say` hears the beginning of the reply as it is written (see `Assistant.respond`).

        A message that was answered under its `message_id` before gets the same response again. `pressed` is the value
        of the button that the customer pressed, `text` its label then.
        """
        message = Message(text, session_id, user_id, channel, pressed=pressed)
        message = message if message_id is None else replace(message, id=message_id)
        response = self.assistant.respond(message, say=say)
        self.notary.after_turn()
        return response

    def respond_to_file(self, content: bytes, *, session_id: str, name: str = "") -> Response:
        """Keep a file that was sent in a chat window, and answer it; where it is not kept, the answer says why."""
        sent = Message("", session_id, kind="document", media=(Media("", "", name[:_NAME_CHARS]),))
        response = self.assistant.respond(self.fetcher.keep(sent, content))
        self.notary.after_turn()
        return response

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


def _assemble(settings: Settings, business: Business, engine: Engine, shared: Shared, say: Progress) -> App:
    store = Store(engine, business.key, settle=timedelta(seconds=settings.settle_seconds), ring=shared.bell.ring)
    phrases, contact = Phrasebook(business.phrases), business.profile.email
    outbox = Outbox(store, open_channels(settings, store, phrases, email=contact, template=business.template))
    metrics = Metrics()
    preprocess = preprocessor_of(business, records_of(engine, business))
    encoder = encoder_of(settings, say, shared.cache)
    model = open_configured(settings, business.llm, _budget(settings, business, engine), count=metrics.model_call)
    training = replace(training_of(business, encoder, preprocess, say), model=model)
    opened = open_classifier(business, training, settings.business_home(business.key))
    library = Library(
        settings,
        Parts(business, encoder, preprocess.canonical, today=today_of(business), model=model, cache=shared.cache),
        Told(passages=_counted(say, "Reading the papers: {done} of {total} passages")),
    )
    catalogued = Records(engine, business.key, prepare=preprocess.in_catalogue_words, is_word=preprocess.is_word)
    services = Services(catalogued, library, phrases, business.profile)
    tools = make_tools(settings, business, services, opened.classifier, _whole_questions(library, encoder, model))
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
            conductor=make_doorkeeper(settings, business, engine, conductor) if business.personal else conductor,
            audit=Audit(business.key, partial(_versions, opened, library)),
            clock=clock_of(business),
            max_chars=settings.max_message_chars,
            too_often=_too_often(settings, shared),
            file_topics=FileTopics(business, phrases, tools.handlers),
            meter=metrics,
            turns=shared.turns,
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
        fetcher=Fetcher(
            store, outbox.channels, open_transcriber(settings), too_often=_too_many_files(settings, shared)
        ),
    )


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


def _too_many_files(settings: Settings, shared: Shared) -> Callable[[str], bool]:
    """Whether a chat's files are not to be kept: it sends too many of them, or writes too much (see `_too_often`)."""
    if not settings.user_rate:
        return lambda _session_id: False
    rate, rates = parse(settings.user_rate), shared.rates
    return lambda session_id: rates.is_full(session_id, rate) or not rates.allow(f"files {session_id}", rate)


def _budget(settings: Settings, business: Business, engine: Engine) -> Budget | None:
    if not settings.llm_daily_tokens:
        return None
    return Budget(engine, business.key, limit=settings.llm_daily_tokens, today=today_of(business))


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
