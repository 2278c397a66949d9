"""The `retrieval:` key of business.yaml: how the papers are searched, where the defaults are not wanted."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from munshi.bot.pack.faults import quote
from munshi.bot.pack.values import BadValueError, Text


def _check_reranker(value: str) -> str:
    if value in ("maxsim", "none", "listwise") or re.fullmatch(r"cross_encoder:\S.*", value):
        return value
    raise BadValueError(
        f"There is no reranker {quote(value)}.", "Write maxsim, none, listwise or cross_encoder:FOLDER."
    )


def _check_group(value: tuple[str, ...]) -> tuple[str, ...]:
    if len({term.casefold() for term in value}) > 1:
        return value
    raise BadValueError("A synonym needs another word to stand for.", "Write two or more, as in [bonnet, hood].")


def _not_a_switch(value: Any) -> Any:
    if isinstance(value, bool):
        raise BadValueError(f"{quote(str(value).lower())} is not a number.", "Write digits, with a point for decimals.")
    return value


Number = BeforeValidator(_not_a_switch)
Share = Annotated[float, Number, Field(ge=0, le=1)]
Group = Annotated[tuple[Text, ...], AfterValidator(_check_group)]
Weight = Annotated[int, Number, Field(ge=0, le=10)]


class Retrieval(BaseModel):
    """What is left out keeps its default; see `SearchSettings`, `LexicalSettings` and `ChunkSettings`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fusion: Literal["min_max", "rrf"] | None = None
    alpha: Share | None = None
    rrf_k: Annotated[int, Number, Field(ge=1, le=1000)] | None = None
    method: Literal["lucene", "robertson", "atire", "bm25l", "bm25+"] | None = None
    k1: Annotated[float, Number, Field(ge=0, le=5)] | None = None
    b: Share | None = None
    delta: Annotated[float, Number, Field(ge=0, le=5)] | None = None
    title_weight: Weight | None = None
    heading_weight: Weight | None = None
    candidates: Annotated[int, Number, Field(ge=1, le=1000)] | None = None
    shortlist: Annotated[int, Number, Field(ge=1, le=100)] | None = None
    rerank: bool | None = None
    reranker: Annotated[Text, AfterValidator(_check_reranker)] | None = None
    maxsim_weight: Share | None = None
    margin: Share | None = None
    max_words: Annotated[int, Number, Field(ge=20, le=1000)] | None = None
    synonyms: tuple[Group, ...] = ()
    expand: bool | None = None
    exact: bool | None = None
    conflicts: bool | None = None
    cache: Annotated[int, Number, Field(ge=0, le=100_000)] | None = None
