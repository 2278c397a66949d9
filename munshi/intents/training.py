"""Fine-tuning: from examples and a Hugging Face encoder to a folder that `fine_tuned` serves.

It needs the train extra (torch, transformers, accelerate), and reaches no network.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from tokenizers import Tokenizer

from munshi.intents.base import IntentError
from munshi.intents.fine_tuned_file import GRAPH, TOKENIZER, Facts, read_model, write_head
from munshi.intents.fine_tuned_fit import class_means, learn
from munshi.intents.fine_tuned_model import Vectors
from munshi.intents.support import Support
from munshi.intents.training_export import check_base, write_fp32, write_small
from munshi.intents.training_settings import Settings
from munshi.intents.training_split import Split, class_weights, first_of_each
from munshi.knowledge.base import EncoderError
from munshi.knowledge.encoder_kinds import as_bert, positions
from munshi.knowledge.encoder_onnx import OnnxEncoder, first_line
from munshi.knowledge.tokenizer import encodable, load_tokenizer
from munshi.knowledge.training_extra import missing_extra
from munshi.knowledge.training_work import Work, fingerprint
from munshi.knowledge.weights import EncoderFolder, minilm_folder

if TYPE_CHECKING:
    from munshi.intents.training_torch import IntentModel

Progress = Callable[[str], None]
Indices = NDArray[np.int64]

# Raise it when the same data, base and settings give another classifier.
VERSION = 1
# The int8 graph is taken where it gives this share of the examples held out the same intent as fp32.
MIN_AGREEMENT = 0.98
# How far a vector from the fp32 graph may be from torch's, as 1 - cosine.
MAX_DISTANCE = 1e-4
# As many examples of an intent tell where its part of the head should start.
START_TEXTS = 20
# Texts that the graph is compared with torch on.
COMPARED = 64


@dataclass(frozen=True, slots=True)
class Base:
    """A Hugging Face folder to start from, its tokenizer set to the length that is read."""

    name: str
    folder: Path
    tokenizer: Tokenizer
    max_tokens: int

    @classmethod
    def open(cls, folder: Path | None, max_tokens: int) -> Base:
        """The folder, by default MiniLM's. Raises IntentError where it cannot be fine-tuned."""
        try:
            path = folder or _minilm()
            config = _read_config(path)
            check_base(config, path)
            read = min(max_tokens, positions(config))
            files = EncoderFolder(str(path), path, path.name, config, "mean", read, None, {})
            return cls(path.resolve().name if folder else "minilm", path, load_tokenizer(files), read)
        except EncoderError as error:
            raise IntentError(str(error)) from error

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, with the marks around it."""
        return [self.tokenizer.encode(encodable(text)).ids for text in texts]


def fine_tune(support: Support, base: Path | None, work: Path, settings: Settings, progress: Progress) -> Path:
    """Train, export and calibrate; gives the folder, in `work`, that `FineTunedClassifier.load` takes.

    A call with the same examples, base and settings goes on where the one before was stopped, and gives what is
    there where it was done. Raises IntentError where the train extra is missing, the base cannot be fine-tuned, or
    the folder cannot be written; TrainingDataError where no intent has an example.
    """
    _require_extra()
    opened = Base.open(base, settings.max_tokens)
    place = Work(work, IntentError)
    with place.opened(fingerprint(VERSION, support.fingerprint(), opened.folder, asdict(settings))):
        if not _is_whole(place.model):
            _Run(support, opened, settings, place, progress).make()
    return place.model


def _is_whole(model: Path) -> bool:
    try:
        read_model(model)
    except IntentError:
        return False
    return True


def _require_extra() -> None:
    if missing := missing_extra():
        raise IntentError(f"fine-tuning needs {missing}")


def _minilm() -> Path:
    folder = minilm_folder()
    folder.check(folder.weights)
    return folder.path


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IntentError(
            f"{folder} has no config.json that can be read: give a Hugging Face encoder's folder"
        ) from error
    if not isinstance(config, dict):
        raise IntentError(f"{folder / 'config.json'} holds no JSON object: copy the model's folder again")
    return config


class _Run:
    """One training, step by step."""

    def __init__(self, support: Support, base: Base, settings: Settings, work: Work, progress: Progress) -> None:
        self._support = support
        self._base = base
        self._settings = settings
        self._work = work
        self._progress = progress
        self._split = Split.stratified(support, seed=settings.seed)
        self._tokens = base.tokens(support.texts)

    def make(self) -> None:
        """Leave the finished folder at `work.model`, by a rename."""
        model = self._trained()
        fresh = self._work.fresh_model()
        self._base.tokenizer.save(str(fresh / TOKENIZER))
        precision, agreement = self._export(model, fresh)
        facts = Facts(self._base.name, self._settings.seed, precision, agreement, self._base.max_tokens)
        self._progress("Calibrating")
        self._write_head(model, fresh, facts)
        self._work.publish(fresh)

    def _trained(self) -> IntentModel:
        from munshi.intents import training_torch

        model = self._opened()
        resume = self._work.last_checkpoint()
        if resume is None:
            self._start(model)
        else:
            self._progress(f"Going on with the training from {resume.name}")
        often = -(-self._settings.round_texts // len(self._split.train))
        try:
            training_torch.fit(
                model,
                self._rows(self._split.train) * often,
                self._rows(self._split.validation),
                self._settings,
                self._work.checkpoints,
                resume=resume,
                progress=self._progress,
            )
        except (RuntimeError, SafetensorError, EOFError, UnpicklingError) as error:
            raise IntentError(
                f"the training broke off ({first_line(error)}): free memory and disk and start it again; "
                f"if it breaks off again, delete {self._work.checkpoints}"
            ) from error
        return model

    def _opened(self) -> IntentModel:
        """The base with a head that knows nothing yet. Raises IntentError where the base is damaged."""
        from munshi.intents import training_torch

        weights = class_weights(self._support.owners[self._split.train], len(self._support.intents))
        folder = self._base.folder
        try:
            model = training_torch.open_model(folder, weights, self._settings)
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise IntentError(
                f"{folder} cannot be loaded ({first_line(error)}): copy the model's folder again"
            ) from error
        if self._base.tokenizer.get_vocab_size() > model.words:
            raise IntentError(f"{folder} has more words in its tokenizer than in its weights: copy the folder again")
        return model

    def _start(self, model: IntentModel) -> None:
        """Let the head start from the class means of the base's own vectors."""
        from munshi.intents import training_torch

        owners, classes = self._support.owners, len(self._support.intents)
        self._progress(f"Fine-tuning {self._base.name} on {len(self._split.train)} texts of {classes} intents")
        rows = first_of_each(owners, self._split.train, START_TEXTS)
        vectors = training_torch.encode(model, [self._tokens[row] for row in rows])
        model.start_head(class_means(vectors, owners[rows], classes), self._settings.sharpness)

    def _rows(self, rows: Indices) -> list[dict[str, Any]]:
        return [{"input_ids": self._tokens[row], "labels": int(self._support.owners[row])} for row in rows]

    def _export(self, model: IntentModel, folder: Path) -> tuple[str, float]:
        """Write the graph; gives its precision, and how often int8 decides as fp32 does."""
        self._progress("Writing the graph")
        try:
            bert = as_bert(
                model.encoder.config.to_dict(), {name: t.numpy() for name, t in model.encoder.state_dict().items()}
            )
        except EncoderError as error:
            raise IntentError(str(error)) from error
        write_fp32(bert, folder / GRAPH)
        texts = [self._support.texts[row] for row in self._split.tested]
        exact = self._vectors(folder / GRAPH, texts)
        self._compare(model, exact)
        small = folder / "int8.onnx"
        write_small(bert, self._base.tokenizer, small)
        weights, bias = model.learnt_head()
        decided = [np.argmax(vectors @ weights.T + bias, axis=1) for vectors in (exact, self._vectors(small, texts))]
        agreement = float(np.mean(decided[0] == decided[1]))
        if agreement < MIN_AGREEMENT:
            self._progress(f"int8 agrees with fp32 on {agreement:.1%} of the examples held out: fp32 is kept")
            small.unlink()
            return "fp32", agreement
        small.replace(folder / GRAPH)
        return "int8", agreement

    def _compare(self, model: IntentModel, exact: Vectors) -> None:
        """Raise IntentError where the graph does not do what torch does."""
        from munshi.intents import training_torch

        rows = self._split.tested[:COMPARED]
        expected = training_torch.encode(model, [self._tokens[row] for row in rows])
        distance = float(np.max(1 - (expected * exact[: len(rows)]).sum(axis=1)))
        if not distance <= MAX_DISTANCE:
            raise IntentError(
                f"the graph written from {self._base.folder} does not do what the trained model does "
                f"(1 - cosine {distance:.1e}): choose another base"
            )

    def _write_head(self, model: IntentModel, folder: Path, facts: Facts) -> None:
        """Calibrate on the vectors that the graph gives, which are those served, and complete the folder."""
        vectors = self._vectors(folder / GRAPH, self._support.texts)
        rate = self._settings.false_accept
        write_head(folder, *learn(self._support, self._split, vectors, model.learnt_head(), false_accept=rate), facts)

    def _vectors(self, graph: Path, texts: Sequence[str]) -> Vectors:
        files = EncoderFolder("", graph.parent, "fine_tuned", {}, "mean", self._base.max_tokens, graph, {})
        return OnnxEncoder(files, graph, name="fine_tuned", threads=os.cpu_count() or 1).encode(texts)
