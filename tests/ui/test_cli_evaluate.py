"""`munshi evaluate intents` and `explanations` as their user meets them; on words alone, no encoder is needed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from munshi.intents.registry import factory, names
from munshi.ui.cli import cli
from tests.servers.language_model import LanguageModelServer

Munshi = Callable[..., Result]

TAUGHT = {
    "order_status": ("where is my order", "track my parcel", "order status please", "has my order been shipped"),
    "check_price": ("price of brake pads", "how much is the air filter", "cost of a battery", "rate of engine oil"),
    "opening_hours": ("when do you open", "are you open on sunday", "closing time today", "is the shop open now"),
    "nothing": ("tell me a joke", "who won the match", "what is the weather like", "sing a song"),
}
ASKED = {
    "order_status": ("where is my parcel", "status of my order"),
    "check_price": ("what is the price of a battery", "how much are brake pads"),
    "opening_hours": ("is the shop open on sunday", "when do you close today"),
    "nothing": ("tell me about the match", "what a lovely song"),
}


def table(path: Path, rows: dict[str, tuple[str, ...]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "intent"))
        writer.writerows((text, label) for label, texts in rows.items() for text in texts)
    return path


@pytest.fixture
def munshi(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Munshi:
    """The command line with a training and a test file already named."""
    monkeypatch.setenv("MUNSHI_HOME", str(home))
    monkeypatch.setenv("MUNSHI_ENCODER", "none")
    train, test = table(tmp_path / "train.csv", TAUGHT), table(tmp_path / "test.csv", ASKED)

    def run(what: str, *arguments: str) -> Result:
        files = ("--train", str(train), "--test", str(test), "--oos-label", "nothing")
        return CliRunner().invoke(cli, ("evaluate", what, *files, *arguments))

    return run


def document(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_one_classifier_as_json(munshi: Munshi) -> None:
    found = document(munshi("intents", "--json"))
    assert set(found) >= {
        "accuracy", "macro_f1", "in_scope_accuracy", "in_scope_accuracy_rejecting", "oos_recall", "auroc", "fpr95",
        "mcc", "ece", "p50_ms", "p95_ms", "bare_encoder_ms", "confusion", "confused", "reliability", "scope", "steps",
        "thresholds",
    }  # fmt: skip
    assert (found["intents"], found["test"], found["out_of_scope"]) == (3, 8, 2)
    assert set(found["reliability"][0]) == {"low", "high", "count", "confidence", "accuracy"}
    assert set(found["scope"]["bins"][0]) == {"low", "high", "in_scope", "out_of_scope"}
    assert set(found["thresholds"]) == {"in_scope", "clarify", "accept"}
    assert "versus_first" not in found


@pytest.mark.parametrize(
    "given", [("--compare", "cascade,few_shot"), ("--compare", "cascade", "--compare", "few_shot")]
)
def test_several_classifiers_in_one_table(munshi: Munshi, given: tuple[str, ...]) -> None:
    rows = document(munshi("intents", *given, "--json"))["compare"]
    assert [row["name"] for row in rows] == ["cascade", "few_shot"]
    assert rows[0]["versus_first"] is None
    assert 0 < rows[1]["versus_first"]["p_value"] <= 1
    assert rows[0]["steps"][0]["name"] == "exact"
    shown = munshi("intents", *given)
    assert shown.exit_code == 0
    assert shown.stdout.index("cascade") < shown.stdout.index("few_shot")


def test_several_classifiers_on_the_same_draws(munshi: Munshi) -> None:
    rows = document(munshi("intents", "--compare", "few_shot,cascade", "--shots", "2", "--seeds", "2", "--json"))
    assert [(row["train"], row["seeds"]) for row in rows["compare"]] == [(6, [0, 1])] * 2
    assert munshi("intents", "--compare", "few_shot,cascade", "--shots", "2", "--seeds", "2").exit_code == 0


def test_high_risk_intents_have_their_rates(munshi: Munshi) -> None:
    for draws in ((), ("--shots", "3", "--seeds", "2")):
        found = document(munshi("intents", "--high-risk", "check_price,order_status", *draws, "--json"))
        assert [row["intent"] for row in found["high_risk"]] == ["check_price", "order_status"]
        assert all(0 <= row["false_accept"] <= 1 and row["others"] == 6 for row in found["high_risk"])
    assert munshi("intents", "--high-risk", "check_price").exit_code == 0


def test_steps_are_shown_to_people(munshi: Munshi) -> None:
    assert "exact" in munshi("intents", "--classifier", "cascade").stdout


def test_a_language_model_has_its_say(munshi: Munshi, language_model_server: LanguageModelServer) -> None:
    model = ("--llm", language_model_server.spec("openai"))
    assert document(munshi("intents", "--classifier", "zero_shot_llm", *model, "--json"))["intents"] == 3
    assert language_model_server.requests
    language_model_server.always = 500
    steps = document(munshi("intents", "--classifier", "cascade", *model, "--json"))["steps"]
    assert [step["name"] for step in steps][-1] == "llm"


def test_diagrams_for_one_and_for_several(munshi: Munshi, tmp_path: Path) -> None:
    assert munshi("intents", "--plots", str(tmp_path / "one")).exit_code == 0
    assert (tmp_path / "one" / "index.html").is_file()
    assert munshi("intents", "--compare", "few_shot", "--plots", str(tmp_path / "each")).exit_code == 0
    assert [path.parent.name for path in (tmp_path / "each").glob("*/index.html")] == ["few_shot"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("intents", "--classifier", "nonesuch"), "nonesuch"),
        (("intents", "--compare", "few_shot,nonesuch"), "nonesuch"),
        (("intents", "--high-risk", "transfer"), "transfer"),
        (("intents", "--llm", "nonsense:x"), "nonsense"),
        (("intents", "--plots", "{folder}"), "test.csv"),
        (("intents", "--plots", "{folder}/plots", "--shots", "2"), "--shots"),
        (("intents", "--train", "{folder}/missing.csv"), "missing.csv"),
        (("explanations", "--classifier", "nonesuch"), "nonesuch"),
    ],
)
def test_wrong_use_is_one_line(munshi: Munshi, tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = munshi(*(argument.format(folder=tmp_path) for argument in arguments))
    assert result.exit_code in (1, 2)
    told = [line for line in result.stderr.splitlines() if line.startswith("munshi:")]
    assert len(told) == 1
    assert named in told[0]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", [name for name in names() if name in ("few_shot", "cascade")])
def test_explanations_are_measured(munshi: Munshi, name: str) -> None:
    found = document(munshi("explanations", "--classifier", name, "--sample", "4", "--seed", "1", "--json"))
    assert found["faithful"]
    assert found["texts"] + found["skipped"] == 4
    assert found["pgi"]["value"] > found["pgu"]["value"]
    assert munshi("explanations", "--sample", "4").exit_code == 0


def test_explanations_of_a_classifier_that_reads_nothing_fail_the_check(
    munshi: Munshi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that says the same whatever is said hangs on no word at all."""
    real = factory("few_shot")

    class Deaf:
        def __init__(self, *given: object) -> None:
            self.within = real(*given)
            self.name, self.thresholds = "deaf", self.within.thresholds

        def classify(self, texts: list[str]) -> list:
            return [self.within.classify(["where is my order"])[0] for _ in texts]

    monkeypatch.setattr("munshi.intents.few_shot.train", Deaf)
    assert munshi("explanations", "--json").exit_code == 1


def test_a_business_is_measured_on_its_conversations(munshi: Munshi, monkeypatch: pytest.MonkeyPatch) -> None:
    result = CliRunner().invoke(
        cli, ("evaluate", "explanations", "--business", "auto-parts", "--sample", "5", "--json")
    )
    assert document(result)["texts"] > 0
    alone = CliRunner().invoke(cli, ("evaluate", "explanations", "--train", "train.csv"))
    assert alone.exit_code == 2
