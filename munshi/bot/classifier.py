"""Which classifier a business gets: its promoted model where that fits the pack, else one that learns from the pack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from munshi.bot.business import Business
from munshi.intents.base import IntentError
from munshi.intents.cascade import Cascade
from munshi.intents.examples import Examples
from munshi.intents.few_shot import FewShotClassifier
from munshi.intents.models import ModelStore, Version
from munshi.intents.models_held_out import data_hash
from munshi.intents.models_train import LONG
from munshi.intents.registry import Trained, Training, factory

CASCADE, FEW_SHOT = "cascade", "few_shot"


def models_of(home: Path) -> ModelStore:
    """The models of the business that keeps its data in `home`."""
    return ModelStore(home / "models")


@dataclass(frozen=True, slots=True)
class Opened:
    """A classifier at work; `name` is that of the promoted version, or of the kind where it learnt from the pack."""

    classifier: Trained
    name: str


def open_classifier(business: Business, training: Training, home: Path) -> Opened:
    """The promoted model, or the classifier that the pack names, fitted now; inside a cascade where the pack says so.

    `training.progress` is told why a promoted model is not used, and when it learnt from other examples than the
    pack's. Raises IntentError where the classifier that the pack names cannot be had.
    """
    examples = Examples.from_intents(business.intents)
    promoted = _promoted(business, training, home)
    name = business.classifier if promoted is None else promoted.name
    base = None if promoted is None else promoted.classifier
    if business.classifier != CASCADE:
        return Opened(base or _fitted(business, examples, training, home), name)
    base = base or _few_shot(business, training, home)
    return Opened(base if isinstance(base, Cascade) else Cascade.around(base, examples, training), name)


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a model can be used for a pack; `remark` says why not, or what to know of it, and may be empty."""

    usable: bool
    remark: str = ""


def fit_of(version: Version, business: Business) -> Fit:
    """How a model fits a pack."""
    made, name = version.manifest, version.manifest.version
    kind = made.recipe.classifier
    if business.classifier not in (FEW_SHOT, CASCADE, kind):
        return Fit(False, f"business.yaml says `classifier: {business.classifier}`, the promoted {name} is a {kind}")
    known, wanted = set(made.labels), {intent.name for intent in business.intents}
    if known - wanted:
        return Fit(False, f"the promoted {name} knows intents that the pack lacks: {_listed(known - wanted)}")
    again = f"`munshi train intents --classifier {kind} --promote` brings it up to date"
    if wanted - known:
        return Fit(True, f"the promoted {name} does not know {_listed(wanted - known)}; {again}")
    if made.data_sha256 != data_hash(Examples.from_intents(business.intents)):
        return Fit(True, f"the promoted {name} learnt from other examples than the pack's; {again}")
    return Fit(True)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)[:5])


def _promoted(business: Business, training: Training, home: Path) -> Opened | None:
    store = models_of(home)
    name = store.current()
    if name is None:
        return None
    try:
        version = store.version(name)
        fit = fit_of(version, business)
        made = version.load(training) if fit.usable else None
    except IntentError as error:
        training.progress(f"The promoted model is not used: {error}. The pack's examples are learnt instead.")
        return None
    if made is None:
        training.progress(f"The promoted model is not used: {fit.remark}. The pack's examples are learnt instead.")
    elif fit.remark:
        training.progress(f"Note: {fit.remark}.")
    return None if made is None else Opened(made, name)


def _fitted(business: Business, examples: Examples, training: Training, home: Path) -> Trained:
    name = business.classifier
    if name == FEW_SHOT:
        return _few_shot(business, training, home)
    if name in LONG:
        training.progress(
            f"No {name} model is promoted, so few_shot is used: `munshi train intents --classifier {name}`"
        )
        return _few_shot(business, training, home)
    return factory(name)(examples, training)


def _few_shot(business: Business, training: Training, home: Path) -> FewShotClassifier:
    return FewShotClassifier.load_or_fit(
        business.intents,
        training.encoder,
        cache=home / "classifier",
        prepare=training.prepare,
        false_accept=training.false_accept,
        progress=training.progress,
    )
