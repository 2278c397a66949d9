"""What a form leads to: a question, a read-back, a code, the effect."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from munshi.bot.audit_chain import canonical
from munshi.bot.consent import consent
from munshi.bot.context import Context, Step
from munshi.bot.form import Ask, Cancelled, Confirm, Digression, Form, GaveUp, Outcome, Ready, Stuck
from munshi.bot.paper_answers import SURE_ANSWER, PaperAnswers
from munshi.bot.pressed import YES
from munshi.bot.proof_dialogue import NotSent
from munshi.bot.router import Route
from munshi.bot.state import Shown
from munshi.bot.tools import Tools
from munshi.bot.whole_question import PAPER_HANDLERS
from munshi.handlers.base import Action, Challenge, Challenging, Language, OutdatedError, Reply, Turn


@dataclass(frozen=True, slots=True)
class FormSteps:
    """Makes a step of what a form has come to."""

    tools: Tools

    @property
    def _papers(self) -> PaperAnswers:
        return PaperAnswers(self.tools)

    def tell(self, context: Context, outcome: Outcome, route: Route) -> Step:
        """What is said and done about an outcome; whoever it is about must be known first."""
        if self.tools.is_unknown(outcome.form, context) and isinstance(outcome, Ready | Ask | Confirm):
            return self.ask_who(context, outcome.form, route)
        match outcome:
            case Ready(form):
                return self._run(context, form, route)
            case Ask():
                return self.tools.say(context, self.tools.ask.slot(outcome, context.language), outcome.form, route)
            case Confirm(form, declined):
                if declined:
                    return self.tools.say(context, self.tools.ask.change(context.language), form, route)
                reply, shown = self._read_back(context, form)
                return replace(self.tools.say(context, reply, form, route), shown=shown)
            case Stuck(form, problem):
                return self.tools.say(context, self.tools.ask.nothing_fits(problem, context.language), None, route)
            case Cancelled(form):
                reply = Reply(self.tools.phrases("form_cancelled", context.language))
                return self.tools.say(context, reply, None, replace(route, intent=form.intent))
            case GaveUp(form):
                step = self.tools.hand_over(context, self.tools.phrases("form_too_many_tries", context.language))
                return replace(step, state=replace(step.state, form=None))
            case Digression(form):
                return self.tools.say(context, self.tools.ask.person(context.language), form, route)

    def ask_who(self, context: Context, form: Form, route: Route) -> Step:
        """Ask who writes; the form waits for that."""
        assert self.tools.identify is not None  # see _is_unknown
        reply, identifying = self.tools.identify(form, context.language)
        step = self.tools.say(context, reply, None, replace(route, kind="run", intent=form.intent))
        return replace(step, state=replace(step.state, identifying=identifying))

    def _read_back(self, context: Context, form: Form) -> tuple[Reply, Shown]:
        """What will be done, to be confirmed, and the note that it was shown."""
        summary = self._summary(context, form, context.language)
        shown = Shown(form.id, _stamp(form, summary), context.language)
        reply = self.tools.ask.go_ahead(summary, context.language, YES + shown.name)
        if _says_yes(context) and self.was_shown(context, form):
            reply = replace(reply, text=f"{self.tools.phrases('confirm_changed', context.language)}\n\n{reply.text}")
        return reply, shown

    def _summary(self, context: Context, form: Form, language: Language) -> Reply:
        _, handler = self.tools.handlers[form.intent]
        assert isinstance(handler, Action)  # only actions are confirmed
        return handler.summary(replace(self.action_turn(context, form), language=language))

    def was_shown(self, context: Context, form: Form) -> bool:
        """Whether the form was read back in the last reply, and the customer had it before they wrote this."""
        shown = context.state.shown
        if shown is None or shown.form != form.id or form.asking is not None:
            return False
        if context.pressed.startswith(YES) and context.pressed != YES + shown.name:
            return False
        return context.taken_in is None or shown.at is None or context.taken_in > shown.at

    def confirmed(self, context: Context, form: Form) -> Outcome:
        """What a yes comes to: it counts where the form still holds, and would be read back now just as it was."""
        outcome, shown = self.tools.dialogue.again(form, self.tools.said(context, form).turn), context.state.shown
        if not isinstance(outcome, Confirm) or shown is None:
            return outcome
        same = _stamp(form, self._summary(context, outcome.form, shown.language)) == shown.stamp
        return Ready(form) if same else outcome

    def action_turn(self, context: Context, form: Form) -> Turn:
        """The turn that a filled form makes."""
        return replace(
            self.tools.turn(context, form.text, form.values), intent=form.intent, query=form.query, request=form.id
        )

    def confirmed_turn(self, context: Context, form: Form) -> Turn:
        """The turn with what was read back. Raises OutdatedError where that has become another thing just now."""
        shown = context.state.shown
        summary = self._summary(context, form, context.language if shown is None else shown.language)
        if shown is not None and _stamp(form, summary) != shown.stamp:
            raise OutdatedError(f"{form.intent}: it would be read back otherwise now")
        return replace(self.action_turn(context, form), shown=summary.data)

    def _run(self, context: Context, form: Form, route: Route) -> Step:
        name, handler = self.tools.handlers[form.intent]
        state = replace(context.state, form=None)
        turn = self.action_turn(context, form)
        if isinstance(handler, Action):
            challenge = handler.challenge(turn) if isinstance(handler, Challenging) else None
            if challenge is not None:
                return self._challenge(context, form, challenge, route)
            confirmed = self.confirmed_turn(context, form)
            return Step(Reply(""), state, route, form.intent, name, action=(handler, confirmed))
        reply = handler.answer(turn)
        if not reply.answered and name not in PAPER_HANDLERS:
            # That a thing is not in the records is an answer too: only a sure passage speaks against it.
            answer = self._papers.ask(context)
            sure = not answer.abstained and (not reply.text or answer.confidence >= SURE_ANSWER)
            reply = self._papers.worded(context, answer) if sure else reply
        if not reply.answered:
            unknown = self.tools.ask.person(context.language)
            said, buttons = reply.text or unknown.text, reply.buttons or unknown.buttons
            reply = replace(unknown, text=said, buttons=buttons, data=reply.data)
        return Step(reply, state, route, form.intent, name)

    def _challenge(self, context: Context, form: Form, challenge: Challenge, route: Route) -> Step:
        """Send the code that a confirmed request needs, and wait for it."""
        if self.tools.proofs is None or context.customer_id is None:
            step = self.tools.hand_over(context, self.tools.phrases("prove_impossible", context.language))
            return replace(step, state=replace(step.state, form=None))
        sent = self.tools.proofs.begin(form, context.customer_id, challenge, context)
        if isinstance(sent, NotSent):
            return self.tools.say(context, sent.reply, form, route)
        step = self.tools.say(context, sent.reply, None, route)
        return replace(step, state=replace(step.state, proving=sent.proving))


def _says_yes(context: Context) -> bool:
    return consent(context.utterance.text) == "yes"


def _stamp(form: Form, summary: Reply) -> str:
    told = canonical({"values": dict(form.values), "text": summary.text})
    return hashlib.sha256(told.encode()).hexdigest()[:16]
