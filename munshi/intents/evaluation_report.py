"""What an evaluation tells: one run's report, and that of several runs on a few drawn examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from statistics import fmean, pstdev
from typing import Any

from munshi.intents.base import IntentError
from munshi.intents.calibration import Thresholds
from munshi.intents.evaluation_figures import RiskReport, confused, reliability, risks, scope
from munshi.intents.evaluation_outcome import Confusion, Metrics, Outcome


@dataclass(frozen=True)
class Report:
    """What one classifier did on one test set.

    `steps` are the rows of a classifier that goes by steps, a cascade say: each step's share of the texts and time.
    """

    classifier: str
    train: int
    thresholds: Thresholds
    metrics: Metrics
    outcome: Outcome
    steps: tuple[Mapping[str, Any], ...] = ()

    @cached_property
    def confusion(self) -> Confusion:
        """How often which label was given for which."""
        return self.outcome.confusion(self.thresholds.in_scope)

    def risks(self, intents: Sequence[str]) -> tuple[RiskReport, ...]:
        """How the named high-risk intents fare. Raises IntentError where one is unknown or has no threshold."""
        accept = self.thresholds.accept
        missing = [name for name in intents if name not in accept or name not in self.outcome.intents]
        if missing:
            raise IntentError(
                f"{self.classifier} has no threshold for the high-risk {', '.join(missing)}: "
                f"name labels of the training data, such as {', '.join(self.outcome.intents[:3])}"
            )
        return risks(self.outcome, {name: accept[name] for name in intents})

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON takes it, the figures on its first level."""
        told = self.outcome
        return {
            "classifier": self.classifier,
            "intents": len(told.intents),
            "train": self.train,
            "test": len(told.texts),
            "out_of_scope": len(told.texts) - told.inside,
            "thresholds": asdict(self.thresholds),
            **asdict(self.metrics),
            "steps": list(self.steps),
            "confusion": asdict(self.confusion),
            "confused": [asdict(pair) for pair in confused(told, self.thresholds.in_scope)],
            "reliability": [asdict(row) for row in reliability(told)],
            "scope": asdict(scope(told)),
        }


@dataclass(frozen=True, slots=True)
class ShotsReport:
    """What one classifier did when taught `shots` examples an intent, once for each seed."""

    shots: int
    seeds: tuple[int, ...]
    runs: tuple[Report, ...]

    def to_dict(self) -> dict[str, Any]:
        """Mean and standard deviation (of the population) of each figure over the seeds, as JSON takes it."""
        rows = [asdict(run.metrics) for run in self.runs]
        known = [name for name, value in rows[0].items() if value is not None]
        first = self.runs[0]
        return {
            "classifier": first.classifier,
            "shots": self.shots,
            "seeds": list(self.seeds),
            "intents": len(first.outcome.intents),
            "train": first.train,
            "test": len(first.outcome.texts),
            "out_of_scope": len(first.outcome.texts) - first.outcome.inside,
            "mean": {name: fmean(row[name] for row in rows) for name in known},
            "std": {name: pstdev(row[name] for row in rows) for name in known},
        }

    def risks(self, intents: Sequence[str]) -> tuple[RiskReport, ...]:
        """How the named high-risk intents fare in the mean over the seeds. Raises as `Report.risks`."""
        return tuple(map(_averaged, zip(*(run.risks(intents) for run in self.runs), strict=True)))


def _averaged(runs: tuple[RiskReport, ...]) -> RiskReport:
    """One intent's reports on the same test set as one, thresholds and rates averaged."""
    direct = [run.direct_accept for run in runs if run.direct_accept is not None]
    false = [run.false_accept for run in runs if run.false_accept is not None]
    return replace(
        runs[0],
        accept=fmean(run.accept for run in runs),
        direct_accept=fmean(direct) if direct else None,
        false_accept=fmean(false) if false else None,
    )
