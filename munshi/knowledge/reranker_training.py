"""Fine-tuning a cross-encoder: from pairs and a Hugging Face encoder to a folder that `cross_encoder:FOLDER` serves.

It needs the train extra (torch, transformers, accelerate), and reaches no network.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from tokenizers import Tokenizer

from munshi.knowledge.base import Encoder, EncoderError, KnowledgeError
from munshi.knowledge.cross_encoder import CrossEncoder
from munshi.knowledge.cross_encoder_folder import cross_encoder_folder, write_cross_encoder
from munshi.knowledge.encoder_kinds import KNOWN, positions
from munshi.knowledge.encoder_onnx import first_line
from munshi.knowledge.files import settle
from munshi.knowledge.reranker_blend import Cosine, best_share, blended, cosines
from munshi.knowledge.reranker_metrics import Correlations, correlations
from munshi.knowledge.reranker_model import MANIFEST, Measured, RerankerCard, read_manifest, write_card
from munshi.knowledge.reranker_pairs import Pair, digest, hold_out
from munshi.knowledge.reranker_settings import RerankerSettings
from munshi.knowledge.tokenizer import encodable, load_tokenizer
from munshi.knowledge.training_extra import missing_extra
from munshi.knowledge.training_work import Work, fingerprint
from munshi.knowledge.weights import EncoderFolder, Precision, minilm_folder, read_object

if TYPE_CHECKING:
    from munshi.knowledge.reranker_training_torch import PairModel

# Raise it when the same pairs, base and settings give another reranker.
VERSION = 2
# The name of the folder in the target that a training works in.
WORK = ".work"
# The name of the folder beside the checkpoints with what was learnt first.
BEGUN = "begun"
# How far a score from the fp32 graph may be from torch's, over so many pairs.
MAX_DIFFERENCE, COMPARED = 1e-4, 32


@dataclass(frozen=True, slots=True)
class RerankerLesson:
    """What a reranker is made from.

    Without `dev` a tenth of the questions is held out to choose the best round by; `test` is measured once, at the
    end. `first` is learnt before all else: pairs that an encoder scored (`reranker_imitation`). `encoder` is the
    one that papers are searched by: what share its cosine has in the score is chosen on `dev`. `sources` names where
    the pairs came from, `command` what makes the reranker again.
    """

    train: Sequence[Pair]
    dev: Sequence[Pair] = ()
    test: Sequence[Pair] = ()
    base: Path | None = None
    settings: RerankerSettings = field(default_factory=RerankerSettings)
    sources: Mapping[str, int] = field(default_factory=dict)
    command: str = ""
    first: Sequence[Pair] = ()
    encoder: Encoder | None = None

    def held_out(self) -> RerankerLesson:
        """The same with its own development pairs, where there are none."""
        if self.dev:
            return self
        train, dev = hold_out(self.train, seed=self.settings.seed)
        return replace(self, train=train, dev=dev)

    def data(self) -> str:
        """A fingerprint of what is learnt from and chosen by."""
        encoder = self.encoder.name if self.encoder else ""
        return f"{digest(self.train)} {digest(self.dev)} {digest(self.first)} {encoder}"


def train_reranker(folder: Path, lesson: RerankerLesson, progress: Callable[[str], None]) -> dict[str, Any]:
    """Train and keep the reranker as `folder`, which must be new, empty, or hold nothing but a stopped training.

    A call with the same pairs, base and settings goes on where the one before was stopped. Gives the manifest. Raises
    KnowledgeError where the train extra is missing, there is nothing to learn from, the base cannot be fine-tuned, or
    the folder cannot be written.
    """
    if missing := missing_extra():
        raise KnowledgeError(f"training a reranker needs {missing}")
    if len({pair.label for pair in lesson.train}) < 2:
        raise KnowledgeError("there is nothing to learn from: pairs with at least two different scores are needed")
    lesson, folder = lesson.held_out(), folder.resolve()
    base = _open_base(lesson.base, lesson.settings.max_tokens)
    try:
        held = [path.name for path in folder.iterdir()] if folder.exists() else []
        if held and held != [WORK]:
            raise KnowledgeError(f"{folder} is not empty: give a new folder, or one with a stopped training in it")
        work = Work(folder / WORK)
        with work.opened(fingerprint(VERSION, lesson.data(), base.path, asdict(lesson.settings))):
            if read_manifest(work.model) is None:
                _Run(lesson, base, work, progress).make()
        _publish(work.model, folder)
    except OSError as error:
        raise KnowledgeError(f"{folder} cannot be written ({error.strerror or error}): give another folder") from error
    return read_manifest(folder) or {}


def _publish(model: Path, folder: Path) -> None:
    """Bring the finished model up into its folder, what vouches for it last."""
    for file in sorted(model.iterdir(), key=lambda path: path.name == MANIFEST):
        file.replace(folder / file.name)
    settle(folder)
    shutil.rmtree(folder / WORK, ignore_errors=True)


def _open_base(folder: Path | None, max_tokens: int) -> EncoderFolder:
    """A Hugging Face folder to start from, by default MiniLM's. Raises EncoderError where it cannot be fine-tuned."""
    if folder is None:
        found = minilm_folder()
        found.check(found.weights)
        return replace(found, max_tokens=min(max_tokens, positions(found.config)))
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise EncoderError(f"{folder} has no {name}: give a Hugging Face encoder's folder")
    config = read_object(folder / "config.json")
    if config.get("model_type") not in KNOWN:
        raise EncoderError(
            f"{folder} is a model of the kind {config.get('model_type')}: fine-tune one of {', '.join(KNOWN)}"
        )
    read = min(max_tokens, positions(config))
    return EncoderFolder(str(folder), folder, folder.resolve().name, config, "cls", read, None, {})


class _Run:
    """One training, step by step."""

    def __init__(
        self, lesson: RerankerLesson, base: EncoderFolder, work: Work, progress: Callable[[str], None]
    ) -> None:
        self._lesson = lesson
        self._base = base
        self._work = work
        self._progress = progress
        self._tokenizer = load_tokenizer(base)

    def make(self) -> None:
        """Leave the finished folder at `work.model`, by a rename."""
        model = self._trained()
        fresh = self._work.fresh_model()
        model.save(fresh)
        self._tokenizer.save(str(fresh / "tokenizer.json"))
        (fresh / "tokenizer_config.json").write_text(json.dumps(self._tokenizer_config()), encoding="utf-8")
        write_card(fresh, self._measured(model, fresh))
        self._work.publish(fresh)

    def _tokenizer_config(self) -> dict[str, Any]:
        """What other libraries must know to read a pair as it was read in training."""
        config = self._base.config
        names = ["input_ids", "attention_mask", *(["token_type_ids"] if config.get("type_vocab_size", 0) > 1 else [])]
        padding = self._tokenizer.id_to_token(config.get("pad_token_id") or 0)
        return {
            "model_max_length": self._base.max_tokens,
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_input_names": names,
            **({"pad_token": padding} if padding else {}),
        }

    def _trained(self) -> PairModel:
        lesson = self._lesson
        if not lesson.first:
            model, settings = self._opened(self._base.path), lesson.settings
        else:
            model, settings = self._opened(self._begun()), lesson.settings.after
        resume = self._work.last_checkpoint()
        if resume is None:
            self._progress(f"Fine-tuning {self._base.name} on {len(lesson.train)} pairs")
        else:
            self._progress(f"Going on with the training from {resume.name}")
        self._fit(model, lesson.train, lesson.dev, settings, self._work.checkpoints, resume)
        return model

    def _begun(self) -> Path:
        """The folder of what was learnt first; a stop before its end leaves none."""
        begun = self._work.checkpoints / BEGUN
        if not begun.is_dir():
            model, fresh = self._opened(self._base.path), begun.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            self._progress(f"Learning the encoder's cosine on {len(self._lesson.first)} pairs of the same texts")
            self._fit(model, self._lesson.first, (), self._lesson.settings.first, fresh / "checkpoints", None)
            shutil.rmtree(fresh / "checkpoints", ignore_errors=True)
            model.save(fresh)
            settle(fresh)
            fresh.rename(begun)
        return begun

    def _fit(
        self,
        model: PairModel,
        train: Sequence[Pair],
        dev: Sequence[Pair],
        settings: RerankerSettings,
        folder: Path,
        resume: Path | None,
    ) -> None:
        from munshi.knowledge import reranker_training_torch

        rows = [self._row(pair, turning=pair.symmetric) for pair in train]
        chosen = [self._row(pair) for pair in dev]
        try:
            reranker_training_torch.fit(model, rows, chosen, settings, folder, resume=resume, progress=self._progress)
        except (RuntimeError, SafetensorError, EOFError, UnpicklingError) as error:
            raise KnowledgeError(
                f"the training broke off ({first_line(error)}): free memory and disk and start it again; "
                f"if it breaks off again, delete {self._work.checkpoints}"
            ) from error

    def _opened(self, folder: Path) -> PairModel:
        from munshi.knowledge import reranker_training_torch

        settings = self._lesson.settings
        try:
            model = reranker_training_torch.open_model(folder, settings.seed, bf16=settings.bf16)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise EncoderError(f"{folder} cannot be loaded ({first_line(error)}): copy the folder again") from error
        if self._tokenizer.get_vocab_size() > model.words:
            raise EncoderError(f"{folder} has more words in its tokenizer than in its weights: copy the folder again")
        return model

    def _row(self, pair: Pair, *, turning: bool = False) -> dict[str, Any]:
        row = {**_encoded(self._tokenizer, pair.query, pair.passage), "label": pair.label}
        return row | {"turned": _encoded(self._tokenizer, pair.passage, pair.query)} if turning else row

    def _measured(self, model: PairModel, folder: Path) -> RerankerCard:
        """The figures of the graphs that are served, and a check that they do what torch does."""
        self._progress("Measuring what is served")
        lesson = self._lesson
        exact, small = (_graph(folder, self._work.checkpoints, precision) for precision in ("fp32", "int8"))
        self._compare(model, exact)
        dev, test = (_figures(pairs, exact, small) for pairs in (lesson.dev, lesson.test))
        cosine = cosine_of(small, lesson.encoder, lesson.dev, lesson.test) if lesson.encoder else None
        sources = lesson.sources or {"pairs": len(lesson.train)}
        settings = asdict(lesson.settings)
        return RerankerCard(self._base.name, settings, sources, digest(lesson.train), dev, test, lesson.command, cosine)

    def _compare(self, model: PairModel, exact: CrossEncoder) -> None:
        """Raise KnowledgeError where the graph does not do what torch does."""
        from munshi.knowledge import reranker_training_torch

        pairs = [*self._lesson.dev, *self._lesson.train][:COMPARED]
        expected = reranker_training_torch.score(model, [self._row(pair) for pair in pairs])
        difference = float(np.max(np.abs(_scores(pairs, exact) - expected)))
        if not difference <= MAX_DIFFERENCE:
            raise KnowledgeError(
                f"the graph written from {self._base.path} does not do what the trained model does "
                f"(scores differ by {difference:.1e}): choose another base"
            )


def cosine_of(model: CrossEncoder, encoder: Encoder, dev: Sequence[Pair], test: Sequence[Pair]) -> Cosine | None:
    """The share that an encoder's cosine is to have, and what it does; None without pairs to choose it on."""
    if not dev:
        return None
    share = best_share(_scores(dev, model), _cosines(dev, encoder), [pair.label for pair in dev])

    def together(pairs: Sequence[Pair]) -> Correlations:
        both = blended(_scores(pairs, model), _cosines(pairs, encoder), share)
        return correlations(both, [pair.label for pair in pairs])

    return Cosine(encoder.name, share, together(dev), together(test) if test else None)


def _cosines(pairs: Sequence[Pair], encoder: Encoder) -> NDArray[np.float64]:
    return cosines(encoder, [pair.query for pair in pairs], [pair.passage for pair in pairs])


def _encoded(tokenizer: Tokenizer, one: str, other: str) -> dict[str, list[int]]:
    pair = tokenizer.encode(encodable(one), encodable(other))
    return {"input_ids": pair.ids, "token_type_ids": pair.type_ids}


def _graph(folder: Path, scratch: Path, precision: Precision) -> CrossEncoder:
    files = cross_encoder_folder(folder)
    scratch.mkdir(parents=True, exist_ok=True)
    target = scratch / f"{precision}.onnx"
    write_cross_encoder(files, target, precision)
    return CrossEncoder(files, target)


def _figures(pairs: Sequence[Pair], exact: CrossEncoder, small: CrossEncoder) -> Measured | None:
    if not pairs:
        return None
    labels = [pair.label for pair in pairs]
    served, fp32 = (correlations(_scores(pairs, model), labels) for model in (small, exact))
    return Measured(len(pairs), digest(pairs), served, fp32)


def _scores(pairs: Sequence[Pair], model: CrossEncoder) -> NDArray[np.float64]:
    return np.array([model.score(pair.query, [pair.passage])[0] for pair in pairs])
