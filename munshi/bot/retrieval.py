"""How a business's papers are cut, indexed and searched: the defaults, and over them what its pack sets."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TypeVar

from munshi.bot.business import Business
from munshi.knowledge.base import Reranker
from munshi.knowledge.chunking import ChunkSettings
from munshi.knowledge.lexical import LexicalSettings
from munshi.knowledge.rerankers import RerankerParts, open_reranker
from munshi.knowledge.search_settings import SearchSettings

_CHEAP = "maxsim"
_WEIGHTS = {"title_weight": "title", "heading_weight": "heading"}

S = TypeVar("S", SearchSettings, LexicalSettings, ChunkSettings)


def search_settings(business: Business, *, alpha: float | None = None) -> SearchSettings:
    """The funnel's switches and sizes; `alpha` goes before the pack's where it is given."""
    settings = _with(SearchSettings(), business)
    if business.retrieval.get("reranker") == "none":
        settings = replace(settings, rerank=False)
    return settings if alpha is None else replace(settings, alpha=alpha)


def lexical_settings(business: Business) -> LexicalSettings:
    """BM25's own settings and the weights of the fields."""
    return _with(LexicalSettings(), business)


def chunk_settings(business: Business) -> ChunkSettings:
    """How long a passage may get."""
    return _with(ChunkSettings(), business)


def costly_reranker(business: Business, parts: RerankerParts) -> Reranker | None:
    """The reranker that is asked where the cheap order is in doubt; None where the pack names no other than MaxSim.

    Raises KnowledgeError, one line with the remedy.
    """
    spec = business.retrieval.get("reranker", _CHEAP)
    return None if spec in (_CHEAP, "none") else open_reranker(spec, parts)


def _with(settings: S, business: Business) -> S:
    named = {_WEIGHTS.get(key, key): value for key, value in business.retrieval.items()}
    known = {each.name for each in fields(settings)}
    return replace(settings, **{key: value for key, value in named.items() if key in known})
