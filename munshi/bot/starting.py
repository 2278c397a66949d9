"""A fresh message: routed, asked back about, answered or made a form."""

from __future__ import annotations

from dataclasses import dataclass, replace

from munshi.bot.consent import consent
from munshi.bot.context import Context, Step, is_short
from munshi.bot.form_steps import FormSteps
from munshi.bot.paper_answers import SURE_ANSWER, PaperAnswers
from munshi.bot.pressed import COMMANDS, NONE_OF_THESE
from munshi.bot.router import HANDOVER_HANDLER, Route
from munshi.bot.tools import Tools
from munshi.bot.whole_question import PAPER_HANDLERS
from munshi.handlers.base import Prefacing, Reply

PRODUCT_HANDLER = "stock_price"


@dataclass(frozen=True, slots=True)
class Starting:
    """Makes a step of a message that is no answer to anything."""

    tools: Tools

    @property
    def _papers(self) -> PaperAnswers:
        return PaperAnswers(self.tools)

    @property
    def _forms(self) -> FormSteps:
        return FormSteps(self.tools)

    def start(self, context: Context) -> Step:
        """Where a message leads to by itself."""
        if consent(context.utterance.text) == "cancel":
            reply = Reply(self.tools.phrases("nothing_to_cancel", context.language))
            return Step(reply, context.state, Route("run", reason="nothing to cancel"))
        if context.in_full:
            asked = context.state.question.intent
            route = self.tools.router.by_rule(asked, "follow-up") if asked else Route("run", reason="follow-up")
            return self.follow(context, route)
        route = self.tools.router.route(context.guess(), context.utterance.raw, context.utterance.entities)
        if route.kind in ("clarify", "fallback"):
            followed = self._follow_up(context)
            if followed is not None:
                return followed
            if consent(context.utterance.text) is not None:
                reply = Reply(self.tools.phrases("nothing_asked", context.language))
                return Step(reply, context.state, Route("run", reason="nothing was asked"))
        return self.follow(context, route)

    def tell_expiry(self, step: Step, context: Context) -> Step:
        """Where a message makes no sense by itself it was probably meant for the form that ran out of time."""
        told = self.tools.phrases("form_expired", context.language)
        if consent(context.utterance.text) is not None and not context.pressed.startswith(COMMANDS):
            return replace(step, reply=Reply(told), route=Route("run", reason="expired"))
        if step.route.kind not in ("clarify", "fallback") or step.reply.citations:
            return step
        return replace(step, reply=replace(step.reply, text=f"{told}\n\n{step.reply.text}"))

    def _follow_up(self, context: Context) -> Step | None:
        """A few unclear words after a product was looked up narrow that question down, where they do find one."""
        exchanges = context.state.exchanges
        last = exchanges[-1].intent if exchanges else None
        if last is None or last not in self.tools.handlers or self.tools.handlers[last][0] != PRODUCT_HANDLER:
            return None
        if not is_short(context.utterance.text):
            return None
        step = self.follow(context, self.tools.router.by_rule(last, "follow-up"))
        return step if step.route.kind == "run" and step.reply.answered and step.reply.data.get("products") else None

    def follow(self, context: Context, route: Route) -> Step:
        """Go where a route leads."""
        if route.kind == "clarify":
            return self._clarify(context, route)
        if route.kind == "confirm":
            return self.confirm(context, route, context.utterance.raw)
        if route.intent is None or route.intent not in self.tools.handlers:
            return self.from_papers(context, route)
        preface = self._preface(context, route.intent)
        if preface.handover is not None:
            return Step(preface, context.state, *self._handed_over(route))
        step = self._open(context, route, route.intent)
        return step if step.action is not None else _after(preface.text, step)

    def _preface(self, context: Context, intent: str) -> Reply:
        """What comes before anything is asked; mostly nothing."""
        _, handler = self.tools.handlers[intent]
        if not isinstance(handler, Prefacing):
            return Reply("")
        return handler.preface(self.tools.turn(context, context.utterance.text, {}))

    def _handed_over(self, route: Route) -> tuple[Route, str, str]:
        assert route.intent is not None  # it is that of a handler
        return replace(route, kind="handover"), route.intent, self.tools.handlers[route.intent][0]

    def _open(self, context: Context, route: Route, intent: str) -> Step:
        """Begin a form with what the message gives."""
        text = context.utterance.text
        form = self.tools.dialogue.begin(intent, text=text, query=text, now=context.now)
        if self.tools.is_unknown(form, context):
            return self._forms.ask_who(context, form, route)
        said = self.tools.said(context, form, context.entities_with(frozenset({"order_number"})))
        return self._forms.tell(context, self.tools.dialogue.fill(form, said), route)

    def _clarify(self, context: Context, route: Route) -> Step:
        answer = self._papers.ask(context)
        enough = 0.0 if self._reads_papers(route.intent) else SURE_ANSWER
        if not answer.abstained and answer.confidence >= enough:
            intent = None if self.tools.router.is_risky(route.intent) else route.intent
            found = Route("run", intent, reason="unsure, but the papers answer it")
            return Step(self._papers.worded(context, answer), context.state, found, intent, "faq")
        reply = self.tools.ask.which(route.options, context.language)
        return Step(reply, replace(context.state, clarifying=context.utterance.raw), route, route.intent)

    def _reads_papers(self, intent: str | None) -> bool:
        """Whether the intent would be answered by the same search of the papers, and may be at a guess."""
        risky = self.tools.router.is_risky(intent)
        return intent is not None and not risky and self.tools.handlers[intent][0] in PAPER_HANDLERS

    def confirm(self, context: Context, route: Route, about: str) -> Step:
        """Ask whether that is what the customer wants; `about` is the message that a yes runs it on.

        What the papers surely say of it comes first: a question may be answered by that, and an emergency number read.
        """
        assert route.intent is not None  # there is nothing else to confirm
        preface = self._preface(context, route.intent)
        if preface.handover is not None:
            return Step(preface, context.state, *self._handed_over(route))
        reply = self.tools.ask.whether(route.intent, context.language)
        answer = self._papers.ask(context)
        if not answer.abstained and answer.confidence >= SURE_ANSWER:
            said = self._papers.cited(context, answer)
            reply = replace(said, text=f"{said.text}\n\n{reply.text}", buttons=reply.buttons)
            preface = Reply("")
        return _after(preface.text, Step(reply, replace(context.state, clarifying=about), route, route.intent))

    def from_papers(self, context: Context, route: Route) -> Step:
        """What the papers say to a message that fits no intent; else that it is not known, and a person."""
        asked = self._likeliest(context, PRODUCT_HANDLER) if context.names_product else None
        if asked is not None:
            return self.follow(context, self.tools.router.to_intent(asked, "names a product"))
        answer = self._papers.ask(context)
        # Who says that it is something else has read the answer that stood beside the question.
        read = context.pressed == NONE_OF_THESE and answer.text in context.last_reply
        reply = Reply("", answered=False) if read else self._papers.worded(context, answer)
        if reply.answered:
            return Step(reply, context.state, route, None, "faq")
        product = self.tools.router.product_intent if context.names_product else None
        refused = context.pressed == NONE_OF_THESE and self.tools.router.is_risky(product)
        if product is not None and not refused:
            return self.follow(context, self.tools.router.by_rule(product, "names a product"))
        person = self._likeliest(context, HANDOVER_HANDLER)
        if person is not None:
            return self.follow(context, self.tools.router.to_intent(person, "offered at the latest"))
        unknown = replace(self.tools.ask.person(context.language), data=reply.data)
        return Step(unknown, context.state, route, None, "out_of_scope")

    def _likeliest(self, context: Context, handler: str) -> str | None:
        """The intent of that handler which the message is likeliest about, for all that it may be out of scope.

        What else speaks for it must be seen to by whoever asks: a product that is named, or that nothing else is left.
        """
        guess = context.guess()
        refused = context.pressed == NONE_OF_THESE or guess.intent is None or self.tools.router.is_risky(guess.intent)
        if refused or guess.confidence < self.tools.router.thresholds.clarify:
            return None
        return guess.intent if self.tools.handlers[guess.intent or ""][0] == handler else None


def _after(text: str, step: Step) -> Step:
    """A step with a text before its reply."""
    return replace(step, reply=replace(step.reply, text="\n\n".join(filter(None, (text, step.reply.text)))))
