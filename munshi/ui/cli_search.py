"""`munshi search`: look into the papers and see what each stage made of a query."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.ui.console import BusinessOption, JsonOption, opened, show_json

if TYPE_CHECKING:
    from munshi.knowledge.base import Hit
    from munshi.knowledge.search_trace import SearchTrace

_SCORES = ("score", "lexical", "dense", "rerank")


def search(
    query: Annotated[str, typer.Argument(help="What to look for.")],
    business: BusinessOption = None,
    alpha: Annotated[float | None, typer.Option(min=0, max=1, help="0 is words alone, 1 is meaning alone.")] = None,
    top_k: Annotated[int, typer.Option(min=1, max=100, help="How many passages.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Look into the papers and see each stage's score; what is out of date or contradicted is marked."""
    with opened(business) as app:
        found, ms = app.library.search(query, alpha=alpha, top_k=top_k)
    if as_json:
        show_json({"hits": [_hit(hit) for hit in found.hits], "ms": ms, **_told(found)})
    else:
        _show(found)


def _told(found: SearchTrace) -> dict[str, Any]:
    return {
        "query": found.query,
        "prepared": found.prepared,
        "expansions": list(found.expansions),
        "candidates": dict(found.candidates),
        "dense_missing": found.dense_missing,
        "fused": found.fused,
        "exact": dict(found.exact),
        "lifted": dict(found.lifted),
        "rerank": asdict(found.rerank),
        "costly": asdict(found.costly),
        "expired": [_hit(hit) for hit in found.expired],
        "conflicts": [_conflict(conflict) for conflict in found.conflicts],
        "stages": dict(found.ms),
    }


def _conflict(conflict: Any) -> dict[str, Any]:
    others = [other.id for other in conflict.others]
    return {"kept": conflict.kept.id, "others": others, "quotes": dict(conflict.quotes), "reason": conflict.reason}


def _hit(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    named = {name: getattr(passage, name) for name in ("id", "source", "title", "text", "page", "kind")}
    return {**named, **{name: getattr(hit, name) for name in _SCORES}}


def _show(found: SearchTrace) -> None:
    usable = {hit.passage.id for hit in found.usable}
    for number, hit in enumerate(found.hits, start=1):
        _show_hit(f"{number}.", hit, "" if hit.passage.id in usable else " (contradicted, not answered from)")
    for hit in found.expired:
        _show_hit("-", hit, " (not valid today, not answered from)")
    for conflict in found.conflicts:
        typer.secho(f"The papers disagree: {conflict}", fg=typer.colors.YELLOW)


def _show_hit(mark: str, hit: Hit, note: str) -> None:
    scores = "  ".join(f"{name} {_score(getattr(hit, name))}" for name in _SCORES)
    typer.secho(f"{mark} {hit.passage.source}: {hit.passage.title}{note}", bold=True)
    typer.echo(f"   {hit.passage.text}")
    typer.secho(f"   {scores}", dim=True)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
