"""The gate before a model is promoted: its figures on texts held out must not fall below those of the current one.

Both are measured on the texts that the candidate holds out. The current model is wrong on an intent it never learnt,
as it would be before a customer. Where it was taught a text that is held out, its recipe is taught again without it,
on its own examples, so neither has seen what it is asked. Without a test file the candidate's own examples are the
judge: mistaken labels in them are then not found out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from munshi.intents.base import IntentError
from munshi.intents.examples import Examples
from munshi.intents.models import Change, ModelStore, Version
from munshi.intents.models_held_out import Figures, measure
from munshi.intents.models_manifest import Recipe
from munshi.intents.models_train import Pupil, teach
from munshi.intents.registry import Training

# The figures that must not fall.
GATED = ("accuracy", "macro_f1", "mcc")
BUILT_IN = Recipe("few_shot")
_WAY_OUT = 'to promote it anyway: --force --reason "…"'
# Sums of floats in another order differ by about so much.
_ROUNDING = 1e-9


class RefusedError(IntentError):
    """A promotion that the gate refused."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The candidate's figures and those of what it is to take over from, None where nothing could be held out."""

    candidate: Figures | None
    current: Figures | None
    tolerance: float = 0.0

    @property
    def falls(self) -> tuple[str, ...]:
        """Which figures fall by more than the tolerance, each with how far."""
        if self.candidate is None or self.current is None:
            return ()
        pairs = [(name, getattr(self.candidate, name), getattr(self.current, name)) for name in GATED]
        return tuple(
            f"{name} falls by {old - new:.4f} (from {old:.4f} to {new:.4f})"
            for name, new, old in pairs
            if old - new > self.tolerance + _ROUNDING
        )

    def to_dict(self) -> dict[str, Any]:
        """As the history keeps it."""
        return {name: figures and asdict(figures) for name, figures in self._named()}

    def _named(self) -> tuple[tuple[str, Figures | None], ...]:
        return ("candidate", self.candidate), ("current", self.current)


def compare(
    store: ModelStore, candidate: Version, pack: Examples, training: Training, *, tolerance: float = 0.0
) -> Comparison:
    """The candidate against the current model, or against the few-shot fit of the pack's examples where there is none.

    `training` is what models of this pack are trained and loaded with. Raises IntentError where one of them is
    damaged, or the current one cannot be taught again.
    """
    held_out, name = candidate.held_out(), store.current()
    if not held_out.parts:
        return Comparison(None, None, tolerance)
    measured = name or "the pack's own fit"
    training.progress(f"Measuring {measured} on what {candidate.manifest.version} held out")
    if name is None:
        pupil = Pupil(BUILT_IN, pack, training, lambda: teach(BUILT_IN, pack, training, "built-in"))
    else:
        old = store.version(name)
        pupil = Pupil(old.manifest.recipe, old.examples(), training, lambda: old.load(training))
    return Comparison(candidate.manifest.held_out.figures, measure(held_out, pupil.without), tolerance)


def promote(
    store: ModelStore,
    name: str,
    pack: Examples,
    training: Training,
    *,
    tolerance: float = 0.0,
    force: str = "",
) -> Change:
    """Promote a version whose figures do not fall by more than `tolerance`; `force` is the reason to do it anyway.

    Raises RefusedError where the gate refuses, IntentError where the version is damaged, is the current one, or knows
    an intent that the pack lacks.
    """
    candidate = store.version(name)
    candidate.verify()
    unknown = sorted(set(candidate.manifest.labels) - set(pack.intents))
    if unknown:
        raise IntentError(f"{name} knows intents that the pack lacks ({', '.join(unknown[:5])}): train it anew")
    if name == store.current():
        raise IntentError(f"{name} is the current model already")
    try:
        comparison = compare(store, candidate, pack, training, tolerance=tolerance)
    except IntentError as error:
        if not force:
            raise RefusedError(f"{name} cannot be compared: {error}; {_WAY_OUT}") from error
        comparison = Comparison(candidate.manifest.held_out.figures, None, tolerance)
    if not force:
        _let_pass(name, candidate, comparison)
    return store.promote(name, figures=comparison.to_dict(), falls=comparison.falls, reason=force)


def _let_pass(name: str, candidate: Version, comparison: Comparison) -> None:
    if comparison.candidate is None:
        raise RefusedError(f"{name} has no figures on texts held out. {candidate.manifest.held_out.note} {_WAY_OUT}")
    if comparison.falls:
        raise RefusedError(f"{name} is not promoted: {'; '.join(comparison.falls)}; {_WAY_OUT}")
