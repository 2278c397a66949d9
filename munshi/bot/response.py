"""What comes of a message: what was decided on, and the response to it with the trace of how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from munshi.bot.context import Context, Step
from munshi.bot.effects import Request
from munshi.bot.message import Message
from munshi.bot.router import MODEL_STEP
from munshi.bot.session_rows import Session
from munshi.bot.state import SessionState
from munshi.handlers.base import Entity, Language, Reply, Turn
from munshi.intents.base import Prediction

HELD, ERASED = "held", "erased"
"""Routes of messages that the bot leaves alone: a person has the chat, or its customer was erased meanwhile."""

GIVEN_UP = "given up"


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


@dataclass(frozen=True, slots=True)
class Decided:
    """A message and what it leads to, before anything of it is done or kept."""

    message: Message
    session: Session
    state: SessionState
    step: Step
    context: Context | None
    started: float


def request_of(turn: Turn) -> Request:
    """What the customer confirmed, as the key of its effect is made of it."""
    return Request(turn.session_id, turn.intent or "", turn.request, turn.slots)


def response_to(turn: Decided, reply: Reply, llm: str) -> Response:
    """The response to a message whose step was carried out, with `reply` as what came of it."""
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
        "effect": None if step.action is None else request_of(step.action[1]).key,
        "classifier": made.classifier if made else None,
        "canonical": context.utterance.canonical,
        "options": list(route.options),
        "ranked": [list(pair) for pair in made.ranked[:3]] if made else [],
    }
