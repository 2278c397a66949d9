"""A message while a one-time code is waited for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from munshi.bot.context import Context, Step
from munshi.bot.following import Following
from munshi.bot.form_steps import FormSteps
from munshi.bot.proof_dialogue import Dropped, Failed, Other, Proved, Waiting
from munshi.bot.router import Route
from munshi.bot.starting import Starting
from munshi.bot.state import Proving
from munshi.bot.tools import Tools
from munshi.handlers.base import Action, Reply


@dataclass(frozen=True, slots=True)
class ProofSteps:
    """Makes a step of what is said meanwhile."""

    tools: Tools

    @property
    def _starting(self) -> Starting:
        return Starting(self.tools)

    @property
    def _following(self) -> Following:
        return Following(self.tools)

    @property
    def _forms(self) -> FormSteps:
        return FormSteps(self.tools)

    def prove(self, context: Context, proving: Proving) -> Step:
        """A message while a code is waited for."""
        form, route = proving.form, Route("run", proving.form.intent, reason="code")
        without = replace(context, state=replace(context.state, proving=None))
        if form.expires_at <= context.now:
            return self._starting.tell_expiry(self._starting.start(without), without)
        if self.tools.proofs is None or proving.customer_id != context.customer_id:  # who it was is known no longer
            return self._following.go_on(without, form)
        match self.tools.proofs.answer(proving, context):
            case Other():
                return self._while_proving(context, proving)
            case Proved():
                return self._carry_out(without, proving, route)
            case Waiting(reply, waiting):
                step = self.tools.say(context, reply, None, route)
                return replace(step, state=replace(step.state, proving=waiting))
            case Dropped():
                reply = Reply(self.tools.phrases("form_cancelled", context.language))
                return self.tools.say(without, reply, None, route)
            case Failed():
                return self.tools.hand_over(without, "The one-time code was not given")

    def _carry_out(self, context: Context, proving: Proving, route: Route) -> Step:
        """Do what was confirmed, now that the code is right; it is used up together with the effect."""
        assert self.tools.proofs is not None  # it has just been asked
        form = proving.form
        name, handler = self.tools.handlers[form.intent]
        assert isinstance(handler, Action)  # only actions ask for a code
        turn = self._forms.confirmed_turn(context, form)
        using = self.tools.proofs.proofs.using(context.session_id, proving)
        return Step(Reply(""), context.state, route, form.intent, name, action=(handler, turn), proof=using)

    def _while_proving(self, context: Context, proving: Proving) -> Step:
        """A correction makes it another request, to be confirmed anew; a question is answered, and the code awaited."""
        assert self.tools.proofs is not None
        form, route = proving.form, Route("run", proving.form.intent, reason="form")
        without = replace(context, state=replace(context.state, proving=None))
        changed = self.tools.dialogue.change(form, self.tools.said(context, form))
        if changed is not None:
            return self._forms.tell(without, changed, route)
        if self.tools.asks_something_else(context, form):
            return self.still_proving(self._starting.start(context), context)
        match self.tools.proofs.unheard(proving, context):
            case Waiting(reply, waiting):
                step = self.tools.say(context, reply, None, route)
                return replace(step, state=replace(step.state, proving=waiting))
            case Failed():
                return self.tools.hand_over(without, "The one-time code was not given")

    def still_proving(self, step: Step, context: Context) -> Step:
        """Ask for the code again, once something else was answered, where nothing took the request's place."""
        state = step.state
        if self.tools.proofs is None or state.proving is None or state.clarifying:
            return step
        if state.form is not None or state.identifying is not None or step.reply.handover is not None:
            return replace(step, state=replace(state, proving=None))
        asked = self.tools.proofs.again(context.language)
        reply = replace(step.reply, text=f"{step.reply.text}\n\n{asked.text}", buttons=asked.buttons)
        return replace(step, reply=reply)
