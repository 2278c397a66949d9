"""`munshi train intents --classifier fine_tuned`: stopped, gone on with, kept, promoted, served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from munshi.ui import cli_train
from munshi.ui.cli import cli
from munshi.ui.console import step
from tests.train.test_fine_tuned_training import tiny_base

pytestmark = pytest.mark.train


@pytest.fixture
def munshi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUNSHI_ENCODER", "none")
    monkeypatch.setenv("MUNSHI_BUSINESS", str(tmp_path / "stationer"))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    assert run("init", str(tmp_path / "stationer")).exit_code == 0
    return run


def test_a_stopped_training_goes_on_and_its_model_is_served(munshi, tmp_path: Path, monkeypatch) -> None:
    command = ["train", "intents", "--classifier", "fine_tuned", "--base", str(tiny_base("bert", tmp_path / "tiny"))]
    heard: list[str] = []

    def stop(text: str) -> None:
        if text.startswith("Round 2"):
            raise KeyboardInterrupt

    def listen(text: str) -> None:
        heard.append(text)
        step(text)

    monkeypatch.setattr(cli_train, "step", stop)
    stopped = munshi(*command)
    assert stopped.exit_code == 130
    assert "goes on" in stopped.stderr
    models = tmp_path / "home" / "businesses" / "stationer" / "models"
    assert [path.name.startswith(".work-") for path in models.iterdir()] == [True]

    monkeypatch.setattr(cli_train, "step", listen)
    made = json.loads(munshi(*command, "--json").stdout)
    assert [line for line in heard if "checkpoint" in line]
    assert made["held_out"]["method"] == "split"
    assert made["code"] is not None
    assert list(models.glob(".work-*")) == []
    assert munshi("models", "promote", made["version"], "--force", "--reason", "a tiny base").exit_code == 0
    served = munshi("classify", "where is my order", "--json")
    assert served.exit_code == 0
    assert "not used" not in served.stderr


def test_a_folder_of_its_own_can_be_gone_on_with(munshi, tmp_path: Path, monkeypatch) -> None:
    examples = tmp_path / "all.csv"
    rows = [f"{verb} the {thing},{verb}" for verb in ("send", "return", "price") for thing in ("pen", "book", "ruler")]
    examples.write_text("text,intent\n" + "\n".join(rows * 3), encoding="utf-8")
    command = [
        "train",
        "intents",
        "--classifier",
        "fine_tuned",
        "--train",
        str(examples),
        "--out",
        str(tmp_path / "out"),
    ]
    command += ["--base", str(tiny_base("bert", tmp_path / "tiny"))]

    def stop(text: str) -> None:
        if text.startswith("Part 1"):
            raise KeyboardInterrupt

    monkeypatch.setattr(cli_train, "step", stop)
    assert munshi(*command).exit_code == 130
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".work"]
    monkeypatch.setattr(cli_train, "step", step)
    made = munshi(*command)
    assert made.exit_code == 0, made.output
    assert "Round 1 of" not in made.stderr.partition("Part 1")[0]
    assert not (tmp_path / "out" / ".work").exists()
