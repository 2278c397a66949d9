"""Training, promoting and rolling back as the owner types it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from munshi.bot.business import load_business
from munshi.intents.examples import Examples
from munshi.ui import cli_train
from munshi.ui.cli import cli


@pytest.fixture
def munshi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On words alone: what is tested here needs no encoder."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUNSHI_ENCODER", "none")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return run


@pytest.fixture
def pack(munshi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop of one's own, which the commands take without being told."""
    folder = tmp_path / "stationer"
    assert munshi("init", str(folder)).exit_code == 0
    monkeypatch.setenv("MUNSHI_BUSINESS", str(folder))
    return folder


@pytest.fixture
def table(tmp_path: Path, pack: Path):
    """The pack's own examples as a CSV, so many an intent."""

    def write(name: str, *, shots: int = 99) -> Path:
        examples = Examples.from_intents(load_business(pack).intents).sample(shots, seed=0)
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([("text", "intent"), *zip(examples.texts, examples.labels, strict=True)])
        return path

    return write


def document(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(result: Result, status: int, *named: str) -> None:
    told = [line for line in result.stderr.splitlines() if line.startswith("munshi:")]
    assert result.exit_code == status, result.output
    assert len(told) == 1
    assert all(name in told[0] for name in named), told
    assert "Traceback" not in result.output


def trained(munshi, *arguments: str) -> str:
    return document(munshi("train", "intents", "--json", *arguments))["version"]


def test_a_model_is_trained_shown_promoted_used_and_rolled_back(munshi, pack: Path) -> None:
    assert json.loads(munshi("models", "list", "--json").stdout) == []
    result = munshi("train", "intents", "--json")
    made = document(result)
    assert made["held_out"]["figures"]["tested"] == sum(made["labels"].values())
    assert "Learning" in result.stderr
    name = made["version"]
    assert munshi("models", "promote", name).exit_code == 0
    assert [row["current"] for row in document(munshi("models", "list", "--json"))] == [True]
    assert name in munshi("models", "list").stdout
    shown = document(munshi("models", "show", name, "--json"))
    assert shown["current"]
    assert [change["target"] for change in shown["history"]] == [name]
    assert made["data_sha256"] in munshi("models", "show", name).stdout
    assert document(munshi("classify", "where is my order", "--json"))["intent"] == "order_status"
    assert document(munshi("models", "rollback", "--json"))["target"] is None
    refused(munshi("models", "rollback"), 1, "roll back")


def test_a_worse_model_is_refused_unless_forced_with_a_reason_that_is_kept(munshi, table) -> None:
    assert munshi("train", "intents", "--promote").exit_code == 0
    poor = trained(munshi, "--train", str(table("few.csv", shots=2)))
    refused(munshi("models", "promote", poor), 1, poor, "accuracy falls by", "--force")
    refused(munshi("models", "promote", poor, "--force"), 2, "--reason")
    refused(munshi("models", "promote", poor, "--reason", "because"), 2, "--force")
    assert munshi("models", "promote", poor, "--force", "--reason", "a trial over Diwali").exit_code == 0
    assert "a trial over Diwali" in munshi("models", "show", poor).stdout
    refused(munshi("models", "promote", poor), 1, "already")


def test_a_model_that_is_refused_at_once_is_kept_all_the_same(munshi, table) -> None:
    assert munshi("train", "intents", "--promote").exit_code == 0
    result = munshi("train", "intents", "--train", str(table("few.csv", shots=2)), "--promote")
    refused(result, 1, "kept", "falls")
    assert [row["current"] for row in document(munshi("models", "list", "--json"))].count(False) == 1


def test_a_damaged_version_is_listed_and_refused(munshi, pack: Path) -> None:
    made = document(munshi("train", "intents", "--json"))
    (Path(made["folder"]) / "examples.json").write_text("{}", encoding="utf-8")
    refused(munshi("models", "promote", made["version"]), 1, "examples.json")
    refused(munshi("models", "show", made["version"]), 1, "examples.json")
    (Path(made["folder"]) / "model.json").write_text("{}", encoding="utf-8")
    assert made["version"] in munshi("models", "list").stdout


def test_doctor_tells_of_the_model_in_use_and_of_one_that_cannot_be(munshi, pack: Path) -> None:
    def told() -> dict[str, str]:
        (found,) = [row for row in document(munshi("doctor", "--json"))["findings"] if row["what"] == "classifier"]
        return found

    assert told()["state"] == "ok"
    made = document(munshi("train", "intents", "--promote", "--json"))
    assert (told()["state"], made["version"] in told()["detail"]) == ("ok", True)
    (Path(made["folder"]) / "examples.json").write_text("{}", encoding="utf-8")
    assert (told()["state"], "examples.json" in told()["detail"]) == ("note", True)


def test_a_folder_of_its_own_holds_a_version_and_is_not_overwritten(munshi, table, tmp_path: Path) -> None:
    examples, out = table("all.csv"), tmp_path / "out"
    made = document(munshi("train", "intents", "--train", str(examples), "--out", str(out), "--json"))
    assert made["business"] is None
    assert {path.name for path in out.iterdir()} == {
        "README.md", "model.json", "examples.json", "held_out.json", "weights",
    }  # fmt: skip
    assert "--out" in (out / "README.md").read_text(encoding="utf-8")
    refused(munshi("train", "intents", "--train", str(examples), "--out", str(out)), 1, "not empty")
    assert document(munshi("models", "list", "--json")) == []


def test_a_label_that_means_out_of_scope_is_learnt_as_such(munshi, table) -> None:
    examples = table("all.csv")
    lines = [f"{text},nothing\n" for text in ("tell me a joke", "who won", "sing", "बारिश होगी", "what is love")]
    examples.write_text(examples.read_text(encoding="utf-8") + "".join(lines), encoding="utf-8")
    refused(munshi("train", "intents", "--train", str(examples)), 1, "nothing", "--oos-label")
    made = document(munshi("train", "intents", "--train", str(examples), "--oos-label", "nothing", "--json"))
    assert (made["out_of_scope"], made["held_out"]["figures"]["out_of_scope"]) == (5, 5)


def test_stopping_it_is_told_in_a_line_and_leaves_no_version(munshi, pack: Path, monkeypatch) -> None:
    def stop(text: str) -> None:
        if text.startswith("Part 2"):
            raise KeyboardInterrupt

    monkeypatch.setattr(cli_train, "step", stop)
    refused(munshi("train", "intents"), 130, "stopped")
    assert document(munshi("models", "list", "--json")) == []


def test_a_stopped_training_is_shown_where_the_models_are(munshi, pack: Path, tmp_path: Path) -> None:
    left = tmp_path / "home" / "businesses" / pack.name / "models" / ".work-0123456789abcdef"
    left.mkdir(parents=True)
    assert left.name in munshi("models", "list").stdout
    assert document(munshi("models", "list", "--json")) == []


@pytest.mark.parametrize(
    ("arguments", "status", "named"),
    [
        (("train", "intents", "--train", "missing.csv"), 1, "missing.csv"),
        (("train", "intents", "--test", "missing.csv"), 1, "missing.csv"),
        (("train", "intents", "--classifier", "oracle"), 1, "oracle"),
        (("train", "intents", "--business", "nowhere"), 2, "nowhere"),
        (("train", "intents", "--out", "x"), 2, "--train"),
        (("train", "intents", "--train", "x.csv", "--out", "x", "--promote"), 2, "--promote"),
        (("models", "show", "20260101-000000-few_shot-000000"), 1, "20260101-000000-few_shot-000000"),
        (("models", "promote", "../../etc"), 1, "../../etc"),
        (("models", "list", "--business", "nowhere"), 2, "nowhere"),
        (("models", "rollback"), 1, "promoted"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_thing(munshi, pack: Path, arguments, status: int, named: str) -> None:
    refused(munshi(*arguments), status, named)


@pytest.mark.parametrize("text", ["", "text,intent\n", "text,intent\nhello,\n", "a,b\n1,2\n", "\x00\x01"])
def test_a_file_that_holds_no_examples_is_refused(munshi, pack: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.csv").write_text(text, encoding="utf-8")
    refused(munshi("train", "intents", "--train", str(tmp_path / "odd.csv")), 1, "odd.csv")
    assert document(munshi("models", "list", "--json")) == []
