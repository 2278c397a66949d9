"""The one way to open a costly reranker from a setting; late interaction needs no opening."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from munshi.knowledge.base import ChatModel, Encoder, KnowledgeError, Reranker
from munshi.knowledge.cross_encoder import open_cross_encoder
from munshi.knowledge.rerank_cross_encoder import CrossEncoderReranker
from munshi.knowledge.rerank_listwise import ListwiseReranker
from munshi.knowledge.reranker_blend import PairScorer, with_cosine
from munshi.knowledge.reranker_model import read_manifest, verify
from munshi.knowledge.views import Prepare, as_is

SPECS = "maxsim, none, cross_encoder:FOLDER or listwise"


@dataclass(frozen=True, slots=True)
class RerankerParts:
    """What rerankers are made of; each kind takes what it needs.

    `encoder` is the one that the papers are searched by, for rerankers that were trained to be asked together with it,
    `home` keeps graphs that are built once, `models` holds trained rerankers by name, `timeout` (seconds) is for an
    answer of the language model, `mask` hides from it what is private in a question, `progress` is told of what takes
    long.
    """

    home: Path
    encoder: Encoder | None = None
    model: ChatModel | None = None
    models: Path | None = None
    threads: int = 1
    prepare: Prepare = as_is
    timeout: float | None = None
    mask: Callable[[str], str] = str
    progress: Callable[[str], None] = lambda _text: None


def open_reranker(spec: str, parts: RerankerParts) -> Reranker:
    """The reranker that a setting names: "cross_encoder:FOLDER-OR-NAME" or "listwise".

    A name is that of a trained reranker in `parts.models`. Raises KnowledgeError, one line with the remedy.
    """
    kind, _, rest = spec.strip().partition(":")
    if kind == "listwise" and not rest:
        if parts.model is None:
            raise KnowledgeError("the reranker 'listwise' needs a language model; set MUNSHI_LLM, or choose maxsim")
        return ListwiseReranker(parts.model, timeout=parts.timeout, mask=parts.mask)
    if kind == "cross_encoder" and rest.strip():
        return CrossEncoderReranker(open_scorer(_folder(rest.strip(), parts.models), parts), prepare=parts.prepare)
    raise KnowledgeError(f"the reranker {spec.strip()[:80]!r} is unknown; set {SPECS}")


def open_scorer(folder: Path, parts: RerankerParts) -> PairScorer:
    """The cross-encoder in a folder, with the cosine's share that it was trained to be asked with, if any.

    Raises KnowledgeError, one line with the remedy.
    """
    verify(folder)
    model = open_cross_encoder(folder, home=parts.home, threads=parts.threads, progress=parts.progress)
    return with_cosine(model, read_manifest(folder), parts.encoder)


def _folder(named: str, models: Path | None) -> Path:
    """The folder of a trained reranker's name, else the path itself."""
    trained = models / named if models is not None and Path(named).name == named else None
    return trained if trained is not None and trained.is_dir() else Path(named).expanduser()
