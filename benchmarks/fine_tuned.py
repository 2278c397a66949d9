"""What fine-tuning gains over few-shot learning, and what it costs: both on the same public sets and the same weights.

python -m benchmarks.fine_tuned [--only sofmattress,banking77] [--seeds 3] [--base FOLDER] [--work FOLDER]

It needs the train extra. A training of BANKING77 takes some ten minutes on one free core; with --work it goes on where
it was stopped. Settings and thresholds come from the training files; the test files are only measured on.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.intent_sets import SETS, IntentSet
from benchmarks.intents import COLUMNS, measure_arm, sizes
from benchmarks.machine import describe
from munshi.intents.examples import Examples
from munshi.intents.registry import Factory, Trained, Training, factory
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import open_encoder

LIBRARIES = ("onnxruntime", "numpy", "torch", "transformers", "accelerate")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="sofmattress,banking77", help=f"of {', '.join(SETS)}, by comma")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each set")
    parser.add_argument("--base", type=Path, help="a Hugging Face folder; the installed MiniLM by default")
    parser.add_argument("--work", type=Path, help="keeps checkpoints and models")
    parser.add_argument("--json", type=Path, help="write every report there too")
    options = parser.parse_args()
    print(describe(LIBRARIES))
    print(f"base      {options.base or 'minilm'}; seeds 0 to {options.seeds - 1}")
    reports = []
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder("minilm", home=Path(home))
        for task in (task for name in options.only.split(",") for task in SETS[name]() if not task.shots):
            reports += measure(task, encoder, options)
    if options.json:
        options.json.write_text(json.dumps(reports, indent=1), encoding="utf-8")


def measure(task: IntentSet, encoder: Encoder | None, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One set's table: few-shot, then fine-tuned in the mean over the seeds."""
    print(f"\n{task.name} ({task.licence}): {sizes(task)}{f'; {task.note}' if task.note else ''}")
    print(f"  {'':28}" + "".join(f"{title:>10}" for _, title, _ in COLUMNS) + f"{'fit s':>8}{'MiB':>7}")
    work = options.work / task.name.replace(" ", "-").lower() if options.work else None
    return [
        measure_arm(task, "few_shot", factory("few_shot"), Training(encoder), options.seeds),
        measure_arm(task, "fine_tuned", apart(work), Training(base=options.base), options.seeds),
    ]


def apart(work: Path | None) -> Factory:
    """Fine-tuning with a work folder for each seed, so that each can go on where it was stopped."""

    def make(examples: Examples, training: Training) -> Trained:
        folder = work / f"seed-{training.seed}" if work else None
        return factory("fine_tuned")(examples, replace(training, work=folder))

    return make


if __name__ == "__main__":
    main()
