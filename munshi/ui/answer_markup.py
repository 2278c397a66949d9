"""What a customer would be told, or why not, as markup for whoever keeps the papers."""

from __future__ import annotations

from math import floor

from munshi.bot.paper_look import Look
from munshi.handlers.faq import CLOSE
from munshi.knowledge.answer import Trace
from munshi.knowledge.base import Answer
from munshi.knowledge.evidence import Evidence, shortfalls
from munshi.ui.markup import literal, sources
from munshi.ui.search_markup import bar, trail

_EVIDENCE = {
    "coverage": "Words of the question that it holds",
    "match": "How strongly the words match",
    "dense": "Nearness of the whole meaning",
    "max_sim": "Nearness word by word",
    "weakest": "Nearness of the two words matched worst",
}


def told(look: Look, worded_by: str) -> str:
    """The answer with its sources and its confidence, or what speaks against one; and what a model would add.

    `worded_by` is the language model's name, empty where there is none.
    """
    answer = look.told.answer
    body = _silence(look) if answer.abstained else _answer(answer)
    return (
        f'<div class="told{" silent" if answer.abstained else ""}"><h2>What a customer would be told</h2>{body}'
        f"{_sure(look.told)}{_why(look)}{_model(look, worded_by)}"
        '<p class="note">As the papers are asked for a customer: by the shop’s own weight and without your filters. '
        "A message that is taken for something else, an order say, is answered from there.</p></div>"
    )


def _answer(answer: Answer) -> str:
    return f'<div class="answer" dir="auto">{literal(answer.text)}</div>{sources(answer.citations)}'


def _silence(look: Look) -> str:
    if not look.told.hits:
        return '<div class="answer">Nothing: the papers hold nothing like it. A person is offered.</div>'
    close = look.told.answer.confidence >= CLOSE
    doubtful = (
        " Where it is clear what the customer wants, the closest passage is told, with the doubt." if close else ""
    )
    return f'<div class="answer">Nothing: no passage is sure enough. A person is offered.{doubtful}</div>'


def _sure(trace: Trace) -> str:
    value = floor(trace.answer.confidence * 100) / 100  # what falls short is not rounded up to what is needed
    return (
        f'<div class="sure"><span class="name">Confidence</span> <b>{value:.2f}</b>'
        f'<span class="track"><span class="fill" style="width: {value * 100:.0f}%"></span>'
        f'<span class="least" style="left: {trace.least * 100:.0f}%"></span></span>'
        f"<span>{trace.least:.2f} is needed</span></div>"
    )


def _why(look: Look) -> str:
    """The evidence for the likeliest passage, with what it lacks most; unfolded where nothing is told."""
    considered = list(zip(look.told.hits, look.told.confidences, look.told.evidence, strict=True))[
        : look.told.considered
    ]
    if not considered:
        return ""
    hit, _, evidence = max(considered, key=lambda each: each[1])
    missing = f'<p class="weak">In no paper: {literal(", ".join(look.unknown))}</p>' if look.unknown else ""
    unfolded = " open" if look.told.answer.abstained else ""
    return (
        f'<details class="why"{unfolded}><summary>The evidence</summary>'
        f'<p class="trail" dir="auto">{trail(hit.passage)}</p>{missing}'
        f'<div class="scores">{_evidence(evidence)}</div></details>'
    )


def _evidence(evidence: Evidence) -> str:
    lost = shortfalls(evidence)
    worst = next(iter(lost))
    note = '<span class="weak">the weakest point</span>'
    return "".join(
        bar(text, getattr(evidence, name), note=note if name == worst else "")
        for name, text in _EVIDENCE.items()
        if name in lost
    )


def _model(look: Look, worded_by: str) -> str:
    if not worded_by:
        return '<p class="note">No language model is set: customers read the papers’ own words.</p>'
    if look.worded is not None:
        return _worded(look.worded, worded_by)
    if look.would_word:
        told = f"{worded_by} would be asked to word this in the customer’s language, each sentence checked."
    else:
        told = f"{worded_by} would not be asked: the answer is the shop’s own already, or nothing comes near."
    return f'<p class="note">{literal(told)}</p>'


def _worded(worded: Answer, worded_by: str) -> str:
    made = worded.generation
    if worded.method != "generate" or made is None:
        faults = "; ".join(made.faults) if made is not None else ""
        told = f"{worded_by} was asked, and nothing of it passed the checks. {faults}"
        return f'<p class="note">{literal(told.strip())}</p>'
    told = f"In the words of {worded_by}, {made.released} sentences after {made.tries} tries, {made.ms:.0f} ms"
    held = f'<p class="note">Held back: {literal("; ".join(made.faults))}</p>' if made.faults else ""
    return f'<div class="worded"><h3>{literal(told)}</h3>{_answer(worded)}{held}</div>'
