"""Who is let in: what comes before the conductor where a business knows its customers.

A login token binds the chat, "log out" binds it to nobody, and while a customer is being identified a message is first
taken for a part of that. Everything else the conductor decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from munshi.bot.conductor import Conductor
from munshi.bot.consent import logs_out
from munshi.bot.context import Context, Step
from munshi.bot.identity_dialogue import Dropped, Elsewhere, Failed, IdentityDialogue, Known, Waiting
from munshi.bot.pressed import COMMANDS
from munshi.bot.router import Route
from munshi.bot.state import Identifying, SessionState
from munshi.handlers.base import BusinessProfile, Phrases, Reply
from munshi.handlers.customers import LOGIN_TOKEN


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Decides what one message leads to, as a `Conductor` does."""

    conductor: Conductor
    dialogue: IdentityDialogue

    @property
    def phrases(self) -> Phrases:
        """The bot's own sentences."""
        return self.conductor.phrases

    @property
    def profile(self) -> BusinessProfile:
        """What the bot knows of the business."""
        return self.conductor.profile

    @property
    def llm(self) -> str:
        """The language model behind the classifier and the answers."""
        return self.conductor.llm

    def decide(self, context: Context) -> Step:
        """One message to one step. Tries are counted, and chats bound, before it returns."""
        waiting = context.state.identifying
        if waiting is not None and waiting.request.intent not in self.conductor.tools.handlers:  # an edited pack
            waiting, context = None, replace(context, state=replace(context.state, identifying=None))
        if LOGIN_TOKEN.fullmatch(context.secret):
            return self._by_token(context, waiting)
        if logs_out(context.utterance.text):
            return self._log_out(context)
        if waiting is None:
            return self.conductor.decide(context)
        if waiting.expires_at <= context.now:
            context = replace(context, state=replace(context.state, identifying=None))
            return self.conductor.tell_expiry(self.conductor.decide(context), context)
        if context.pressed.startswith(COMMANDS):
            return self._still_waiting(self.conductor.decide(context), waiting, context)
        return self._go_on(context, waiting)

    def _go_on(self, context: Context, waiting: Identifying) -> Step:
        if context.customer_id is not None:  # the chat was bound, and then the turn was lost
            return self._let_in(context, waiting, context.customer_id)
        outcome = self.dialogue.answer(
            waiting, context, is_question=lambda: self.conductor.tools.asks_something_else(context, waiting.request)
        )
        match outcome:
            case Known(customer_id):
                return self._let_in(context, waiting, customer_id)
            case Waiting(reply, identifying):
                return self._say(context, reply, identifying, waiting.request.intent)
            case Elsewhere():
                return self._still_waiting(self.conductor.decide(context), waiting, context)
            case Dropped():
                reply = Reply(self.phrases("form_cancelled", context.language))
                return self._say(context, reply, None, waiting.request.intent)
            case Failed():
                step = self.conductor.tools.hand_over(context, "A customer could not be identified")
                return replace(step, state=replace(step.state, identifying=None))

    def _say(self, context: Context, reply: Reply, identifying: Identifying | None, intent: str | None) -> Step:
        state = replace(context.state, options={}, clarifying="", result=None, identifying=identifying)
        handler = None if intent is None else self.conductor.tools.handlers[intent][0]
        return Step(reply, state, Route("run", intent, reason="identify"), intent, handler)

    def _still_waiting(self, step: Step, waiting: Identifying, context: Context) -> Step:
        """Ask again for what is missing, once something else was answered, where nothing took the request's place."""
        state = step.state
        if state.identifying != waiting or state.clarifying:
            return step
        if state.form is not None or step.reply.handover is not None:
            return replace(step, state=replace(state, identifying=None))
        asked = self.dialogue.again(waiting, context.language)
        reply = replace(step.reply, text=f"{step.reply.text}\n\n{asked.text}", buttons=asked.buttons)
        return replace(step, reply=reply)

    def _let_in(self, context: Context, waiting: Identifying, customer_id: str) -> Step:
        """Go on with the request that waited, as if it had been made just now."""
        state, request = _state_for(context.state, customer_id), waiting.request
        if state.exchanges != context.state.exchanges:  # what another customer filled in is not taken over
            request = replace(request, values={}, asking=None)
        asked = context.again(request.text) if context.again is not None else context
        asked = replace(asked, state=state, customer_id=customer_id, in_full=False, pressed="", secret="", say=None)
        step = self.conductor.resume(asked, request)
        lead = self.phrases("identify_done", context.language)
        return replace(step, reply=replace(step.reply, text=f"{lead}\n\n{step.reply.text}"))

    def _by_token(self, context: Context, waiting: Identifying | None) -> Step:
        customer_id = self.dialogue.identification.by_token(context.session_id, context.secret)
        if customer_id is None:
            reply = Reply(self.phrases("identify_bad_token", context.language))
            return self._say(context, reply, waiting, None)
        if waiting is not None:
            return self._let_in(context, waiting, customer_id)
        state = _state_for(context.state, customer_id)
        reply = Reply(self.phrases("identify_by_token", context.language))
        return self._say(replace(context, state=state), reply, None, None)

    def _log_out(self, context: Context) -> Step:
        self.dialogue.identification.log_out(context.session_id)
        key = "identify_nobody" if context.customer_id is None else "identify_logged_out"
        reply = Reply(self.phrases(key, context.language))
        return self._say(replace(context, state=SessionState(context.state.language)), reply, None, None)


def _state_for(state: SessionState, customer_id: str) -> SessionState:
    """What is remembered when a chat is bound to a customer: of another customer's, nothing."""
    if state.customer in ("", customer_id):
        return replace(state, identifying=None, customer=customer_id)
    return SessionState(state.language, customer=customer_id)
