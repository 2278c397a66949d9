"""Does the stated false-accept rate hold? High-risk intents at the thresholds that the training data alone has set.

python -m benchmarks.high_risk [--shots 10] [--seeds 3] [--rates 0.001,0.002,0.01]

BANKING77's intents that move money or block something stand for the high-risk ones. Messages that want something else
are its other test texts and CLINC150's out-of-scope test texts. "Others let in" is to stay at or under the rate in the
mean; "own at once" is the share of the intent's own test texts that run without being confirmed first. Data: BANKING77
(CC BY 4.0), CLINC150 (CC BY 3.0).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from benchmarks.intent_sets import banking77
from benchmarks.machine import data_folder, describe
from munshi.intents.evaluation import evaluate
from munshi.intents.evaluation_figures import RiskReport
from munshi.intents.examples import Examples
from munshi.intents.few_shot import train as few_shot
from munshi.intents.registry import Training
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import open_encoder

HIGH_RISK = (
    "lost_or_stolen_card",
    "compromised_card",
    "lost_or_stolen_phone",
    "terminate_account",
    "cancel_transfer",
    "transfer_into_account",
    "change_pin",
    "top_up_by_card_charge",
    "request_refund",
    "edit_personal_details",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shots", type=int, default=10, help="examples an intent; 0 for all there are")
    parser.add_argument("--seeds", type=int, default=3, help="draws of those examples")
    parser.add_argument("--rates", default="0.001,0.002,0.01", help="false-accept rates, by comma")
    options = parser.parse_args()
    print(describe(("onnxruntime", "numpy", "scipy")))
    whole = next(banking77())
    rows = json.loads((data_folder() / "clinc150" / "data_full.json").read_text("utf-8"))["oos_test"]
    test = replace(whole.test, out_of_scope=tuple(text for text, _ in rows))
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder("minilm", home=Path(home))
        for rate in map(float, options.rates.split(",")):
            drawn = [whole.train.sample(options.shots, seed=seed) for seed in range(options.seeds)]
            runs = [measure(one, test, encoder, rate) for one in (drawn if options.shots else [whole.train])]
            show(rate, runs)


def measure(train: Examples, test: Examples, encoder: Encoder | None, rate: float) -> tuple[RiskReport, ...]:
    """How each high-risk intent fares on the test texts, trained for one false-accept rate."""
    return evaluate(train, test, few_shot, Training(encoder, false_accept=rate)).risks(HIGH_RISK)


def show(rate: float, runs: list[tuple[RiskReport, ...]]) -> None:
    """One rate's table: a row an intent, means over the runs."""
    print(f"\nfalse-accept rate stated {rate:.3f}, {len(runs)} runs")
    print(f"  {'intent':28}{'threshold':>10}{'others let in':>15}{'own at once':>13}")
    for reports in zip(*runs, strict=True):
        print_row(reports[0].intent, list(reports))
    print_row("mean", [report for run in runs for report in run])


def print_row(name: str, reports: list[RiskReport]) -> None:
    threshold = fmean(report.accept for report in reports)
    others, own = (
        fmean(share or 0.0 for share in shares)
        for shares in ((one.false_accept for one in reports), (one.direct_accept for one in reports))
    )
    print(f"  {name:28}{threshold:10.3f}{others:15.4f}{own:13.3f}")


if __name__ == "__main__":
    main()
