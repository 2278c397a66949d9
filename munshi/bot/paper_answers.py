"""What the papers say to a message."""

from __future__ import annotations

from dataclasses import dataclass

from munshi.bot.context import Context
from munshi.bot.tools import Tools
from munshi.handlers.base import Reply
from munshi.handlers.faq import in_words_of, told_of
from munshi.knowledge.base import Answer

# A passage that fits this well answers a message whose intent is unsure: asking back would only annoy.
SURE_ANSWER = 0.9


@dataclass(frozen=True, slots=True)
class PaperAnswers:
    """Asks the papers, and words what they say."""

    tools: Tools

    def ask(self, context: Context) -> Answer:
        """What they say, as it stands there."""
        return self.tools.knowledge.ask(context.utterance.text, language=context.language)

    def worded(self, context: Context, found: Answer) -> Reply:
        """The answer in a language model's words where that is better; unanswered where there is none."""
        history = [(exchange.text, exchange.reply) for exchange in context.state.exchanges]
        answer = self.tools.knowledge.word(
            context.utterance.text, found, language=context.language, history=history, say=context.say
        )
        return self.cited(context, answer)

    def cited(self, context: Context, answer: Answer) -> Reply:
        """An answer with its sources."""
        text = "" if answer.abstained else in_words_of(self.tools.phrases, answer, context.language)
        return Reply(text, citations=answer.citations, data=told_of(answer), answered=not answer.abstained)
