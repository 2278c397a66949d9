"""Questions put while a form is open: few words that lean on what the form is about ("what does it cost?")."""

from __future__ import annotations

from dataclasses import dataclass, replace

from munshi.bot.context import Context, Step
from munshi.bot.form import Form
from munshi.bot.orders import asks
from munshi.bot.paper_answers import SURE_ANSWER, PaperAnswers
from munshi.bot.router import Route
from munshi.bot.tools import Tools
from munshi.knowledge.base import Answer
from munshi.knowledge.text import content_stems

# A question of more words of meaning says itself what it is about.
_FEW = 3
# What the papers say about the form's request is told from this confidence on, and where it is not far below theirs to
# the message alone: set by hand on 34 questions, in three languages, to the demo packs' forms.
_ENOUGH = 0.8
_MARGIN = 0.2
_SEARCHING = "faq"


@dataclass(frozen=True, slots=True)
class WithinForm:
    """Reads a question by what the open form is about, where the papers bear that out."""

    tools: Tools

    def read(self, context: Context, form: Form) -> Context:
        """The message with the form's title in it, for a search; the message as it is where it says enough itself."""
        route = self.tools.router.route(context.guess(), context.utterance.raw, context.utterance.entities)
        if route.kind == "run" and self.tools.handlers[route.intent or ""][0] != _SEARCHING:
            return context
        found = self._answer(context, form)
        return context if found is None else found[0]

    def answers(self, context: Context, form: Form) -> bool:
        """Whether a message that fits no slot is a question, and the papers answer it."""
        found = self._answer(context, form) if asks(context.utterance.raw) else None
        return found is not None and found[1].confidence >= SURE_ANSWER

    def step(self, context: Context, form: Form) -> Step:
        """What the papers say to such a question."""
        reading, _ = self._answer(context, form) or (context, None)
        papers = PaperAnswers(self.tools)
        route = Route("run", reason="asked within a form")
        return Step(papers.worded(reading, papers.ask(reading)), context.state, route, None, "faq")

    def _answer(self, context: Context, form: Form) -> tuple[Context, Answer] | None:
        """The better reading with its answer; None where the message is no such question, or the papers are silent."""
        if len(content_stems(context.utterance.canonical)) > _FEW:
            return None
        matter = self._matter(form)
        reading = _worded(context, f"{context.utterance.text} {matter}")
        papers = PaperAnswers(self.tools)
        own, found = papers.ask(context), papers.ask(reading)
        if not own.abstained and _is_just_that(own, context):
            return context, own
        if found.abstained or found.confidence < max(_ENOUGH, own.confidence - _MARGIN):
            return None
        # What the matter alone finds answers everything and nothing.
        return None if papers.ask(_worded(context, matter)).text == found.text else (reading, found)

    def _matter(self, form: Form) -> str:
        """What the form is about: its title, and what was chosen in it so far."""
        slots = self.tools.handlers[form.intent][1].slots
        chosen = (form.values.get(slot.name, "") for slot in slots if slot.kind == "choice")
        return " ".join(filter(None, (self.tools.titles(form.intent, "en"), *chosen)))


def _worded(context: Context, text: str) -> Context:
    return replace(context, utterance=replace(context.utterance, text=text))


def _is_just_that(answer: Answer, context: Context) -> bool:
    """Whether what was found is about nothing that the message does not say."""
    titles = " ".join(citation.title for citation in answer.citations[:1])
    return bool(titles) and set(content_stems(titles)) <= set(content_stems(context.utterance.canonical))
