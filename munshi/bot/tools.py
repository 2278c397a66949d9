"""What the steps of the dialogue work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from munshi.bot.context import TOPIC_KINDS, Context, Step, is_short
from munshi.bot.dialogue import Dialogue
from munshi.bot.filling import Said
from munshi.bot.form import Form
from munshi.bot.proof_dialogue import ProofDialogue
from munshi.bot.questions import Questions
from munshi.bot.router import Route, Router
from munshi.bot.state import Identifying
from munshi.bot.whole_question import WholeQuestions
from munshi.handlers.base import Answerer, BusinessProfile, Entity, Handler, Knowledge, Phrases, Reply, Turn


@dataclass(frozen=True, slots=True)
class Tools:
    """The parts that decide what one message leads to, and what each of them needs to say so.

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

    @property
    def ask(self) -> Questions:
        """The questions that the bot asks."""
        return Questions(self.phrases, self.titles)

    def hand_over(self, context: Context, reason: str) -> Step:
        """Call a person."""
        reply = self.person.answer(self.turn(context, reason or context.utterance.text, {}))
        return Step(reply, context.state, Route("handover", reason="asked for"), None, "talk_to_person")

    def asks_something_else(self, context: Context, form: Form) -> bool:
        """Whether a message is clearly about another intent than a form's."""
        prediction = context.guess()
        return prediction.intent != form.intent and self.router.is_clear(prediction)

    def say(self, context: Context, reply: Reply, form: Form | None, route: Route) -> Step:
        """A step that says something and leaves a form open, or none."""
        handler = self.handlers[route.intent][0] if route.intent is not None and route.intent in self.handlers else None
        return Step(reply, replace(context.state, form=form), route, route.intent, handler)

    def said(self, context: Context, form: Form, entities: tuple[Entity, ...] | None = None) -> Said:
        """A message as a form hears it."""
        utterance = context.utterance
        turn = replace(
            self.turn(context, utterance.text, {}),
            entities=utterance.entities if entities is None else entities,
            intent=form.intent,
            request=form.id,
        )
        return Said(turn, utterance.raw, utterance.canonical, lambda: self.asks_something_else(context, form))

    def turn(self, context: Context, text: str, slots: Mapping[str, str]) -> Turn:
        """The turn of a text in this chat."""
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

    def is_unknown(self, form: Form, context: Context) -> bool:
        """Whether it must be found out first who writes."""
        return form.intent in self.personal and context.customer_id is None and self.identify is not None

    def title_of(self, form: Form, context: Context) -> str:
        """What a form's request is called before the customer."""
        return self.titles(form.intent, context.language)
