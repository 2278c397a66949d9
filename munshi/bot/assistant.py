"""One message in, one reply out: `Assistant.respond`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from munshi.bot.apology import Apology
from munshi.bot.audit import Audit
from munshi.bot.conductor import Conductor
from munshi.bot.context import Context, Guess, Step
from munshi.bot.doorkeeper import Doorkeeper
from munshi.bot.fetching import TOO_MANY
from munshi.bot.file_topics import FILE_KIND, FileTopics, with_file
from munshi.bot.keyed_locks import KeyedLocks
from munshi.bot.message import Message
from munshi.bot.meter import Meter, Unmeasured
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_held import is_unread
from munshi.bot.preprocess import Utterance
from munshi.bot.pressed import heard
from munshi.bot.recorder import Recorder
from munshi.bot.response import ERASED, Decided, Response
from munshi.bot.router import Route
from munshi.bot.secret_words import hide
from munshi.bot.session_rows import Session, StaleSessionError
from munshi.bot.state import SessionState, from_json
from munshi.bot.store import GoneError, Store
from munshi.bot.tracing import tracing
from munshi.bot.wordless import KEPT, answer_key, is_silent
from munshi.handlers.base import Language, OutdatedError, Reply
from munshi.handlers.customers import identified
from munshi.intents.base import Classifier
from munshi.knowledge.base import Say

logger = logging.getLogger(__name__)

# Not the message's fault: it waits in the inbox.
_DATABASE_AWAY = (OperationalError, InterfaceError)

# When a message counts as taken in before which the bot's last words were held back: a yes to them is none.
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

# Times that a confirmed request is looked at anew where others keep changing what it is about.
_LOOKS = 5


class Understand(Protocol):
    """Text to an `Utterance`: the preprocessor."""

    def __call__(self, text: str, *, now: datetime, previous: Language | None = None) -> Utterance:
        """Understand `text`, said at `now` in a chat that was last in `previous`."""


Think = Callable[[SessionState, float], Decided]
"""What becomes of a message, by the state of its chat and the time it was begun with."""


class Assistant:
    """Answers messages. Safe to call from many threads; one chat's messages are taken one at a time."""

    def __init__(  # noqa: PLR0913 (the parts of a turn)
        self,
        *,
        store: Store,
        outbox: Outbox,
        understand: Understand,
        classifier: Classifier,
        conductor: Conductor | Doorkeeper,
        audit: Audit,
        clock: Callable[[], datetime],
        max_chars: int,
        too_often: Callable[[str], bool] = lambda _session_id: False,
        file_topics: FileTopics | None = None,
        meter: Meter | None = None,
        turns: KeyedLocks | None = None,
    ) -> None:
        """`clock` gives an aware time in the business's zone, `too_often` counts a chat's messages.

        `file_topics` is what a file that came without a word may be about; `turns` keeps others out of a chat while it
        is thought over, which saves work: what is done once is seen to by the transaction that does it.
        """
        self._store = store
        self._understand = understand
        self._classifier = classifier
        self._conductor = conductor
        self._phrases = conductor.phrases
        self._clock = clock
        self._max_chars = max_chars
        self._too_often = too_often
        self._file_topics = file_topics
        self._meter = meter or Unmeasured()
        self._apology = Apology(conductor.phrases, conductor.profile, clock)
        self._recorder = Recorder(store, outbox, audit, self._apology, conductor.llm, self._meter)
        self._chats = turns or KeyedLocks()

    def respond(self, message: Message, *, say: Say | None = None) -> Response:
        """Answer a message; a message id that was answered before gets the same response again.

        `say` hears the beginning of the reply's text as a language model writes it, checked sentence by sentence; a
        reply that is there at once it does not hear. Raises StoreError where the message cannot even be kept.
        """
        self._store.accept(message)
        return self._answer(message, say=say)

    def catch_up(self) -> int:
        """Answer what a crash left unanswered; the replies wait in the outbox. Returns how many there were."""
        left = self._store.unanswered()
        for message in left:
            self.answer(message)
        return len(left)

    def answer(self, message: Message) -> Response:
        """Answer a message that was accepted and whose sender is not waiting: the reply is put into the outbox."""
        return self._answer(message, push=True)

    def give_up(self, message: Message) -> None:
        """Leave an accepted message to a person where every answering of it failed (see `Recorder.give_up`)."""
        with self._chats.hold(message.session_id):
            self._recorder.give_up(message)

    def _answer(self, message: Message, *, push: bool = False, say: Say | None = None) -> Response:
        started = perf_counter()
        lost = False
        with tracing(message.trace), self._chats.hold(message.session_id):
            while True:
                try:
                    return self._attempt(message, started, push=push, say=say)
                except StaleSessionError:  # another process has answered in this chat meanwhile, or has erased it
                    continue
                except GoneError:
                    return self._nothing_left(message)
                except _DATABASE_AWAY:
                    if lost:
                        raise
                    lost = True  # started again just now, say: nothing was kept of the turn, so it is taken once more

    def _nothing_left(self, message: Message) -> Response:
        """What is said, and not kept, where a chat was erased while its message was being answered."""
        language = self._understand(message.text, now=self._clock()).language
        return Response(Reply(self._phrases("chat_erased", language)), message.session_id, ERASED, language=language)

    def _attempt(self, message: Message, started: float, *, push: bool, say: Say | None) -> Response:
        taken_in, recorded = self._store.taken_in(message.id)
        if recorded is not None:
            return from_json(Response, recorded)
        with self._store.reading() as db:
            session = self._store.session(db, message.session_id, channel=message.channel)
            known = identified(db, self._store.business, message.session_id, self._clock())
            if session.state.get("shown") and is_unread(db, self._store.business, message.session_id, taken_in):
                taken_in = _BEFORE_ALL
        session = replace(session, customer_id=known)
        message, secret = _without_secret(message, session)
        if is_silent(message):
            return self._recorder.note(message)
        if session.held_by is not None:
            return self._recorder.leave_to_person(message, session)
        think = partial(self._think, message, session, secret=secret, taken_in=taken_in, say=say)
        return self._speak(message, session, started, think, push=push)

    def _speak(self, message: Message, session: Session, started: float, think: Think, *, push: bool) -> Response:
        state = from_json(SessionState, session.state)
        try:
            return self._record_in_time(think, state, started, push=push)
        except (StaleSessionError, *_DATABASE_AWAY):
            raise
        except Exception:
            # The one place that takes any fault: the customer gets an apology and a person, the owner the traceback.
            logger.exception("A message could not be answered (trace %s)", message.trace)
            apology = Reply(self._apology(state.language or "en"), handover="Munshi failed on this message")
            step = Step(apology, replace(state, options={}, clarifying=""), Route("handover", reason="fault"))
            return self._recorder.record(Decided(message, session, state, step, None, started), push=push)

    def _record_in_time(self, think: Think, state: SessionState, started: float, *, push: bool) -> Response:
        """Think and record; once more where what was thought over no longer held when it was to be done."""
        for _ in range(_LOOKS - 1):
            with suppress(OutdatedError):
                return self._recorder.record(think(state, started), push=push)
        return self._recorder.record(think(state, started), push=push)

    def _think(
        self,
        message: Message,
        session: Session,
        state: SessionState,
        started: float,
        *,
        secret: str,
        taken_in: datetime,
        say: Say | None,
    ) -> Decided:
        now = self._clock()
        refused = self._refuse(message, state)
        if refused is not None:
            return Decided(message, session, state, refused, None, started)
        pressed, text = heard(state, message.text, message.pressed, channel=message.channel)
        with self._meter.stage("understand"):
            utterance = with_file(self._understand(text, now=now, previous=state.language), message)
        state = replace(state, language=utterance.language)
        guess = Guess(self._classifier, utterance.raw)
        context = Context(
            utterance, state, now, session.session_id, session.customer_id, message.channel, guess, pressed, say
        )
        context = replace(context, secret=secret, taken_in=taken_in, again=lambda text: self._in_full(context, text))
        with self._meter.stage("decide"):
            step = self._conductor.decide(context)
        return Decided(message, session, state, step, context, started)

    def _in_full(self, context: Context, text: str) -> Context:
        """The same message in other words; it is answered in the language that it came in."""
        utterance = self._understand(text, now=context.now, previous=context.language)
        guess = Guess(self._classifier, utterance.raw)
        files = tuple(entity for entity in context.utterance.entities if entity.kind == FILE_KIND)
        utterance = replace(utterance, language=context.language, entities=utterance.entities + files)
        return replace(context, utterance=utterance, guess=guess, in_full=True)

    def _refuse(self, message: Message, state: SessionState) -> Step | None:
        """A word about messages that hold nothing to understand."""
        key = None
        if self._too_often(message.session_id):
            key = TOO_MANY
        elif not message.text.strip() and not self._is_awaited(message, state):
            key = answer_key(message)
        elif len(message.text) > self._max_chars:
            key = "too_long_message"
        if key is None:
            return None
        text = self._phrases(key, state.language or "en", limit=self._max_chars)
        buttons = self._file_topics.offered(state.language or "en") if key == KEPT and self._file_topics else ()
        return Step(Reply(text, buttons), state, Route("fallback", reason=key))

    def _is_awaited(self, message: Message, state: SessionState) -> bool:
        """Whether a message without words is a file that the open form takes."""
        topics = self._file_topics
        return bool(message.attachments) and topics is not None and topics.awaited(state, self._clock())


def _without_secret(message: Message, session: Session) -> tuple[Message, str]:
    """The message as it may be kept, and what is secret in it: from here on nobody has that but who checks it."""
    state = session.state
    asked = (state.get("identifying") or {}).get("customer_id") or state.get("proving") or state.get("proved")
    text, secret = hide(message.text, code_asked=bool(asked))
    return replace(message, text=text), secret
