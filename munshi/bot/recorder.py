"""What a turn changes, kept in one transaction: session, transcript, outbox, inbox, audit, and the Action's effect."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection

from munshi.bot.apology import Apology
from munshi.bot.audit import Audit
from munshi.bot.audit_turn import turn_record
from munshi.bot.context import Step
from munshi.bot.effects import once
from munshi.bot.message import Message
from munshi.bot.meter import Meter
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued
from munshi.bot.pressed import yes_means
from munshi.bot.response import GIVEN_UP, HELD, Decided, Response, request_of, response_to
from munshi.bot.secret_words import hide
from munshi.bot.session_rows import Session, StaleSessionError
from munshi.bot.state import HISTORY, SessionState, from_json, to_json
from munshi.bot.store import Store
from munshi.bot.wordless import NOTED, shown
from munshi.handlers.base import Exchange, Language, Reply
from munshi.handlers.news import TICKETS, note
from munshi.handlers.sealing import Sealer
from munshi.handlers.tickets import open_ticket

logger = logging.getLogger(__name__)

# What the audit keeps of a response by name.
_DECIDED = ("route", "intent", "confidence", "in_scope", "handler", "language", "llm", "ms")


class Recorder:
    """Keeps what comes of messages."""

    def __init__(self, store: Store, outbox: Outbox, audit: Audit, apology: Apology, llm: str, meter: Meter) -> None:
        """`llm` names the language model that may have a say, "none" where there is none."""
        self._store = store
        self._outbox = outbox
        self._audit = audit
        self._apology = apology
        self._llm = llm
        self._meter = meter

    def record(self, turn: Decided, *, push: bool) -> Response:
        """Do and keep what was decided; `push` puts the reply into the outbox.

        Raises StaleSessionError where the chat has gone on since or a person took it over, OutdatedError where what was
        confirmed no longer holds: nothing was kept then.
        """
        step, message, store = turn.step, turn.message, self._store
        with self._meter.stage("record"), store.transaction() as db:
            sealing = store.sealing(db, message.session_id)
            reply = self._carry_out(step, db)
            response = response_to(turn, reply, self._llm)
            store.say(db, message.session_id, "customer", shown(message), sealing=sealing)
            line = store.say(db, message.session_id, "bot", reply.text, to_json(reply), sealing=sealing)
            session = replace(turn.session, customer_id=step.state.customer or turn.session.customer_id)
            store.save_state(db, session, to_json(_remember(step, turn, reply)), sealing=sealing)
            if reply.handover is not None:
                _call_person(db, store, turn, reply)
            if push:
                queued = Queued(message.session_id, message.channel, line)
                self._outbox.post(db, queued, reply, response.language)
            store.finish(db, message, to_json(response), sealing=sealing)
            self._keep_record(db, message, response, sealing)
        self._meter.turn(response, message.channel)
        told = {"route": response.route, "intent": response.intent, "handler": response.handler, "ms": response.ms}
        logger.info("Answered a message", extra={**told, "channel": message.channel})
        return response

    def note(self, message: Message) -> Response:
        """Keep a message that asks for no answer."""
        with self._store.transaction() as db:
            return self._leave(db, message, NOTED)

    def leave_to_person(self, message: Message, session: Session) -> Response:
        """Keep a message in a chat that a person holds."""
        with self._store.transaction() as db:
            return self._held(db, message, session)

    def give_up(self, message: Message) -> None:
        """Leave an accepted message to a person, with an apology in the outbox, where every answering of it failed.

        The message is not looked into, nor the state of its chat, which is forgotten: either may be what is wrong.
        """
        with self._store.transaction() as db:
            session = self._store.session(db, message.session_id, channel=message.channel)
            text, _ = hide(message.text, code_asked=True)
            message = replace(message, text=text)
            self._store.say(db, message.session_id, "customer", text)
            if session.held_by is None:
                language = cast(Language, session.state.get("language") or "en")
                apology = Reply(self._apology(language))
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
            self._keep_record(db, message, response, self._store.sealing(db, message.session_id))

    def _held(self, db: Connection, message: Message, session: Session) -> Response:
        self._store.save_state(db, session, to_json(_unasked(from_json(SessionState, session.state))))
        note(db, TICKETS)  # whoever has the chat waits for it
        return self._leave(db, message, HELD)

    def _leave(self, db: Connection, message: Message, route: str) -> Response:
        """Keep a message that the bot does not answer."""
        response = Response(None, message.session_id, route)
        sealing = self._store.sealing(db, message.session_id)
        self._store.say(db, message.session_id, "customer", shown(message), sealing=sealing)
        self._store.finish(db, message, to_json(response), sealing=sealing)
        self._keep_record(db, message, response, sealing)
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

        done = once(db, self._store.business, request_of(turn), do)
        text = "\n\n".join(filter(None, (done.text, step.reply.text)))
        return replace(done, text=text, buttons=step.reply.buttons or done.buttons)

    def _keep_record(self, db: Connection, message: Message, response: Response, sealing: Sealer) -> None:
        """Write the turn into the audit, last of all: the end of its chain is one row that others wait for."""
        decided = {
            **{name: getattr(response, name) for name in _DECIDED},
            "effect": response.trace.get("effect"),
            "classifier": response.trace.get("classifier"),
            "rule": response.trace.get("rule"),
            "generation": _written(response.trace.get("generation")),
        }
        self._audit.append(db, "turn", turn_record(message, sealing, response.reply, decided))


def _written(generation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the audit keeps of a model's part: its words are in `faults`, which are only counted."""
    if generation is None:
        return None
    return {**generation, "faults": len(generation["faults"])}


def _remember(step: Step, turn: Decided, reply: Reply) -> SessionState:
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


def _call_person(db: Connection, store: Store, turn: Decided, reply: Reply) -> None:
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
