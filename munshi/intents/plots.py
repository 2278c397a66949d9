"""The diagrams of an evaluation as PNG images. matplotlib is only loaded when one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from munshi.intents.evaluation_figures import ReliabilityBin, RocPoint, ScopeBin, reliability, scope
from munshi.intents.evaluation_outcome import OUT_OF_SCOPE, Confusion
from munshi.intents.evaluation_report import Report
from munshi.intents.plot_labels import families, legible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter

# Okabe and Ito's colours, which everyone can tell apart, and which differ in grey too.
BLUE, ORANGE, PALE, INK, FAINT = "#0072B2", "#D55E00", "#A9CFE8", "#222222", "#8A8A8A"
DASHED = (0, (4, 3))
# More classes than this cannot be read on one page.
MAX_CLASSES = 30
DPI = 160

Counts = NDArray[np.int64]


def diagrams(report: Report) -> dict[str, bytes]:
    """A report's diagrams by file name: the same report gives the same bytes under the same matplotlib."""
    made: dict[str, Callable[[], Figure]] = {
        "confusion.png": lambda: confusion_figure(report.confusion),
        "reliability.png": lambda: reliability_figure(reliability(report.outcome), report.metrics.ece),
        "scope.png": lambda: scope_figure(report),
    }
    with _style():
        return {name: _png(draw()) for name, draw in made.items()}


def _style() -> AbstractContextManager[None]:
    import matplotlib as mpl

    return mpl.rc_context(
        {
            "font.family": families(),
            "font.size": 9,
            "text.parse_math": False,
            "text.color": INK,
            "axes.titlesize": 11,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.titlepad": 10,
            "axes.edgecolor": FAINT,
            "axes.labelcolor": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.color": INK,
            "ytick.color": INK,
            "legend.frameon": False,
        }
    )


def _png(figure: Figure) -> bytes:
    stream = BytesIO()
    # No Software entry: the bytes shall not change with what is of no account.
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def _figure(width: float, height: float) -> Figure:
    """An empty figure, inches wide and high, that belongs to no window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def confusion_figure(confusion: Confusion) -> Figure:
    """Rows are the right labels, columns those given; at most `MAX_CLASSES`, from the pairs confused most.

    What is confused stands side by side: the order is that of an average-linkage clustering of the confusions.
    """
    counts = np.array(confusion.counts)
    kept = shown_classes(confusion)
    part = counts[np.ix_(kept, kept)]
    side = max(0.27 * len(kept), 2.2)
    figure = _figure(side + 3.0, side + 2.6)
    axes = figure.add_subplot()
    _cells(axes, part, counts.sum(axis=1)[kept])
    labels = [legible(confusion.labels[at]) for at in kept]
    axes.set_xticks(range(len(kept)), labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(kept)), labels, fontsize=8)
    axes.set_xlabel("what it was given")
    axes.set_ylabel("what it is")
    named = [name for name in confusion.labels if name != OUT_OF_SCOPE]
    drawn = sum(confusion.labels[at] != OUT_OF_SCOPE for at in kept)
    which = f"the {drawn} intents of {len(named)} that are confused most" if drawn < len(named) else "all intents"
    axes.set_title(f"Right (blue) and wrong (orange): {which}", pad=12)
    return figure


def _cells(axes: Axes, counts: Counts, totals: Counts) -> None:
    """Shares of the row by colour, blue where right and orange where wrong, with the number of texts in each cell."""
    shares = counts / np.maximum(totals, 1)[:, np.newaxis]
    right = np.eye(len(counts), dtype=bool)
    for colours, hidden in (("Blues", ~right), ("Oranges", right)):
        shown = np.ma.masked_array(shares, mask=hidden | (counts == 0))
        # Any confusion at all must be seen: colours begin a little above white, and errors are full at a half.
        axes.imshow(shown, cmap=colours, vmin=-0.12, vmax=1.0 if colours == "Blues" else 0.5, aspect="equal")
    for row, column in np.argwhere(counts).tolist():
        full = 0.62 if row == column else 0.34
        dark = shares[row, column] > full
        axes.text(
            column, row, str(counts[row, column]), ha="center", va="center", fontsize=7, color="white" if dark else INK
        )
    edges = np.arange(len(counts) + 1) - 0.5
    axes.set_xticks(edges, minor=True)
    axes.set_yticks(edges, minor=True)
    axes.grid(which="minor", color="#E6E6E6", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def shown_classes(confusion: Confusion) -> list[int]:
    """Numbers of the classes that are drawn, in their order: no intent at all always comes last."""
    counts = np.array(confusion.counts)
    last = [len(counts) - 1] if confusion.labels[-1] == OUT_OF_SCOPE else []
    named = len(counts) - len(last)
    wrong = counts[:named, :named] * ~np.eye(named, dtype=bool)
    either = wrong + wrong.T
    one, other = np.triu_indices(named, 1)
    worst = np.argsort(-either[one, other], kind="stable")
    ranked = dict.fromkeys(np.column_stack([one, other])[worst].ravel().tolist())
    kept = sorted(list(ranked or range(named))[:MAX_CLASSES])
    return [kept[at] for at in _side_by_side(either[np.ix_(kept, kept)])] + last


def _side_by_side(either: Counts) -> list[int]:
    """An order in which those with many confusions between them (symmetric (n, n)) are neighbours."""
    if len(either) < 3:
        return list(range(len(either)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    distance = 1 / (1 + either.astype(float))
    np.fill_diagonal(distance, 0)
    order: list[int] = leaves_list(linkage(squareform(distance), "average", optimal_ordering=True)).tolist()
    return order


def reliability_figure(bins: Sequence[ReliabilityBin], ece: float) -> Figure:
    """Accuracy against confidence with Wilson's 95 % interval, and under it how many texts have each confidence."""
    figure = _figure(5.4, 5.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.6, 1))
    width = 0.92 * (bins[0].high - bins[0].low)
    upper.plot((0, 1), (0, 1), color=FAINT, linewidth=1.1, linestyle=DASHED, label="well calibrated", zorder=3)
    full = [row for row in bins if row.count]
    accuracy = [row.accuracy for row in full]
    upper.bar([_middle(row) for row in full], accuracy, width=width, color=PALE, label="share that was right")
    upper.errorbar(
        [row.confidence for row in full], accuracy, yerr=np.array([_whiskers(row) for row in full]).T,
        fmt="o", markersize=4.5, color=BLUE, elinewidth=1.1, clip_on=False, zorder=4, label="with its 95 % interval",
    )  # fmt: skip
    upper.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that was right")
    upper.yaxis.set_major_formatter(_percent())
    upper.set_title(f"Confidence against accuracy: ECE {ece:.3f}")
    lower.bar([_middle(row) for row in bins], [row.count for row in bins], width=width, color=FAINT)
    lower.set(xlabel="confidence", ylabel="texts")
    lower.xaxis.set_major_formatter(_percent())
    lower.locator_params(axis="y", nbins=3, integer=True)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _middle(row: ReliabilityBin) -> float:
    return (row.low + row.high) / 2


def _whiskers(row: ReliabilityBin) -> tuple[float, float]:
    """How far Wilson's 95 % interval reaches below and above a full bin's accuracy."""
    from scipy.stats import binomtest

    share = row.accuracy or 0.0
    found = binomtest(round(share * row.count), row.count).proportion_ci(method="wilson")
    return max(share - float(found.low), 0.0), max(float(found.high) - share, 0.0)


def _percent() -> Formatter:
    from matplotlib.ticker import PercentFormatter

    return PercentFormatter(1.0)


def scope_figure(report: Report) -> Figure:
    """The in-scope score of texts in and out of scope, and the ROC curve where there are both."""
    drawn = scope(report.outcome)
    figure = _figure(9.6 if drawn.roc else 5.4, 4.3)
    threshold = report.thresholds.in_scope
    if not drawn.roc:
        _histogram(figure.add_subplot(), drawn.bins, threshold, outside=False)
        return figure
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    _histogram(left, drawn.bins, threshold, outside=True)
    _roc(right, drawn.roc, threshold, report.metrics.auroc or 0.0)
    return figure


def _histogram(axes: Axes, bins: Sequence[ScopeBin], threshold: float, *, outside: bool) -> None:
    edges = [row.low for row in bins] + [bins[-1].high]
    kinds = [("in scope", BLUE, "", [row.in_scope for row in bins])]
    kinds += [("out of scope", ORANGE, "////", [row.out_of_scope for row in bins])] if outside else []
    for name, colour, hatch, counts in kinds:
        shares = np.array(counts) / max(sum(counts), 1)
        axes.stairs(shares, edges, fill=True, alpha=0.35, facecolor=colour, hatch=hatch, edgecolor=colour)
        axes.stairs(shares, edges, color=colour, linewidth=1.6, label=f"{name} ({sum(counts)} texts)")
    axes.axvline(threshold, color=INK, linewidth=1.1, linestyle=DASHED, label=f"threshold {threshold:.2f}")
    axes.set(xlim=(0, 1), xlabel="in-scope score", ylabel="share of the texts of its kind")
    axes.yaxis.set_major_formatter(_percent())
    axes.set_title("Does any intent fit?")
    # Under the axes: no corner of the histogram is sure to be empty.
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, fontsize=8, columnspacing=1.2)


def _roc(axes: Axes, points: Sequence[RocPoint], threshold: float, auroc: float) -> None:
    axes.plot((0, 1), (0, 1), color=FAINT, linewidth=1, linestyle=DASHED)
    axes.plot([point.fpr for point in points], [point.tpr for point in points], color=BLUE, linewidth=2)
    chosen = min(points, key=lambda point: abs(point.threshold - threshold))
    axes.plot(
        chosen.fpr, chosen.tpr, marker="o", color=ORANGE, markeredgecolor="white", linestyle="none",
        label=f"threshold {threshold:.2f}: {chosen.tpr:.0%} let in\nrightly, {chosen.fpr:.0%} wrongly",
    )  # fmt: skip
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="out of scope but let in", ylabel="in scope and let in")
    axes.xaxis.set_major_formatter(_percent())
    axes.yaxis.set_major_formatter(_percent())
    axes.set_aspect("equal")
    axes.set_title(f"ROC: AUROC {auroc:.3f}")
    axes.legend(loc="lower right", fontsize=8)
