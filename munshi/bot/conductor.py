"""From an understood message to what is said: dialogue, classification, routing, handling.

Nothing here writes: a `Step` says what to reply, or which `Action` to carry out, and what to remember.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from munshi.bot.consent import consent
from munshi.bot.context import Context, Step
from munshi.bot.following import Following
from munshi.bot.form import Form
from munshi.bot.form_steps import FormSteps
from munshi.bot.pressed import COMMANDS, YES
from munshi.bot.pressing import Pressing
from munshi.bot.proof_steps import ProofSteps
from munshi.bot.router import Route
from munshi.bot.starting import Starting
from munshi.bot.state import Question, SessionState
from munshi.bot.tools import Tools
from munshi.handlers.base import BusinessProfile, Phrases


@dataclass(frozen=True, slots=True)
class Conductor:
    """Decides what one message leads to."""

    tools: Tools

    @property
    def phrases(self) -> Phrases:
        """The bot's own sentences."""
        return self.tools.phrases

    @property
    def profile(self) -> BusinessProfile:
        """What the bot knows of the business."""
        return self.tools.profile

    @property
    def llm(self) -> str:
        """The language model behind the classifier and the answers."""
        return self.tools.llm

    def decide(self, context: Context) -> Step:
        """One message to one step."""
        asked, clarifying = self._still_valid(context.state, context.now), context.state.clarifying
        context = replace(context, state=replace(asked, options={}, clarifying="", result=None))
        if asked.result is not None and _is_repeated(asked, context):
            step = Step(asked.result, replace(context.state, result=asked.result), Route("run", reason="done already"))
        elif context.pressed.startswith(COMMANDS):
            step = self._proofs.still_proving(self._pressing.press(context, clarifying), context)
        elif asked.proving is not None:
            step = self._proofs.prove(context, asked.proving)
        elif asked.form is not None and asked.form.expires_at > context.now:
            step = self._following.go_on(context, asked.form)
        else:
            context = self._in_full(replace(context, state=replace(context.state, form=None, parked=())))
            step = self._starting.start(context)
            step = self._starting.tell_expiry(step, context) if asked.form is not None else step
        return self._round_off(step, context)

    def resume(self, context: Context, form: Form) -> Step:
        """Go on with a form that waited; `context` is the message that opened it."""
        route = Route("run", form.intent, reason="identified")
        filled = self.tools.dialogue.fill(form, self.tools.said(context, form))
        return self._round_off(self._forms.tell(context, filled, route), context)

    def tell_expiry(self, step: Step, context: Context) -> Step:
        """Tell of a request that has run out of time, where a message was probably meant for it."""
        return self._starting.tell_expiry(step, context)

    def _round_off(self, step: Step, context: Context) -> Step:
        step = self._following.take_up(step, context)
        return replace(step, state=replace(step.state, topics=context.topics, question=_question(step, context)))

    def _in_full(self, context: Context) -> Context:
        """The question that a follow-up stands for; the message itself where it stands for none."""
        asked = context.state.question
        known = asked.intent is None or asked.intent in self.tools.handlers
        if not asked.text or not known or consent(context.utterance.text) is not None:
            return context
        handler = "faq" if asked.intent is None else self.tools.handlers[asked.intent][0]
        clear = self.tools.router.route(context.guess(), context.utterance.raw, context.utterance.entities)
        elsewhere = clear.kind in ("run", "handover") and self._handler_of(clear.intent) != handler
        return context if elsewhere else self.tools.whole_questions(context, handler)

    def _handler_of(self, intent: str | None) -> str | None:
        return self.tools.handlers[intent][0] if intent is not None and intent in self.tools.handlers else None

    def _still_valid(self, state: SessionState, now: datetime) -> SessionState:
        """The state without what an edited pack no longer knows, and without what waited too long for its turn."""
        known = self.tools.handlers
        form = state.form if state.form is not None and state.form.intent in known else None
        parked = tuple(form for form in state.parked if form.intent in known and form.expires_at > now)
        proving = state.proving
        if proving is not None and proving.form.intent not in known:
            proving = None
        return replace(state, form=form, parked=parked, proving=proving)

    @property
    def _starting(self) -> Starting:
        return Starting(self.tools)

    @property
    def _following(self) -> Following:
        return Following(self.tools)

    @property
    def _forms(self) -> FormSteps:
        return FormSteps(self.tools)

    @property
    def _proofs(self) -> ProofSteps:
        return ProofSteps(self.tools)

    @property
    def _pressing(self) -> Pressing:
        return Pressing(self.tools)


def _question(step: Step, context: Context) -> Question:
    """What the next message may lean on: small talk and the answers of a form are no questions."""
    if step.handler == "small_talk" or context.secret or not context.utterance.canonical:
        return context.state.question
    if any((step.state.form, step.state.identifying, step.state.proving)):
        return context.state.question
    return Question(context.utterance.canonical, step.intent)


def _is_repeated(asked: SessionState, context: Context) -> bool:
    """Whether a message is the yes, or the code, that the last reply was the result of."""
    if context.pressed:
        return context.pressed.startswith(f"{YES}{asked.done}.")
    return consent(context.utterance.text) == "yes" or (asked.proved and bool(context.secret))
