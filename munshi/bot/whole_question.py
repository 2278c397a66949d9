"""The whole question behind a follow-up: of all that it may mean, what the papers or the records bear out best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from munshi.bot.context import Context
from munshi.bot.follow_up import FollowUp, Similar, read_follow_up
from munshi.handlers.base import Knowledge
from munshi.knowledge.base import Answer
from munshi.knowledge.text import content_stems

PAPER_HANDLERS = frozenset({"faq", "returns", "branch_location", "loan_enquiry"})
"""Handlers that answer from the papers, if not always."""
# A reading says more than the message alone, so that it may be somewhat less sure and is still the better one.
_MARGIN = 0.1
_TRIED = 6

Condense = Callable[[str, Sequence[tuple[str, str]]], str | None]
"""A message and the chat before it, in pairs, to the one question it stands for; None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class WholeQuestions:
    """Gives the context of the question that a message stands for, or the message's own.

    `condense` asks a language model, where there is one; what it says is one more reading, and the first to be tried.
    """

    knowledge: Knowledge
    similar: Similar | None = None
    condense: Condense | None = None

    def __call__(self, context: Context, handler: str) -> Context:
        """`handler` is the one that answered the question before. Raises EncoderError where the encoder fails."""
        asked = context.state.question.text
        follow_up = read_follow_up(context.utterance.canonical, asked, self.similar)
        if follow_up is None or context.again is None:
            return context
        if handler == "stock_price" and follow_up.is_number:
            return context.again(asked)
        if (
            handler not in PAPER_HANDLERS
            and handler != "stock_price"
            and (handler != "hours_location" or follow_up.appended)
        ):
            return context
        readings = [context.again(text) for text in self._texts(follow_up, context)]
        if handler in PAPER_HANDLERS:
            return self._by_papers(context, readings, follow_up)
        if handler == "stock_price":
            return next((reading for reading in readings if _names(reading, follow_up.new)), context)
        return readings[0]

    def _texts(self, follow_up: FollowUp, context: Context) -> list[str]:
        """What it may mean. A model is asked only where the words leave more than one thing."""
        texts = list(follow_up.readings[:_TRIED])
        if self.condense is None or not (follow_up.appended or follow_up.has_pronoun):
            return texts
        history = [(exchange.text, exchange.reply) for exchange in context.state.exchanges]
        said = self.condense(context.utterance.text, history)
        return [said, *texts] if said else texts

    def _by_papers(self, context: Context, readings: Sequence[Context], follow_up: FollowUp) -> Context:
        own = self._answer(context)
        needed = own.confidence if follow_up.has_pronoun else own.confidence - _MARGIN
        best = self._best(readings, needed)
        if best is not None or not follow_up.appended or context.again is None:
            return best or context
        # The question before is answered as before, whatever stands at its end: what is new must be in the answer.
        appended = context.again(follow_up.appended)
        answer = self._answer(appended)
        covered = set(content_stems(" ".join(follow_up.new))) <= set(content_stems(_all_words(answer)))
        return appended if not answer.abstained and covered and answer.confidence > needed else context

    def _best(self, readings: Sequence[Context], needed: float) -> Context | None:
        answers = [self._answer(reading) for reading in readings]
        sure = [-1.0 if answer.abstained else answer.confidence for answer in answers]
        best = max(range(len(readings)), key=sure.__getitem__, default=None)
        return readings[best] if best is not None and sure[best] > max(needed, 0.0) else None

    def _answer(self, context: Context) -> Answer:
        return self.knowledge.ask(context.utterance.text, language=context.language)


def _all_words(answer: Answer) -> str:
    headings = [word for citation in answer.citations for word in (citation.title, *citation.heading)]
    return " ".join((answer.text, *headings))


def _names(reading: Context, new: Sequence[str]) -> bool:
    """Whether one product is named, and by what the message brought."""
    products = [entity for entity in reading.utterance.entities if entity.kind == "product"]
    named = " ".join(entity.text.casefold() for entity in products)
    return bool(products) and all(word in named for word in new)
