"""One message in, one reply out: `Assistant.respond`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any, Protocol, cast

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from munshi.bot.audit import Audit
from munshi.bot.audit_turn import turn_record
from munshi.bot.conductor import Conductor
from munshi.bot.context import Context, Guess, Step
from munshi.bot.doorkeeper import Doorkeeper
from munshi.bot.effects import Request, once
from munshi.bot.keyed_locks import KeyedLocks
from munshi.bot.message import Message
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued
from munshi.bot.preprocess import Utterance
from munshi.bot.pressed import heard, yes_means
from munshi.bot.router import MODEL_STEP, Route
from munshi.bot.secret_words import hide
from munshi.bot.state import HISTORY, SessionState, from_json, to_json
from munshi.bot.store import GoneError, Session, StaleSessionError, Store
from munshi.bot.tracing import tracing
from munshi.bot.wordless import NOTED, answer_key, is_silent, shown
from munshi.handlers.base import Entity, Exchange, Language, OutdatedError, Reply, Turn
from munshi.handlers.customers import identified
from munshi.handlers.sealing import sealer
from munshi.handlers.tickets import open_ticket
from munshi.intents.base import Classifier, Prediction
from munshi.knowledge.base import Say

logger = logging.getLogger(__name__)

HELD, ERASED = "held", "erased"
"""Routes of messages that the bot leaves alone: a person has the chat, or its customer was erased meanwhile."""

GIVEN_UP = "given up"

# Not the message's fault: it waits in the inbox.
_DATABASE_AWAY = (OperationalError, InterfaceError)

# Times that a confirmed request is looked at anew where others keep changing what it is about.
_LOOKS = 5

# What the audit keeps of a response by name.
_DECIDED = ("route", "intent", "confidence", "in_scope", "handler", "language", "llm", "ms")


@dataclass(frozen=True, slots=True)
class Response:
    """What came of a message. `reply` is None while a person holds the chat: the bot stays silent.

    `confidence` and `in_scope` are those of the classifier, 0 where it was not asked; `llm` names the language model
    that had a say in them or worded the reply, "none" where none did; `ms` is the whole turn's time.
    """

    reply: Reply | None
    session_id: str
    route: str
    intent: str | None = None
    confidence: float = 0.0
    in_scope: float = 0.0
    entities: tuple[Entity, ...] = ()
    handler: str | None = None
    language: Language = "en"
    llm: str = "none"
    ms: float = 0.0
    trace: Mapping[str, Any] = field(default_factory=dict)


class Meter(Protocol):
    """Measures turns (see `bot.metrics`)."""

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Measure what happens in the block."""

    def turn(self, response: Response, channel: str) -> None:
        """Count a turn that was recorded."""


class _Unmeasured:
    """Measures nothing."""

    def stage(self, _name: str) -> AbstractContextManager[object]:
        return nullcontext()

    def turn(self, _response: Response, _channel: str) -> None:
        return None


class Understand(Protocol):
    """Text to an `Utterance`: the preprocessor."""

    def __call__(self, text: str, *, now: datetime, previous: Language | None = None) -> Utterance:
        """Understand `text`, said at `now` in a chat that was last in `previous`."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One turn on its way to being recorded."""

    message: Message
    session: Session
    state: SessionState
    step: Step
    context: Context | None
    started: float


Think = Callable[[SessionState, float], _Turn]
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
        meter: Meter | None = None,
    ) -> None:
        """`clock` gives an aware time in the business's zone, `too_often` counts a chat's messages."""
        self._store = store
        self._outbox = outbox
        self._understand = understand
        self._classifier = classifier
        self._conductor = conductor
        self._phrases = conductor.phrases
        self._clock = clock
        self._max_chars = max_chars
        self._too_often = too_often
        self._meter = meter or _Unmeasured()
        self._audit = audit
        self._chats = KeyedLocks()

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
        """Leave an accepted message to a person, with an apology in the outbox, where every answering of it failed.

        The message is not looked into, nor the state of its chat, which is forgotten: either may be what is wrong.
        """
        with self._chats.hold(message.session_id), self._store.transaction() as db:
            session = self._store.session(db, message.session_id, channel=message.channel)
            text, _ = hide(message.text, code_asked=True)
            message = replace(message, text=text)
            self._store.say(db, message.session_id, "customer", text)
            if session.held_by is None:
                language = cast(Language, session.state.get("language") or "en")
                apology = Reply(self._phrases("error_apology", language))
                line = self._store.say(db, message.session_id, "bot", apology.text, to_json(apology))
                self._outbox.post(db, Queued(message.session_id, message.channel, line), apology, language)
                self._store.save_state(db, session, {})
            open_ticket(
                db,
                business=self._store.business,
                session_id=message.session_id,
                customer_id=session.customer_id,
                channel=message.channel,
                kind="handover",
                reason="Munshi failed on this message again and again",
                summary=f"Customer: {text}",
            )
            response = Response(None, message.session_id, GIVEN_UP)
            self._store.finish(db, message, to_json(response))
            self._keep_record(db, message, response)

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
        session = replace(session, customer_id=known)
        message, secret = _without_secret(message, session)
        if is_silent(message):
            with self._store.transaction() as db:
                return self._leave(db, message, NOTED)
        if session.held_by is not None:
            with self._store.transaction() as db:
                return self._leave_to_person(db, message, session)
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
            logger.exception("A message could not be answered (message %s)", message.id)
            apology = Reply(
                self._phrases("error_apology", state.language or "en"), handover="Munshi failed on this message"
            )
            step = Step(apology, replace(state, options={}, clarifying=""), Route("handover", reason="fault"))
            return self._record(_Turn(message, session, state, step, None, started), push=push)

    def _record_in_time(self, think: Think, state: SessionState, started: float, *, push: bool) -> Response:
        """Think and record; once more where what was thought over no longer held when it was to be done."""
        for _ in range(_LOOKS - 1):
            with suppress(OutdatedError):
                return self._record(think(state, started), push=push)
        return self._record(think(state, started), push=push)

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
    ) -> _Turn:
        now = self._clock()
        refused = self._refuse(message, state)
        if refused is not None:
            return _Turn(message, session, state, refused, None, started)
        pressed, text = heard(state, message.text, message.pressed)
        with self._meter.stage("understand"):
            utterance = self._understand(text, now=now, previous=state.language)
        state = replace(state, language=utterance.language)
        guess = Guess(self._classifier, utterance.raw)
        context = Context(
            utterance, state, now, session.session_id, session.customer_id, message.channel, guess, pressed, say
        )
        context = replace(context, secret=secret, taken_in=taken_in, again=lambda text: self._in_full(context, text))
        with self._meter.stage("decide"):
            step = self._conductor.decide(context)
        return _Turn(message, session, state, step, context, started)

    def _in_full(self, context: Context, text: str) -> Context:
        """The same message in other words; it is answered in the language that it came in."""
        utterance = self._understand(text, now=context.now, previous=context.language)
        guess = Guess(self._classifier, utterance.raw)
        return replace(context, utterance=replace(utterance, language=context.language), guess=guess, in_full=True)

    def _refuse(self, message: Message, state: SessionState) -> Step | None:
        """A word about messages that hold nothing to understand."""
        key = None
        if self._too_often(message.session_id):
            key = "too_many_messages"
        elif not message.text.strip():
            key = answer_key(message)
        elif len(message.text) > self._max_chars:
            key = "too_long_message"
        if key is None:
            return None
        text = self._phrases(key, state.language or "en", limit=self._max_chars)
        return Step(Reply(text), state, Route("fallback", reason=key))

    def _record(self, turn: _Turn, *, push: bool) -> Response:
        """Everything the turn changes, the effect of its Action among it, in one transaction."""
        step, message, store = turn.step, turn.message, self._store
        with self._meter.stage("record"), store.transaction() as db:
            if store.session(db, message.session_id, channel=message.channel).held_by is not None:
                return self._leave_to_person(db, message, turn.session)  # taken over while the answer was being made
            reply = self._carry_out(step, db)
            response = _response(turn, reply, self._conductor.llm)
            store.say(db, message.session_id, "customer", shown(message))
            line = store.say(db, message.session_id, "bot", reply.text, to_json(reply))
            session = replace(turn.session, customer_id=step.state.customer or turn.session.customer_id)
            store.save_state(db, session, to_json(_remember(step, turn, reply)))
            if reply.handover is not None:
                _call_person(db, store, turn, reply)
            if push:
                queued = Queued(message.session_id, message.channel, line)
                self._outbox.post(db, queued, reply, response.language)
            store.finish(db, message, to_json(response))
            self._keep_record(db, message, response)
        self._meter.turn(response, message.channel)
        told = {"route": response.route, "intent": response.intent, "handler": response.handler, "ms": response.ms}
        logger.info("Answered a message", extra={**told, "channel": message.channel})
        return response

    def _leave_to_person(self, db: Connection, message: Message, session: Session) -> Response:
        self._store.save_state(db, session, to_json(_unasked(from_json(SessionState, session.state))))
        return self._leave(db, message, HELD)

    def _leave(self, db: Connection, message: Message, route: str) -> Response:
        """Keep a message that the bot does not answer."""
        response = Response(None, message.session_id, route)
        self._store.say(db, message.session_id, "customer", shown(message))
        self._store.finish(db, message, to_json(response))
        self._keep_record(db, message, response)
        return response

    def _carry_out(self, step: Step, db: Connection) -> Reply:
        """The reply of a step; the effect of its action happens here, once for each request."""
        if step.action is None:
            return step.reply
        action, turn = step.action

        def do() -> Reply:
            if step.proof is not None and not step.proof(db):  # the code has run out just now, or was used
                raise StaleSessionError(turn.session_id)
            return action.execute(turn, db)

        done = once(db, self._store.business, _request(turn), do)
        text = "\n\n".join(filter(None, (done.text, step.reply.text)))
        return replace(done, text=text, buttons=step.reply.buttons or done.buttons)

    def _keep_record(self, db: Connection, message: Message, response: Response) -> None:
        """Write the turn into the audit, last of all: the end of its chain is one row that others wait for."""
        sealing = sealer(db, self._store.business, message.session_id)
        decided = {
            **{name: getattr(response, name) for name in _DECIDED},
            "effect": response.trace.get("effect"),
            "classifier": response.trace.get("classifier"),
            "rule": response.trace.get("rule"),
            "generation": _written(response.trace.get("generation")),
        }
        self._audit.append(db, "turn", turn_record(message, sealing, response.reply, decided))


def _without_secret(message: Message, session: Session) -> tuple[Message, str]:
    """The message as it may be kept, and what is secret in it: from here on nobody has that but who checks it."""
    state = session.state
    asked = (state.get("identifying") or {}).get("customer_id") or state.get("proving") or state.get("proved")
    text, secret = hide(message.text, code_asked=bool(asked))
    return replace(message, text=text), secret


def _written(generation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the audit keeps of a model's part: its words are in `faults`, which are only counted."""
    if generation is None:
        return None
    return {**generation, "faults": len(generation["faults"])}


def _request(turn: Turn) -> Request:
    """What the customer confirmed, as the key of its effect is made of it."""
    return Request(turn.session_id, turn.intent or "", turn.request, turn.slots)


def _remember(step: Step, turn: _Turn, reply: Reply) -> SessionState:
    exchange = Exchange(turn.message.text, reply.text, step.intent)
    again = step.action is None and step.state.result is not None  # a yes that came twice
    return replace(
        step.state,
        shown=None if step.shown is None else replace(step.shown, at=datetime.now(UTC)),
        options={button.label: button.value or button.label for button in reply.buttons},
        yes_means=yes_means(step.route, reply),
        result=reply if step.action is not None else step.state.result,
        done=step.action[1].request if step.action is not None else step.state.done if again else "",
        proved=step.proof is not None or (again and step.state.proved),
        exchanges=(*step.state.exchanges, exchange)[-HISTORY:],
    )


def _unasked(state: SessionState) -> SessionState:
    """The state without the question that stood open: a yes to a person is no yes to what the bot had asked."""
    return replace(state, shown=None, result=None, options={}, clarifying="", yes_means="")


def _call_person(db: Connection, store: Store, turn: _Turn, reply: Reply) -> None:
    open_ticket(
        db,
        business=store.business,
        session_id=turn.message.session_id,
        customer_id=turn.session.customer_id,
        channel=turn.message.channel,
        kind="handover",
        reason=reply.handover or "",
        summary=_summary(turn.step.state.exchanges, turn.message.text),
    )


def _summary(exchanges: Sequence[Exchange], text: str) -> str:
    """The chat in a few lines, for the person who takes it over."""
    lines = [line for past in exchanges for line in (f"Customer: {past.text}", f"Munshi: {past.reply}")]
    return "\n".join([*lines, f"Customer: {text}"])


def _response(turn: _Turn, reply: Reply, llm: str) -> Response:
    step, context = turn.step, turn.context
    response = Response(
        reply=reply,
        session_id=turn.message.session_id,
        route=step.route.kind,
        intent=step.intent,
        handler=step.handler,
        language=turn.state.language or "en",
        ms=round((perf_counter() - turn.started) * 1000, 2),
    )
    if context is None:
        return replace(response, trace={"rule": step.route.reason})
    made = context.guess.made
    return replace(
        response,
        confidence=made.confidence if made else 0.0,
        in_scope=made.in_scope if made else 0.0,
        llm=llm if _had_a_say(made, reply) else "none",
        entities=context.utterance.entities,
        trace={**_trace(context, step), "generation": reply.data.get("generation")},
    )


def _had_a_say(made: Prediction | None, reply: Reply) -> bool:
    """Whether the intent or the words of the reply come from a language model."""
    return reply.data.get("method") == "generate" or (made is not None and made.classifier.endswith(MODEL_STEP))


def _trace(context: Context, step: Step) -> dict[str, Any]:
    made, route = context.guess.made, step.route
    return {
        "rule": route.reason,
        "effect": None if step.action is None else _request(step.action[1]).key,
        "classifier": made.classifier if made else None,
        "canonical": context.utterance.canonical,
        "options": list(route.options),
        "ranked": [list(pair) for pair in made.ranked[:3]] if made else [],
    }
