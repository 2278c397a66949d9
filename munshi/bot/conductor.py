"""From an understood message to what is said: dialogue, classification, routing, handling.

Nothing here writes: a `Step` says what to reply, or which `Action` to carry out, and what to remember.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from munshi.bot.consent import consent, fold
from munshi.bot.dialogue import Ask, Cancelled, Confirm, Dialogue, Digression, Form, GaveUp, Outcome, Ready
from munshi.bot.preprocess import Utterance
from munshi.bot.router import Route, Router
from munshi.bot.state import SessionState
from munshi.handlers.base import (
    CALL_PERSON,
    Action,
    Answerer,
    BusinessProfile,
    Button,
    Entity,
    Handler,
    Knowledge,
    Phrases,
    Reply,
    Turn,
)
from munshi.handlers.faq import in_words_of
from munshi.intents.base import Classifier, Prediction
from munshi.knowledge.base import Answer

INTENT = "intent:"
NONE_OF_THESE = "none:"
DROPPED = "drop:"
_COMMANDS = (INTENT, CALL_PERSON, NONE_OF_THESE, DROPPED)
_TOPIC_KINDS = frozenset({"product", "order_number"})
_MAX_TOPICS = 5
PAPER_HANDLERS = frozenset({"faq", "returns"})
# A passage that fits this well answers a message whose intent is unsure: asking back would only annoy.
SURE_ANSWER = 0.9
# A message this short that names no product speaks of the one before ("price?", "and 4 of them?").
_FOLLOW_UP_WORDS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """What one message leads to. With an `action` the reply is what it gives once it is carried out."""

    reply: Reply
    state: SessionState
    route: Route
    intent: str | None = None
    handler: str | None = None
    action: tuple[Action, Turn] | None = None


class Guess:
    """What the classifier makes of a text, made when first asked for: many turns of a form need none."""

    def __init__(self, classifier: Classifier, text: str) -> None:
        self._classifier = classifier
        self._text = text
        self.made: Prediction | None = None

    def __call__(self) -> Prediction:
        """The prediction."""
        if self.made is None:
            self.made = self._classifier.classify([self._text])[0]
        return self.made


@dataclass(frozen=True, slots=True)
class Context:
    """One message, understood. `pressed` is the value of the button it stands for, empty where it is none."""

    utterance: Utterance
    state: SessionState
    now: datetime
    session_id: str
    customer_id: str | None
    channel: str
    guess: Guess
    pressed: str = ""


@dataclass(frozen=True, slots=True)
class Conductor:
    """Decides what one message leads to.

    `handlers` gives each intent's handler with its name, `person` is the handler that calls a person, `titles` gives
    an intent's title in a language, `llm` names the language model behind the classifier.
    """

    dialogue: Dialogue
    router: Router
    handlers: Mapping[str, tuple[str, Handler]]
    person: Answerer
    knowledge: Knowledge
    phrases: Phrases
    profile: BusinessProfile
    titles: Callable[[str, str], str]
    llm: str = "none"

    def decide(self, context: Context) -> Step:
        """One message to one step."""
        asked, clarifying = self._still_valid(context.state), context.state.clarifying
        context = replace(context, state=replace(asked, options={}, clarifying=""))
        if context.pressed.startswith(_COMMANDS):
            step = self._press(context, clarifying)
        elif asked.form is not None and asked.form.expires_at > context.now:
            step = self._continue(context, asked.form)
        else:
            step = self._start(replace(context, state=replace(context.state, form=None, parked=())))
            step = self._tell_expiry(step, context) if asked.form is not None else step
        step = self._take_up(step, context)
        return replace(step, state=replace(step.state, topics=_topics(context)))

    def _still_valid(self, state: SessionState) -> SessionState:
        """The state without what an edited pack no longer knows."""
        form = state.form if state.form is not None and state.form.intent in self.handlers else None
        return replace(state, form=form, parked=tuple(form for form in state.parked if form.intent in self.handlers))

    def _tell_expiry(self, step: Step, context: Context) -> Step:
        """Where a message makes no sense by itself it was probably meant for the form that ran out of time."""
        if step.route.kind not in ("clarify", "fallback") or step.reply.citations:
            return step
        told = self.phrases("form_expired", context.utterance.language)
        return replace(step, reply=replace(step.reply, text=f"{told}\n\n{step.reply.text}"))

    # -- a fresh message -------------------------------------------------------------------------------------------

    def _start(self, context: Context) -> Step:
        if consent(context.utterance.text) == "cancel":
            reply = Reply(self.phrases("nothing_to_cancel", context.utterance.language))
            return Step(reply, context.state, Route("run", reason="nothing to cancel"))
        route = self.router.route(context.guess(), context.utterance.raw, context.utterance.entities)
        if route.kind in ("clarify", "fallback"):
            followed = self._follow_up(context)
            if followed is not None:
                return followed
        return self._follow(context, route)

    def _follow_up(self, context: Context) -> Step | None:
        """A few unclear words after a product was looked up narrow that question down, where they do find one."""
        exchanges = context.state.exchanges
        last = exchanges[-1].intent if exchanges else None
        if last is None or last not in self.handlers or self.handlers[last][0] != "stock_price":
            return None
        if not _is_short(context.utterance.text):
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
        outcome = self.dialogue.open(
            route.intent,
            text=context.utterance.text,
            query=context.utterance.text,
            entities=_with_topics(context, frozenset({"order_number"})),
            now=context.now,
        )
        return self._tell(context, outcome, route)

    def _clarify(self, context: Context, route: Route) -> Step:
        answer = self._ask_papers(context)
        enough = 0.0 if self._reads_papers(route.intent) else SURE_ANSWER
        if not answer.abstained and answer.confidence >= enough:
            intent = None if self.router.is_risky(route.intent) else route.intent
            found = Route("run", intent, reason="unsure, but the papers answer it")
            return Step(self._cited(context, answer), context.state, found, intent, "faq")
        language = context.utterance.language
        buttons = [Button(self.titles(name, language), INTENT + name) for name in route.options]
        buttons.append(Button(self.phrases("clarify_none_button", language), NONE_OF_THESE))
        reply = Reply(self.phrases("clarify_question", language), tuple(buttons))
        return Step(reply, replace(context.state, clarifying=context.utterance.raw), route, route.intent)

    def _reads_papers(self, intent: str | None) -> bool:
        """Whether the intent would be answered by the same search of the papers, and may be at a guess."""
        risky = self.router.is_risky(intent)
        return intent is not None and not risky and self.handlers[intent][0] in PAPER_HANDLERS

    def _confirm(self, context: Context, route: Route, about: str) -> Step:
        """Ask whether that is what the customer wants; `about` is the message that a yes runs it on."""
        assert route.intent is not None  # there is nothing else to confirm
        language = context.utterance.language
        question = self.phrases("confirm_intent", language, title=self.titles(route.intent, language))
        yes = Button(self.phrases("yes_button", language), INTENT + route.intent)
        no = Button(self.phrases("no_button", language), NONE_OF_THESE)
        state = replace(context.state, clarifying=about)
        return Step(Reply(question, (yes, no)), state, route, route.intent)

    def _from_papers(self, context: Context, route: Route) -> Step:
        answer = self._ask_papers(context)
        if not answer.abstained:
            return Step(self._cited(context, answer), context.state, route, None, "faq")
        product = self.router.product_intent if _names_product(context) else None
        if product is not None:
            return self._follow(context, self.router.by_rule(product, "names a product"))
        return Step(self._unknown(context), context.state, route, None, "out_of_scope")

    def _ask_papers(self, context: Context) -> Answer:
        return self.knowledge.ask(context.utterance.text, language=context.utterance.language)

    def _cited(self, context: Context, answer: Answer) -> Reply:
        text = in_words_of(self.phrases, answer, context.utterance.language)
        data = {"confidence": answer.confidence, "method": answer.method}
        return Reply(text, citations=answer.citations, data=data)

    def _unknown(self, context: Context) -> Reply:
        language = context.utterance.language
        offer = Button(self.phrases("offer_person_button", language), CALL_PERSON)
        return Reply(self.phrases("fallback_unknown", language), (offer,), answered=False)

    # -- a pressed button ------------------------------------------------------------------------------------------

    def _press(self, context: Context, clarifying: str) -> Step:
        if context.pressed == CALL_PERSON:
            return self._hand_over(context, clarifying or _last_said(context))
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
        reply = Reply(self.phrases("form_cancelled", context.utterance.language))
        return Step(reply, context.state, Route("run", reason="dropped"))

    def _hand_over(self, context: Context, reason: str) -> Step:
        reply = self.person.answer(self._turn(context, reason or context.utterance.text, {}))
        return Step(reply, context.state, Route("handover", reason="asked for"), None, "talk_to_person")

    # -- an open form ----------------------------------------------------------------------------------------------

    def _continue(self, context: Context, form: Form) -> Step:
        outcome = self.dialogue.answer(
            form,
            context.utterance.text,
            context.utterance.entities,
            is_question=lambda: self._asks_something_else(context, form),
            now=context.now,
        )
        if isinstance(outcome, Digression):
            parked = replace(context.state, form=None, parked=(*context.state.parked, outcome.form))
            return self._start(replace(context, state=parked))
        return self._tell(context, outcome, Route("run", form.intent, reason="form"))

    def _asks_something_else(self, context: Context, form: Form) -> bool:
        prediction = context.guess()
        return prediction.intent != form.intent and self.router.is_clear(prediction)

    def _tell(self, context: Context, outcome: Outcome, route: Route) -> Step:
        match outcome:
            case Ready(form):
                return self._run(context, form, route)
            case Ask():
                return self._say(context, self._ask(context, outcome), outcome.form, route)
            case Confirm(form):
                return self._say(context, self._read_back(context, outcome), form, route)
            case Cancelled(form):
                reply = Reply(self.phrases("form_cancelled", context.utterance.language))
                return self._say(context, reply, None, replace(route, intent=form.intent))
            case GaveUp(form):
                step = self._hand_over(context, self.phrases("form_too_many_tries", context.utterance.language))
                return replace(step, state=replace(step.state, form=None))
            case Digression(form):
                return self._say(context, self._unknown(context), form, route)

    def _say(self, context: Context, reply: Reply, form: Form | None, route: Route) -> Step:
        handler = self.handlers[route.intent][0] if route.intent is not None and route.intent in self.handlers else None
        return Step(reply, replace(context.state, form=form), route, route.intent, handler)

    def _ask(self, context: Context, asked: Ask) -> Reply:
        language = context.utterance.language
        prompt = asked.slot.prompt.get(language, asked.slot.prompt["en"])
        lead = ""
        if asked.problem is not None:
            lead = self.phrases(asked.problem.key, language, **asked.problem.values)
        elif asked.corrected:
            lead = self.phrases("corrected", language)
        options = tuple(Button(choice) for choice in asked.slot.choices)
        return Reply(" ".join(filter(None, (lead, prompt))), options)

    def _read_back(self, context: Context, outcome: Confirm) -> Reply:
        language = context.utterance.language
        if outcome.declined:
            cancel = Button(self.phrases("cancel_button", language), "cancel")
            return Reply(self.phrases("declined_question", language), (cancel,))
        _, handler = self.handlers[outcome.form.intent]
        assert isinstance(handler, Action)  # only actions are confirmed
        summary = handler.summary(self._turn(context, outcome.form.text, outcome.form.values))
        yes, no = (Button(self.phrases(key, language)) for key in ("yes_button", "no_button"))
        question = self.phrases("confirm_question", language)
        return replace(summary, text=f"{summary.text}\n\n{question}", buttons=(yes, no))

    def _run(self, context: Context, form: Form, route: Route) -> Step:
        name, handler = self.handlers[form.intent]
        state = replace(context.state, form=None)
        turn = replace(self._turn(context, form.text, form.values), intent=form.intent, query=form.query)
        if isinstance(handler, Action):
            return Step(Reply(""), state, route, form.intent, name, action=(handler, turn))
        reply = handler.answer(turn)
        if not reply.answered and name not in PAPER_HANDLERS:
            # That a thing is not in the records is an answer too: only a sure passage speaks against it.
            answer = self._ask_papers(context)
            sure = not answer.abstained and (not reply.text or answer.confidence >= SURE_ANSWER)
            reply = self._cited(context, answer) if sure else reply
        if not reply.answered:
            unknown = self._unknown(context)
            reply = replace(unknown, text=reply.text or unknown.text, buttons=reply.buttons or unknown.buttons)
        return Step(reply, state, route, form.intent, name)

    def _take_up(self, step: Step, context: Context) -> Step:
        """Once a digression is over, put the waiting form's question after its answer."""
        if step.state.form is not None or not step.state.parked or step.reply.handover or step.state.clarifying:
            return step
        *rest, form = step.state.parked
        state = replace(step.state, parked=tuple(rest))
        outcome = self.dialogue.again(form)
        asking = self._tell(replace(context, state=state), outcome, Route("run", form.intent))
        lead = self.phrases("form_resume", context.utterance.language, title=self._title_of(form, context))
        text = "\n\n".join(filter(None, (step.reply.text, f"{lead} {asking.reply.text}".strip())))
        reply = replace(step.reply, text=text, buttons=asking.reply.buttons)
        return replace(step, reply=reply, state=asking.state)

    def _title_of(self, form: Form, context: Context) -> str:
        return self.titles(form.intent, context.utterance.language)

    def _turn(self, context: Context, text: str, slots: Mapping[str, str]) -> Turn:
        return Turn(
            text=text,
            language=context.utterance.language,
            entities=_with_topics(context, _TOPIC_KINDS if _is_short(text) else frozenset()),
            slots=slots,
            session_id=context.session_id,
            customer_id=context.customer_id,
            channel=context.channel,
            history=context.state.exchanges,
            business=self.profile,
            now=context.now,
            query=text,
        )


def heard(state: SessionState, text: str) -> tuple[str, str]:
    """What a message stands for: (the pressed button's value, the text to be understood).

    A button counts as pressed when its label, or its number in the list, is the whole message. A button that chooses
    an intent is about the message that was asked back about; any other stands for its own value. So is a yes, a no or
    a "forget it" in any language, where a yes would choose an intent.
    """
    wanted = fold(text)
    for position, (label, value) in enumerate(state.options.items(), start=1):
        if wanted and wanted in (fold(label), str(position)):
            return (value, state.clarifying or text) if value.startswith(_COMMANDS) else (value, value)
    said = consent(text) if state.yes_means and state.form is None else None
    if said == "yes":
        return state.yes_means, state.clarifying or text
    if said is not None and state.yes_means.startswith(INTENT):
        return (NONE_OF_THESE, state.clarifying or text) if said == "no" else (DROPPED, text)
    return "", text


def yes_means(step: Step, reply: Reply) -> str:
    """What a bare yes to a step's reply stands for: the intent to be confirmed, or the person that was offered."""
    if step.route.kind == "confirm":
        return f"{INTENT}{step.route.intent}"
    offered = not reply.answered and any(button.value == CALL_PERSON for button in reply.buttons)
    return CALL_PERSON if offered else ""


def _last_said(context: Context) -> str:
    """What the offer of a person was about."""
    exchanges = context.state.exchanges
    return exchanges[-1].text if exchanges else ""


def _names_product(context: Context) -> bool:
    return any(entity.kind == "product" for entity in context.utterance.entities)


def _is_short(text: str) -> bool:
    return len(text.split()) <= _FOLLOW_UP_WORDS


def _topics(context: Context) -> tuple[Entity, ...]:
    """The products and orders the chat is about after this message."""
    named = tuple(entity for entity in context.utterance.entities if entity.kind in _TOPIC_KINDS)
    kinds = {entity.kind for entity in named}
    return named[:_MAX_TOPICS] + tuple(entity for entity in context.state.topics if entity.kind not in kinds)


def _with_topics(context: Context, kinds: frozenset[str]) -> tuple[Entity, ...]:
    """The message's entities, and what it leaves unsaid because the one before said it."""
    entities = context.utterance.entities
    named = {entity.kind for entity in entities}
    return entities + tuple(topic for topic in context.state.topics if topic.kind in kinds - named)
