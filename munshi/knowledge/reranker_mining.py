"""Pairs from the shop's FAQ: every way to ask for an entry, with the entry and with what is mistaken for it."""

from __future__ import annotations

from collections.abc import Sequence

from munshi.knowledge.base import Passage, Retriever
from munshi.knowledge.reranker_pairs import Pair
from munshi.knowledge.views import Prepare, alternates, as_is, token_views

NEGATIVES = 4


def faq_pairs(
    passages: Sequence[Passage], retriever: Retriever, *, prepare: Prepare = as_is, negatives: int = NEGATIVES
) -> list[Pair]:
    """For each question and alternate: its own answer (1), and the search's best hits that are not it (0).

    A hit is no negative where it can be asked for in the same words, or says the same.
    """
    pairs = []
    for passage in passages:
        if passage.kind == "faq":
            for way in dict.fromkeys((passage.title, *alternates(passage))):
                pairs.append(Pair(prepare(way), _read(passage, prepare), 1.0))
                wrong = _mistaken(way, passage, retriever, negatives)
                pairs += [Pair(prepare(way), _read(one, prepare), 0.0) for one in wrong]
    return list(dict.fromkeys(pairs))


def _mistaken(way: str, passage: Passage, retriever: Retriever, count: int) -> list[Passage]:
    found = [hit.passage for hit in retriever.search(way, top_k=2 * count + 1)]
    wrong = [
        one
        for one in found
        if one.id != passage.id and one.text != passage.text and way not in (one.title, *alternates(one))
    ]
    return wrong[:count]


def _read(passage: Passage, prepare: Prepare) -> str:
    """A passage as the reranker will read it."""
    return token_views(passage, prepare)[0]
