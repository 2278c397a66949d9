"""From an understood message to what is said: dialogue, classification, routing, handling.

Nothing here writes: a `Step` says what to reply, or which `Action` to carry out, and what to remember.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from munshi.bot.audit_chain import canonical
from munshi.bot.consent import consent
from munshi.bot.context import TOPIC_KINDS, Context, Step, is_short
from munshi.bot.dialogue import Dialogue
from munshi.bot.filling import Said
from munshi.bot.form import Ask, Cancelled, Confirm, Digression, Form, GaveUp, Outcome, Ready, Stuck
from munshi.bot.pressed import COMMANDS, DROPPED, INTENT, NONE_OF_THESE, YES
from munshi.bot.proof_dialogue import Dropped, Failed, NotSent, Other, ProofDialogue, Proved, Waiting
from munshi.bot.questions import Questions
from munshi.bot.router import HANDOVER_HANDLER, Route, Router
from munshi.bot.state import Identifying, Proving, Question, SessionState, Shown
from munshi.bot.whole_question import PAPER_HANDLERS, WholeQuestions
from munshi.handlers.base import (
    CALL_PERSON,
    Action,
    Answerer,
    BusinessProfile,
    Challenge,
    Challenging,
    Entity,
    Handler,
    Knowledge,
    Language,
    Phrases,
    Reply,
    Turn,
)
from munshi.handlers.faq import in_words_of, told_of
from munshi.knowledge.base import Answer

PRODUCT_HANDLER = "stock_price"
# A passage that fits this well answers a message whose intent is unsure: asking back would only annoy.
SURE_ANSWER = 0.9


@dataclass(frozen=True, slots=True)
class Conductor:
    """Decides what one message leads to.

    `handlers` gives each intent's handler with its name, `person` is the handler that calls a person, `titles` gives
    an intent's title in a language, `whole_questions` the question that a follow-up stands for, `llm` names the
    language model behind the classifier and the answers. `personal` are the intents that need a customer who is known:
    for anyone else `identify` asks who it is, and the form waits. `proofs` sends the one-time codes that actions want.
    """

    dialogue: Dialogue
    router: Router
    handlers: Mapping[str, tuple[str, Handler]]
    person: Answerer
    knowledge: Knowledge
    phrases: Phrases
    profile: BusinessProfile
    titles: Callable[[str, str], str]
    whole_questions: WholeQuestions
    llm: str = "none"
    personal: frozenset[str] = frozenset()
    identify: Callable[[Form, str], tuple[Reply, Identifying]] | None = None
    proofs: ProofDialogue | None = None

    def decide(self, context: Context) -> Step:
        """One message to one step."""
        asked, clarifying = self._still_valid(context.state), context.state.clarifying
        context = replace(context, state=replace(asked, options={}, clarifying="", result=None))
        if asked.result is not None and _is_repeated(asked, context):
            step = Step(asked.result, replace(context.state, result=asked.result), Route("run", reason="done already"))
        elif context.pressed.startswith(COMMANDS):
            step = self._still_proving(self._press(context, clarifying), context)
        elif asked.proving is not None:
            step = self._prove(context, asked.proving)
        elif asked.form is not None and asked.form.expires_at > context.now:
            step = self._continue(context, asked.form)
        else:
            context = self._in_full(replace(context, state=replace(context.state, form=None, parked=())))
            step = self._start(context)
            step = self.tell_expiry(step, context) if asked.form is not None else step
        return self._round_off(step, context)

    def resume(self, context: Context, form: Form) -> Step:
        """Go on with a form that waited; `context` is the message that opened it."""
        route = Route("run", form.intent, reason="identified")
        filled = self.dialogue.fill(form, self._said(context, form))
        return self._round_off(self._tell(context, filled, route), context)

    def _round_off(self, step: Step, context: Context) -> Step:
        step = self._take_up(step, context)
        return replace(step, state=replace(step.state, topics=context.topics, question=_question(step, context)))

    def _in_full(self, context: Context) -> Context:
        """The question that a follow-up stands for; the message itself where it stands for none."""
        asked = context.state.question
        known = asked.intent is None or asked.intent in self.handlers
        if not asked.text or not known or consent(context.utterance.text) is not None:
            return context
        handler = "faq" if asked.intent is None else self.handlers[asked.intent][0]
        clear = self.router.route(context.guess(), context.utterance.raw, context.utterance.entities)
        elsewhere = clear.kind in ("run", "handover") and self._handler_of(clear.intent) != handler
        return context if elsewhere else self.whole_questions(context, handler)

    def _handler_of(self, intent: str | None) -> str | None:
        return self.handlers[intent][0] if intent is not None and intent in self.handlers else None

    @property
    def _ask(self) -> Questions:
        return Questions(self.phrases, self.titles)

    def _still_valid(self, state: SessionState) -> SessionState:
        """The state without what an edited pack no longer knows."""
        form = state.form if state.form is not None and state.form.intent in self.handlers else None
        parked = tuple(form for form in state.parked if form.intent in self.handlers)
        proving = state.proving if state.proving is not None and state.proving.form.intent in self.handlers else None
        return replace(state, form=form, parked=parked, proving=proving)

    def tell_expiry(self, step: Step, context: Context) -> Step:
        """Where a message makes no sense by itself it was probably meant for the form that ran out of time."""
        if step.route.kind not in ("clarify", "fallback") or step.reply.citations:
            return step
        told = self.phrases("form_expired", context.language)
        return replace(step, reply=replace(step.reply, text=f"{told}\n\n{step.reply.text}"))

    # -- a fresh message -------------------------------------------------------------------------------------------

    def _start(self, context: Context) -> Step:
        if consent(context.utterance.text) == "cancel":
            reply = Reply(self.phrases("nothing_to_cancel", context.language))
            return Step(reply, context.state, Route("run", reason="nothing to cancel"))
        if context.in_full:
            asked = context.state.question.intent
            route = self.router.by_rule(asked, "follow-up") if asked else Route("run", reason="follow-up")
            return self._follow(context, route)
        route = self.router.route(context.guess(), context.utterance.raw, context.utterance.entities)
        if route.kind in ("clarify", "fallback"):
            followed = self._follow_up(context)
            if followed is not None:
                return followed
            if consent(context.utterance.text) is not None:
                reply = Reply(self.phrases("nothing_asked", context.language))
                return Step(reply, context.state, Route("run", reason="nothing was asked"))
        return self._follow(context, route)

    def _follow_up(self, context: Context) -> Step | None:
        """A few unclear words after a product was looked up narrow that question down, where they do find one."""
        exchanges = context.state.exchanges
        last = exchanges[-1].intent if exchanges else None
        if last is None or last not in self.handlers or self.handlers[last][0] != PRODUCT_HANDLER:
            return None
        if not is_short(context.utterance.text):
            return None
        step = self._follow(context, self.router.by_rule(last, "follow-up"))
        return step if step.route.kind == "run" and step.reply.answered and step.reply.data.get("products") else None

    def _follow(self, context: Context, route: Route) -> Step:
        if route.kind == "clarify":
            return self._clarify(context, route)
        if route.kind == "confirm":
            return self._confirm(context, route, context.utterance.raw)
        if route.intent is None or route.intent not in self.handlers:
            return self._from_papers(context, route)
        text = context.utterance.text
        form = self.dialogue.begin(route.intent, text=text, query=text, now=context.now)
        if self._is_unknown(form, context):
            return self._identify(context, form, route)
        said = self._said(context, form, context.entities_with(frozenset({"order_number"})))
        return self._tell(context, self.dialogue.fill(form, said), route)

    def _clarify(self, context: Context, route: Route) -> Step:
        answer = self._ask_papers(context)
        enough = 0.0 if self._reads_papers(route.intent) else SURE_ANSWER
        if not answer.abstained and answer.confidence >= enough:
            intent = None if self.router.is_risky(route.intent) else route.intent
            found = Route("run", intent, reason="unsure, but the papers answer it")
            return Step(self._worded(context, answer), context.state, found, intent, "faq")
        reply = self._ask.which(route.options, context.language)
        return Step(reply, replace(context.state, clarifying=context.utterance.raw), route, route.intent)

    def _reads_papers(self, intent: str | None) -> bool:
        """Whether the intent would be answered by the same search of the papers, and may be at a guess."""
        risky = self.router.is_risky(intent)
        return intent is not None and not risky and self.handlers[intent][0] in PAPER_HANDLERS

    def _confirm(self, context: Context, route: Route, about: str) -> Step:
        """Ask whether that is what the customer wants; `about` is the message that a yes runs it on.

        What the papers surely say of it comes first: a question may be answered by that, and an emergency number read.
        """
        assert route.intent is not None  # there is nothing else to confirm
        reply = self._ask.whether(route.intent, context.language)
        answer = self._ask_papers(context)
        if not answer.abstained and answer.confidence >= SURE_ANSWER:
            said = self._cited(context, answer)
            reply = replace(said, text=f"{said.text}\n\n{reply.text}", buttons=reply.buttons)
        return Step(reply, replace(context.state, clarifying=about), route, route.intent)

    def _from_papers(self, context: Context, route: Route) -> Step:
        asked = self._likeliest(context, PRODUCT_HANDLER) if context.names_product else None
        if asked is not None:
            return self._follow(context, self.router.to_intent(asked, "names a product"))
        answer = self._ask_papers(context)
        # Who says that it is something else has read the answer that stood beside the question.
        read = context.pressed == NONE_OF_THESE and answer.text in context.last_reply
        reply = Reply("", answered=False) if read else self._worded(context, answer)
        if reply.answered:
            return Step(reply, context.state, route, None, "faq")
        product = self.router.product_intent if context.names_product else None
        refused = context.pressed == NONE_OF_THESE and self.router.is_risky(product)
        if product is not None and not refused:
            return self._follow(context, self.router.by_rule(product, "names a product"))
        person = self._likeliest(context, HANDOVER_HANDLER)
        if person is not None:
            return self._follow(context, self.router.to_intent(person, "offered at the latest"))
        unknown = replace(self._ask.person(context.language), data=reply.data)
        return Step(unknown, context.state, route, None, "out_of_scope")

    def _likeliest(self, context: Context, handler: str) -> str | None:
        """The intent of that handler which the message is likeliest about, for all that it may be out of scope.

        What else speaks for it must be seen to by whoever asks: a product that is named, or that nothing else is left.
        """
        guess = context.guess()
        refused = context.pressed == NONE_OF_THESE or guess.intent is None or self.router.is_risky(guess.intent)
        if refused or guess.confidence < self.router.thresholds.clarify:
            return None
        return guess.intent if self.handlers[guess.intent or ""][0] == handler else None

    def _ask_papers(self, context: Context) -> Answer:
        return self.knowledge.ask(context.utterance.text, language=context.language)

    def _worded(self, context: Context, found: Answer) -> Reply:
        """The answer in a language model's words where that is better; unanswered where there is none."""
        history = [(exchange.text, exchange.reply) for exchange in context.state.exchanges]
        answer = self.knowledge.word(
            context.utterance.text, found, language=context.language, history=history, say=context.say
        )
        return self._cited(context, answer)

    def _cited(self, context: Context, answer: Answer) -> Reply:
        text = "" if answer.abstained else in_words_of(self.phrases, answer, context.language)
        return Reply(text, citations=answer.citations, data=told_of(answer), answered=not answer.abstained)

    # -- a pressed button ------------------------------------------------------------------------------------------

    def _press(self, context: Context, clarifying: str) -> Step:
        if context.pressed == CALL_PERSON:
            return self.hand_over(context, clarifying or context.last_said)
        if context.pressed == NONE_OF_THESE:
            return self._from_papers(context, Route("fallback", reason="none of the options"))
        if context.pressed == DROPPED:
            return self._drop(context, clarifying)
        chosen = context.pressed.removeprefix(INTENT)
        if chosen not in self.handlers:
            return self._start(context)
        return self._follow(context, self.router.to_intent(chosen, "chosen"))

    def _drop(self, context: Context, clarifying: str) -> Step:
        """Forget what was to be confirmed, unless the words may mean just that: "band karo" stops a card too."""
        pending = context.state.yes_means.removeprefix(INTENT)
        prediction = context.guess()
        if prediction.intent == pending and self.router.is_clear(prediction):
            return self._confirm(context, Route("confirm", pending, reason="high risk"), clarifying)
        reply = Reply(self.phrases("form_cancelled", context.language))
        return Step(reply, context.state, Route("run", reason="dropped"))

    def hand_over(self, context: Context, reason: str) -> Step:
        """Call a person."""
        reply = self.person.answer(self._turn(context, reason or context.utterance.text, {}))
        return Step(reply, context.state, Route("handover", reason="asked for"), None, "talk_to_person")

    # -- an open form ----------------------------------------------------------------------------------------------

    def _continue(self, context: Context, form: Form) -> Step:
        if self._is_unknown(form, context):  # who it was is known no longer
            leaves = consent(context.utterance.text) == "cancel"
            away = not leaves and self.asks_something_else(context, form)
            outcome: Outcome = Cancelled(form) if leaves else Digression(form) if away else Confirm(form)
        else:
            said = self._said(context, form)
            outcome = self.dialogue.answer(form, said, shown=self._is_shown(context, form), now=context.now)
        if isinstance(outcome, Digression):
            parked = replace(context.state, form=None, parked=(*context.state.parked, outcome.form))
            return self._start(replace(context, state=parked))
        return self._tell(context, outcome, Route("run", form.intent, reason="form"))

    def _said(self, context: Context, form: Form, entities: tuple[Entity, ...] | None = None) -> Said:
        """A message as a form hears it."""
        utterance = context.utterance
        turn = replace(
            self._turn(context, utterance.text, {}),
            entities=utterance.entities if entities is None else entities,
            intent=form.intent,
            request=form.id,
        )
        return Said(turn, utterance.raw, utterance.canonical, lambda: self.asks_something_else(context, form))

    def _is_unknown(self, form: Form, context: Context) -> bool:
        """Whether it must be found out first who writes."""
        return form.intent in self.personal and context.customer_id is None and self.identify is not None

    def _identify(self, context: Context, form: Form, route: Route) -> Step:
        assert self.identify is not None  # see _is_unknown
        reply, identifying = self.identify(form, context.language)
        step = self._say(context, reply, None, replace(route, kind="run", intent=form.intent))
        return replace(step, state=replace(step.state, identifying=identifying))

    def asks_something_else(self, context: Context, form: Form) -> bool:
        """Whether a message is clearly about another intent than a form's."""
        prediction = context.guess()
        return prediction.intent != form.intent and self.router.is_clear(prediction)

    def _tell(self, context: Context, outcome: Outcome, route: Route) -> Step:
        if self._is_unknown(outcome.form, context) and isinstance(outcome, Ready | Ask | Confirm):
            return self._identify(context, outcome.form, route)
        match outcome:
            case Ready(form):
                return self._run(context, form, route)
            case Ask():
                return self._say(context, self._ask.slot(outcome, context.language), outcome.form, route)
            case Confirm(form, declined):
                if declined:
                    return self._say(context, self._ask.change(context.language), form, route)
                reply, shown = self._read_back(context, form)
                return replace(self._say(context, reply, form, route), shown=shown)
            case Stuck(form, problem):
                return self._say(context, self._ask.nothing_fits(problem, context.language), None, route)
            case Cancelled(form):
                reply = Reply(self.phrases("form_cancelled", context.language))
                return self._say(context, reply, None, replace(route, intent=form.intent))
            case GaveUp(form):
                step = self.hand_over(context, self.phrases("form_too_many_tries", context.language))
                return replace(step, state=replace(step.state, form=None))
            case Digression(form):
                return self._say(context, self._ask.person(context.language), form, route)

    def _say(self, context: Context, reply: Reply, form: Form | None, route: Route) -> Step:
        handler = self.handlers[route.intent][0] if route.intent is not None and route.intent in self.handlers else None
        return Step(reply, replace(context.state, form=form), route, route.intent, handler)

    def _read_back(self, context: Context, form: Form) -> tuple[Reply, Shown]:
        """What will be done, to be confirmed, and the note that it was shown."""
        summary = self._summary(context, form, context.language)
        shown = Shown(form.id, _stamp(form, summary), context.language)
        reply = self._ask.go_ahead(summary, context.language, YES + shown.name)
        if _says_yes(context) and self._was_shown(context, form):
            reply = replace(reply, text=f"{self.phrases('confirm_changed', context.language)}\n\n{reply.text}")
        return reply, shown

    def _summary(self, context: Context, form: Form, language: Language) -> Reply:
        _, handler = self.handlers[form.intent]
        assert isinstance(handler, Action)  # only actions are confirmed
        return handler.summary(replace(self._action_turn(context, form), language=language))

    def _was_shown(self, context: Context, form: Form) -> bool:
        """Whether the form was read back in the last reply, and the customer had it before they wrote this."""
        shown = context.state.shown
        if shown is None or shown.form != form.id or form.asking is not None:
            return False
        if context.pressed.startswith(YES) and context.pressed != YES + shown.name:
            return False
        return context.taken_in is None or shown.at is None or context.taken_in > shown.at

    def _is_shown(self, context: Context, form: Form) -> bool:
        """Whether the form was read back just as it would be now: a yes to that confirms it."""
        shown = context.state.shown
        if shown is None or not self._was_shown(context, form):
            return False
        return _stamp(form, self._summary(context, form, shown.language)) == shown.stamp

    def _action_turn(self, context: Context, form: Form) -> Turn:
        return replace(
            self._turn(context, form.text, form.values), intent=form.intent, query=form.query, request=form.id
        )

    def _run(self, context: Context, form: Form, route: Route) -> Step:
        name, handler = self.handlers[form.intent]
        state = replace(context.state, form=None)
        turn = self._action_turn(context, form)
        if isinstance(handler, Action):
            challenge = handler.challenge(turn) if isinstance(handler, Challenging) else None
            if challenge is not None:
                return self._challenge(context, form, challenge, route)
            return Step(Reply(""), state, route, form.intent, name, action=(handler, turn))
        reply = handler.answer(turn)
        if not reply.answered and name not in PAPER_HANDLERS:
            # That a thing is not in the records is an answer too: only a sure passage speaks against it.
            answer = self._ask_papers(context)
            sure = not answer.abstained and (not reply.text or answer.confidence >= SURE_ANSWER)
            reply = self._worded(context, answer) if sure else reply
        if not reply.answered:
            unknown = self._ask.person(context.language)
            said, buttons = reply.text or unknown.text, reply.buttons or unknown.buttons
            reply = replace(unknown, text=said, buttons=buttons, data=reply.data)
        return Step(reply, state, route, form.intent, name)

    # -- a one-time code -------------------------------------------------------------------------------------------

    def _challenge(self, context: Context, form: Form, challenge: Challenge, route: Route) -> Step:
        """Send the code that a confirmed request needs, and wait for it."""
        if self.proofs is None or context.customer_id is None:
            step = self.hand_over(context, self.phrases("prove_impossible", context.language))
            return replace(step, state=replace(step.state, form=None))
        sent = self.proofs.begin(form, context.customer_id, challenge, context)
        if isinstance(sent, NotSent):
            return self._say(context, sent.reply, form, route)
        step = self._say(context, sent.reply, None, route)
        return replace(step, state=replace(step.state, proving=sent.proving))

    def _prove(self, context: Context, proving: Proving) -> Step:
        """A message while a code is waited for."""
        form, route = proving.form, Route("run", proving.form.intent, reason="code")
        without = replace(context, state=replace(context.state, proving=None))
        if form.expires_at <= context.now:
            return self.tell_expiry(self._start(without), without)
        if self.proofs is None or proving.customer_id != context.customer_id:  # who it was is known no longer
            return self._continue(without, form)
        match self.proofs.answer(proving, context):
            case Other():
                return self._while_proving(context, proving)
            case Proved():
                return self._carry_out(without, proving, route)
            case Waiting(reply, waiting):
                step = self._say(context, reply, None, route)
                return replace(step, state=replace(step.state, proving=waiting))
            case Dropped():
                return self._say(without, Reply(self.phrases("form_cancelled", context.language)), None, route)
            case Failed():
                return self.hand_over(without, "The one-time code was not given")

    def _carry_out(self, context: Context, proving: Proving, route: Route) -> Step:
        """Do what was confirmed, now that the code is right; it is used up together with the effect."""
        assert self.proofs is not None  # it has just been asked
        form = proving.form
        name, handler = self.handlers[form.intent]
        assert isinstance(handler, Action)  # only actions ask for a code
        turn, using = self._action_turn(context, form), self.proofs.proofs.using(context.session_id, proving)
        return Step(Reply(""), context.state, route, form.intent, name, action=(handler, turn), proof=using)

    def _while_proving(self, context: Context, proving: Proving) -> Step:
        """A correction makes it another request, to be confirmed anew; a question is answered, and the code awaited."""
        assert self.proofs is not None
        form, route = proving.form, Route("run", proving.form.intent, reason="form")
        without = replace(context, state=replace(context.state, proving=None))
        changed = self.dialogue.change(form, self._said(context, form))
        if changed is not None:
            return self._tell(without, changed, route)
        if self.asks_something_else(context, form):
            return self._still_proving(self._start(context), context)
        match self.proofs.unheard(proving, context):
            case Waiting(reply, waiting):
                step = self._say(context, reply, None, route)
                return replace(step, state=replace(step.state, proving=waiting))
            case Failed():
                return self.hand_over(without, "The one-time code was not given")

    def _still_proving(self, step: Step, context: Context) -> Step:
        """Ask for the code again, once something else was answered, where nothing took the request's place."""
        state = step.state
        if self.proofs is None or state.proving is None or state.clarifying:
            return step
        if state.form is not None or state.identifying is not None or step.reply.handover is not None:
            return replace(step, state=replace(state, proving=None))
        asked = self.proofs.again(context.language)
        reply = replace(step.reply, text=f"{step.reply.text}\n\n{asked.text}", buttons=asked.buttons)
        return replace(step, reply=reply)

    def _take_up(self, step: Step, context: Context) -> Step:
        """Once a digression is over, put the waiting form's question after its answer."""
        if step.state.form is not None or not step.state.parked or step.reply.handover or step.state.clarifying:
            return step
        if step.state.identifying is not None or step.state.proving is not None:
            return step
        *rest, form = step.state.parked
        state = replace(step.state, parked=tuple(rest))
        route, context = Route("run", form.intent), replace(context, state=state)
        unknown = self._is_unknown(form, context)
        outcome = Confirm(form) if unknown else self.dialogue.again(form, self._said(context, form).turn)
        asking = self._tell(context, outcome, route)
        lead = self.phrases("form_resume", context.language, title=self._title_of(form, context))
        text = "\n\n".join(filter(None, (step.reply.text, f"{lead} {asking.reply.text}".strip())))
        reply = replace(step.reply, text=text, buttons=asking.reply.buttons)
        return replace(step, reply=reply, state=asking.state, shown=asking.shown)

    def _title_of(self, form: Form, context: Context) -> str:
        return self.titles(form.intent, context.language)

    def _turn(self, context: Context, text: str, slots: Mapping[str, str]) -> Turn:
        return Turn(
            text=text,
            language=context.language,
            entities=context.entities_with(TOPIC_KINDS if is_short(text) else frozenset()),
            slots=slots,
            session_id=context.session_id,
            customer_id=context.customer_id,
            channel=context.channel,
            history=context.state.exchanges,
            business=self.profile,
            now=context.now,
            query=text,
            say=context.say,
        )


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


def _says_yes(context: Context) -> bool:
    return consent(context.utterance.text) == "yes"


def _stamp(form: Form, summary: Reply) -> str:
    told = canonical({"values": dict(form.values), "text": summary.text})
    return hashlib.sha256(told.encode()).hexdigest()[:16]
