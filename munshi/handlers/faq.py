"""Answers from the shop's papers, with the source."""

from __future__ import annotations

from dataclasses import asdict, replace

from munshi.handlers.base import CALL_PERSON, Button, Phrases, Reply, Slot, Turn
from munshi.handlers.options import text
from munshi.handlers.registry import HandlerConfig, Services
from munshi.knowledge.base import Answer, Say
from munshi.knowledge.text import is_devanagari, words

_BARE_WORDS = 2
"""A question of so few words ("delivery?") only names its topic."""


CLOSE = 0.15
"""Below this confidence a passage is not even told as coming close.

Of 109 questions written for the two demo packs that the papers answer, 6 are about a known intent and fall below the
threshold; 5 of them are above this. `benchmarks/data/abstention.csv` holds them.
"""


class Faq:
    """The option `topic` says what the intent is about, for questions that only name it.

    With the option `question` that is what the papers are asked, whatever the customer's words were: for wishes that
    nothing here fulfils ("send 500 to Anil"), where the papers say how it is done.
    """

    def __init__(self, services: Services, config: HandlerConfig) -> None:
        self.slots: tuple[Slot, ...] = ()
        self._services = services
        self._topic = text(config, "topic")
        self._question = text(config, "question")

    def answer(self, turn: Turn) -> Reply:
        """What the papers say, or an unanswered reply."""
        question = self._question or turn.query or turn.text
        if self._topic and len(words(question)) <= _BARE_WORDS:
            question = f"{question} {self._topic}"
        return worded_from_papers(self._services, question, turn)


def from_papers(services: Services, question: str, language: str) -> Reply:
    """The papers' answer with its citations; unanswered where they do not hold one.

    What comes close is told as such, with a person on offer: the customer's intent is known, so that the papers
    probably have something to say, but whether this is it the customer must judge.
    """
    return _told(services, question, services.knowledge.ask(question, language=language), language)


def worded_from_papers(services: Services, question: str, turn: Turn, *, lead: str = "") -> Reply:
    """The same in a language model's words where that is better. A `lead` is put before them."""
    found = services.knowledge.ask(question, language=turn.language)
    said = services.knowledge.word(
        question, found, language=turn.language, history=turn.earlier, least=CLOSE, say=led(turn.say, lead)
    )
    return after(lead, _told(services, question, said, turn.language))


def led(say: Say | None, lead: str) -> Say | None:
    """A listener that hears the lead before the first piece."""
    if say is None or not lead:
        return say
    before = [f"{lead}\n\n"]
    return lambda piece: say((before.pop() if before else "") + piece)


def _told(services: Services, question: str, answer: Answer, language: str) -> Reply:
    if not answer.abstained:
        return _cited(in_words_of(services.phrases, answer, language), answer)
    if answer.confidence < CLOSE:
        return Reply("", data=told_of(answer), answered=False)
    close = replace(services.knowledge.ask(question, language=language, threshold=CLOSE), generation=answer.generation)
    if close.abstained:  # the papers have changed since the first look
        return Reply("", data=told_of(close), answered=False)
    offer = Button(services.phrases("offer_person_button", language), CALL_PERSON)
    hedged = services.phrases("papers_closest", language, answer=close.text)
    return replace(_cited(hedged, close), buttons=(offer,))


def _cited(told: str, answer: Answer) -> Reply:
    return Reply(told, citations=answer.citations, data=told_of(answer))


def told_of(answer: Answer) -> dict[str, object]:
    """What a reply's `data` tells of an answer."""
    data: dict[str, object] = {"confidence": answer.confidence, "method": answer.method}
    if answer.generation is not None:
        data["generation"] = asdict(answer.generation)
    return data


def in_words_of(phrases: Phrases, answer: Answer, language: str) -> str:
    """The papers' own words, never translated; to a customer of another language with a line in theirs before it.

    What a language model worded is in the customer's language.
    """
    if answer.method == "generate" or (language == "hi" and is_devanagari(answer.text)):
        return answer.text
    return phrases("papers_say", language, answer=answer.text)


def after(lead: str, reply: Reply) -> Reply:
    """A reply with a lead before it."""
    return replace(reply, text="\n\n".join(filter(None, (lead, reply.text))))
