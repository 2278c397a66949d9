"""`munshi train reranker`: a cross-encoder from pairs of texts, from the pack's FAQ, and from recorded corrections."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.bot.settings import load_settings
from munshi.ui.cli_training import encoder_of
from munshi.ui.console import BusinessOption, JsonOption, fault, show_json, show_pairs, step, telling_faults

if TYPE_CHECKING:
    from munshi.knowledge.base import Encoder
    from munshi.knowledge.reranker_pairs import Pair
    from munshi.knowledge.reranker_training import RerankerLesson

STOPPED = 130
PARTS = {"development": "dev", "test": "test"}


def reranker(
    business: BusinessOption = None,
    train: Annotated[
        Path | None,
        typer.Option(help="CSV of pairs: `sentence1,sentence2,score`; default: the pack's FAQ.", show_default=False),
    ] = None,
    dev: Annotated[
        Path | None, typer.Option(help="Pairs to choose the best round by; default: some held out.", show_default=False)
    ] = None,
    test: Annotated[Path | None, typer.Option(help="Pairs to measure on, once.", show_default=False)] = None,
    corrections: Annotated[
        Path | None, typer.Option(help="CSV or JSON lines: `question,passage_id,relevant`.", show_default=False)
    ] = None,
    base: Annotated[
        Path | None, typer.Option(help="The Hugging Face folder to start from; default: MiniLM.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A new folder for it; default: the pack's rerankers.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For what is drawn at random.")] = 0,
    rounds: Annotated[int | None, typer.Option(min=1, max=50, help="At most so often through all pairs.")] = None,
    imitate: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Pairs that the encoder scores, learnt first; default: 5 for each of --train.",
            show_default=False,
        ),
    ] = None,
    bf16: Annotated[
        bool, typer.Option("--bf16", help="Multiply in bfloat16, where the processor is made for it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a cross-encoder to put passages in order. The same command with the same --out goes on after a stop."""
    options = {
        "--business": business, "--train": train, "--dev": dev, "--test": test, "--corrections": corrections,
        "--base": base, "--out": out, "--seed": seed, "--rounds": rounds, "--imitate": imitate,
    }  # fmt: skip
    settings = {"seed": seed, "bf16": bf16} | ({} if rounds is None else {"rounds": rounds})
    with telling_faults():
        from munshi.knowledge.reranker_training import train_reranker

        lesson = _lesson(business, train, dev, test, corrections, base, settings, imitate, _command(options, bf16=bf16))
        folder = out or _pack_folder(business)
        try:
            made = train_reranker(folder, lesson, step)
        except KeyboardInterrupt:
            raise fault(f"stopped; the same command with --out {folder} goes on from here", STOPPED) from None
    _show(folder, made, as_json)


def _lesson(
    business: str | None,
    train: Path | None,
    dev: Path | None,
    test: Path | None,
    corrections: Path | None,
    base: Path | None,
    chosen: Mapping[str, Any],
    imitate: int | None,
    command: str,
) -> RerankerLesson:
    from munshi.knowledge.reranker_pairs import read_pairs
    from munshi.knowledge.reranker_settings import RerankerSettings
    from munshi.knowledge.reranker_training import RerankerLesson

    pairs: list[Pair] = []
    sources: dict[str, int] = {}
    top = None
    if train is not None:
        pairs, top = read_pairs(train)
        sources[train.name] = len(pairs)
    if train is None or business is not None or corrections is not None:
        more = _from_pack(business, corrections, faq=train is None or business is not None)
        sources |= {name: len(found) for name, found in more.items()}
        pairs += [pair for found in more.values() for pair in found]
    validation, tested = (read_pairs(path, top=top)[0] if path is not None else [] for path in (dev, test))
    settings = RerankerSettings(**chosen)
    encoder = encoder_of(None)
    first = _imitated(pairs, encoder, imitate, settings.seed)
    sources |= {"the encoder's cosine": len(first)} if first else {}
    return RerankerLesson(pairs, validation, tested, base, settings, sources, command, first, encoder)


def _imitated(pairs: Sequence[Pair], encoder: Encoder | None, count: int | None, seed: int) -> Sequence[Pair]:
    """More pairs of the same sentences, as the encoder scores them."""
    from munshi.knowledge.reranker_imitation import PER_PAIR, imitated

    count = PER_PAIR * sum(pair.symmetric for pair in pairs) if count is None else count
    return imitated(pairs, encoder, count, seed=seed) if count and encoder is not None else ()


def _from_pack(business: str | None, corrections: Path | None, *, faq: bool) -> dict[str, list[Pair]]:
    """Pairs from the pack's FAQ and from corrections, by where they came from."""
    from munshi.bot.opening import open_library
    from munshi.knowledge.reranker_mining import faq_pairs
    from munshi.knowledge.reranker_pairs import read_corrections

    found: dict[str, list[Pair]] = {}
    with open_library(load_settings(business=business), progress=step) as library:
        retriever = library.retriever
        passages = retriever.index.passages
        if faq:
            found["the pack's FAQ"] = faq_pairs(passages, retriever, prepare=retriever.prepare)
        if corrections is not None:
            pairs, unknown = read_corrections(corrections, passages, retriever.prepare)
            if unknown:
                step(f"{len(unknown)} corrections are of passages that are no more ({unknown[0]}): left out")
            found[corrections.name] = pairs
    return found


def _pack_folder(business: str | None) -> Path:
    from munshi.bot.business import find_business
    from munshi.knowledge.reranker_model import new_name

    settings = load_settings(business=business)
    return settings.business_home(find_business(settings.business).name) / "rerankers" / new_name()


def _show(folder: Path, made: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json({**made, "folder": str(folder.resolve())})
        return
    told = {"folder": str(folder.resolve())} | {f"pairs from {name}": count for name, count in made["sources"].items()}
    for name, key in PARTS.items():
        if (part := made[key]) is not None:
            told[name] = f"{part['pairs']} pairs: {_figures(part['served'])}"
    if both := made["cosine"]:
        told["the encoder's cosine"] = f"a share of {both['share']:g}, chosen on the development pairs"
        told |= {f"both, {name}": _figures(both[part]) for name, part in PARTS.items() if both[part] is not None}
    show_pairs(told)


def _figures(found: Mapping[str, float]) -> str:
    return f"Pearson {found['pearson']:.4f}, Spearman {found['spearman']:.4f}"


def _command(options: dict[str, Any], *, bf16: bool) -> str:
    """The command line that makes the same reranker again."""
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    given += ["--bf16"] if bf16 else []
    return shlex.join(["munshi", "train", "reranker", *given])
