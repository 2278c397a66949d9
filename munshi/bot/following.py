"""A message to an open form, and a form that waited for another question."""

from __future__ import annotations

from dataclasses import dataclass, replace

from munshi.bot.consent import consent
from munshi.bot.context import Context, Step
from munshi.bot.form import Cancelled, Confirm, Digression, Form, Outcome, Ready
from munshi.bot.form_steps import FormSteps
from munshi.bot.router import Route
from munshi.bot.starting import Starting
from munshi.bot.tools import Tools
from munshi.bot.within_form import WithinForm


@dataclass(frozen=True, slots=True)
class Following:
    """Makes a step of what is said to a form."""

    tools: Tools

    @property
    def _starting(self) -> Starting:
        return Starting(self.tools)

    @property
    def _forms(self) -> FormSteps:
        return FormSteps(self.tools)

    @property
    def _within(self) -> WithinForm:
        return WithinForm(self.tools)

    def go_on(self, context: Context, form: Form) -> Step:
        """What a message does with the form that is open."""
        if self.tools.is_unknown(form, context):  # who it was is known no longer
            leaves = consent(context.utterance.text) == "cancel"
            away = not leaves and self.tools.asks_something_else(context, form)
            outcome: Outcome = Cancelled(form) if leaves else Digression(form) if away else Confirm(form)
        else:
            said = replace(self.tools.said(context, form), asks_about_it=lambda: self._within.answers(context, form))
            shown = self._forms.was_shown(context, form)
            outcome = self.tools.dialogue.answer(form, said, shown=shown, now=context.now)
            if isinstance(outcome, Ready) and shown:
                outcome = self._forms.confirmed(context, outcome.form)
        if isinstance(outcome, Digression):
            parked = replace(context.state, form=None, parked=(*context.state.parked, outcome.form))
            context = replace(context, state=parked)
            if outcome.about_it:
                return self._within.step(context, outcome.form)
            return self._starting.start(self._within.read(context, outcome.form))
        return self._forms.tell(context, outcome, Route("run", form.intent, reason="form"))

    def take_up(self, step: Step, context: Context) -> Step:
        """Once a digression is over, put the waiting form's question after its answer."""
        if step.state.form is not None or not step.state.parked or step.reply.handover or step.state.clarifying:
            return step
        if step.state.identifying is not None or step.state.proving is not None:
            return step
        *rest, form = step.state.parked
        state = replace(step.state, parked=tuple(rest))
        route, context = Route("run", form.intent), replace(context, state=state)
        unknown = self.tools.is_unknown(form, context)
        outcome = Confirm(form) if unknown else self.tools.dialogue.again(form, self.tools.said(context, form).turn)
        asking = self._forms.tell(context, outcome, route)
        lead = self.tools.phrases("form_resume", context.language, title=self.tools.title_of(form, context))
        text = "\n\n".join(filter(None, (step.reply.text, f"{lead} {asking.reply.text}".strip())))
        reply = replace(step.reply, text=text, buttons=asking.reply.buttons)
        return replace(step, reply=reply, state=asking.state, shown=asking.shown)
