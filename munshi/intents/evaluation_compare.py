"""Several classifiers on the same test set, and whether the difference to the first is more than chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from munshi.intents.evaluation import Progress, evaluate, evaluate_shots
from munshi.intents.evaluation_report import Report, ShotsReport
from munshi.intents.examples import Examples
from munshi.intents.registry import Factory, Training
from munshi.knowledge.evaluation import Estimate, bootstrap

RESAMPLES = 9999

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more accurate than the first, with its 95 % interval, and how likely that much is by chance alone."""

    accuracy: Estimate
    p_value: float


@dataclass(frozen=True, slots=True)
class Row:
    """One classifier: its report, and its difference to the first, for which that is None."""

    name: str
    report: Report | ShotsReport
    difference: Difference | None

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON takes it: the name that was asked for, the report, and `versus_first`."""
        versus = asdict(self.difference) if self.difference else None
        return {"name": self.name, **self.report.to_dict(), "versus_first": versus}


def compare(
    train: Examples,
    test: Examples,
    factories: Mapping[str, Factory],
    training: Training,
    *,
    shots: int | None = None,
    seeds: int = 1,
    progress: Progress | None = None,
) -> tuple[Row, ...]:
    """Evaluate one after the other, in order, each on the same draws where there are `shots`. Raises as `evaluate`."""
    rows: list[Row] = []
    first: Floats | None = None
    for name, factory in factories.items():
        report: Report | ShotsReport
        if shots is None:
            report = evaluate(train, test, factory, training, progress=progress)
        else:
            report = evaluate_shots(train, test, factory, training, shots=shots, seeds=seeds, progress=progress)
        right = _right(report)
        rows.append(Row(name, report, None if first is None else difference(right, first)))
        first = right if first is None else first
    return tuple(rows)


def difference(ours: Floats, first: Floats) -> Difference:
    """Of two classifiers from the share of runs (0 to 1, (n,)) in which each had each of the same texts right.

    The interval is Efron's percentile bootstrap over texts. The p-value is that of Fisher's two-sided sign-flipping
    test over texts, which with one run each is McNemar's exact test: only the texts that differ say anything.
    """
    gaps = ours - first
    return Difference(bootstrap(gaps.tolist()), _by_chance(gaps[gaps != 0]))


def _by_chance(gaps: Floats) -> float:
    if not len(gaps):
        return 1.0
    if (np.abs(gaps) == 1).all():
        from scipy.stats import binomtest

        return float(binomtest(int((gaps > 0).sum()), len(gaps)).pvalue)
    from scipy.stats import permutation_test

    found = permutation_test(
        (gaps,), np.mean, permutation_type="samples", n_resamples=RESAMPLES, batch=500, vectorized=True, rng=0
    )
    return float(found.pvalue)


def _right(report: Report | ShotsReport) -> Floats:
    """The share of runs in which each text was decided rightly, (n,)."""
    runs = report.runs if isinstance(report, ShotsReport) else (report,)
    return np.asarray(np.mean([run.outcome.right(run.thresholds.in_scope) for run in runs], axis=0))
