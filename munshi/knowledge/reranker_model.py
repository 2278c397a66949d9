"""A trained reranker as a folder: a Hugging Face sequence classifier, with what it learnt from and how well."""

from __future__ import annotations

import json
import platform
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from munshi import __version__
from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.reranker_blend import Cosine
from munshi.knowledge.reranker_metrics import Correlations
from munshi.knowledge.weights import sha256

MANIFEST, CARD = "model.json", "README.md"
# Raise it when a reader of an older one would go wrong.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """Correlations on some pairs, by the graph that is served and by the same in fp32, and the pairs' SHA-256."""

    pairs: int
    sha256: str
    served: Correlations
    fp32: Correlations


@dataclass(frozen=True, slots=True)
class RerankerCard:
    """How a reranker came about. `sources` names where the pairs came from, with their number.

    `cosine` is the part that the encoder's cosine has in what is served.
    """

    base: str
    settings: Mapping[str, Any]
    sources: Mapping[str, int]
    data_sha256: str
    dev: Measured | None
    test: Measured | None
    command: str
    cosine: Cosine | None = None


def new_name() -> str:
    """A name for a reranker made now; names sort by the second, in UTC."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-cross_encoder-{secrets.token_hex(3)}"


def write_card(folder: Path, card: RerankerCard) -> None:
    """Complete a folder that holds the model; what vouches for its files comes last. Raises OSError."""
    made = {"created": datetime.now(UTC).isoformat(timespec="seconds"), "munshi": __version__}
    (folder / CARD).write_text(_page(card, made), encoding="utf-8")
    files = {file.name: sha256(file) for file in sorted(folder.iterdir()) if file.is_file()}
    manifest = {"format": FORMAT, **made, "python": platform.python_version(), **asdict(card), "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What `write_card` kept; None where there is nothing such. Raises KnowledgeError where it is damaged."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT or not isinstance(manifest["files"], dict):
            raise KnowledgeError(f"{path} was written by another version of Munshi: train the reranker again")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KnowledgeError(f"{path} is no reranker's description ({error}): train the reranker again") from error
    return dict(manifest)


def verify(folder: Path) -> None:
    """Raise KnowledgeError where a file of a reranker trained here is missing, or is not what was written."""
    manifest = read_manifest(folder)
    for name, digest in (manifest or {"files": {}})["files"].items():
        if sha256(folder / name) != digest:
            raise KnowledgeError(f"{folder / name} is not what was trained (SHA-256): train the reranker again")


def _page(card: RerankerCard, made: Mapping[str, str]) -> str:
    sources = "\n".join(f"- {name}: {count} pairs" for name, count in card.sources.items())
    settings = ", ".join(f"{name} {value}" for name, value in card.settings.items())
    figures = [("development", card.dev), ("test", card.test)]
    rows = "".join(_row(name, measured) for name, measured in figures if measured is not None)
    return f"""# Reranker from {card.base}

Made {made["created"]} by Munshi {made["munshi"]}.

## Intended use

To put passages that a search has found in the order in which they answer a question. It reads question and passage
together and gives a score from 0 to 1. It is a Hugging Face sequence classifier of one label.

## Data

{sources}

SHA-256 of the pairs: `{card.data_sha256}`.

## Figures

The best round was chosen on the development pairs; the test pairs were read once, at the end.

| pairs | number | SHA-256 | Pearson | Spearman | in fp32 |
|---|---|---|---|---|---|
{rows}{_together(card.cosine)}
## Limits

Scores speak of texts like those it learnt from. It reads {card.settings.get("max_tokens", "some")} tokens of a pair.

## To make it again

Settings: {settings}.

```
{card.command}
```
"""


def _together(cosine: Cosine | None) -> str:
    if cosine is None:
        return ""
    figures = [("development", cosine.dev), ("test", cosine.test)]
    told = "; ".join(f"{name} {one.pearson:.4f}, {one.spearman:.4f}" for name, one in figures if one is not None)
    return (
        f"\nIt is served with the cosine of the encoder `{cosine.encoder}`, whose share of {cosine.share:g} was chosen "
        f"on the development pairs. Both together: {told}. With another encoder, or none, it is asked alone.\n"
    )


def _row(name: str, measured: Measured) -> str:
    served, exact = measured.served, measured.fp32
    return (
        f"| {name} | {measured.pairs} | `{measured.sha256[:16]}` | {served.pearson:.4f} | {served.spearman:.4f} | "
        f"{exact.pearson:.4f}, {exact.spearman:.4f} |\n"
    )
