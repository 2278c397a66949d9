"""`munshi check` on packs and on training data, as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from munshi.ui.cli import cli

TRAIN = "text,label\n" + "".join(
    f"{text},{label}\n"
    for label, texts in {
        "order": ("where is my order", "has it been sent", "track my parcel", "order kab aayega", "kab milega"),
        "price": ("price of a filter", "rate of oil", "battery kitne ki hai", "how much in all", "what does it cost"),
    }.items()
    for text in texts
)


@pytest.fixture
def check(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MUNSHI_HOME", str(home))

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(cli, ["check", *map(str, arguments)])

    return run


@pytest.fixture
def train(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text(TRAIN, encoding="utf-8")
    return path


def test_sound_data_passes(check, train: Path) -> None:
    assert check("--train", train).exit_code == 0
    found = json.loads(check("--train", train, "--json").stdout)
    assert (found["ok"], found["faults"]) == (True, [])


def test_an_error_in_either_file_fails(check, train: Path, tmp_path: Path) -> None:
    test = tmp_path / "e.csv"
    test.write_text("text,label\nwill it rain,weather\n", encoding="utf-8")
    result = check("--train", train, "--test", test, "--json")
    assert result.exit_code == 1
    assert [(Path(fault["file"]).name, fault["line"]) for fault in json.loads(result.stdout)["faults"]] == [
        ("e.csv", 2)
    ]
    assert check("--train", train, "--test", test, "--oos-label", "weather").exit_code == 0


def test_people_are_told_some_and_programs_all(check, train: Path) -> None:
    train.write_text(TRAIN + "track my parcel,order\n" * 40, encoding="utf-8")
    told, listed = check("--train", train), json.loads(check("--train", train, "--json").stdout)
    assert len(told.stdout.splitlines()) < 20
    assert "40 warnings" in told.stdout
    assert len(listed["faults"]) == 40


def test_private_data_is_found_and_not_printed(check, train: Path) -> None:
    train.write_text(TRAIN + "my number is 9822011223,order\nmail me at help@example.com,order\n", encoding="utf-8")
    result = check("--train", train)
    assert result.exit_code == 0
    assert "phone" in result.stdout
    assert "9822011223" not in result.stdout
    assert "email" not in result.stdout


def test_an_encoder_finds_the_same_thing_in_other_words(check, train: Path) -> None:
    train.write_text(
        TRAIN + "why didn't the machine give me all my money,order\nwhy wouldn't the machine give me my money,price\n",
        encoding="utf-8",
    )
    assert json.loads(check("--train", train, "--json").stdout)["faults"] == []
    found = json.loads(check("--train", train, "--encoder", "minilm", "--json").stdout)["faults"]
    assert [(fault["kind"], fault["line"]) for fault in found] == [("alike", 13)]


@pytest.mark.parametrize("arguments", [("--test", "e.csv"), ("--oos-label", "x"), ("auto-parts", "--train", "t.csv")])
def test_options_that_do_not_go_together_are_wrong_use(check, arguments: tuple[str, ...]) -> None:
    result = check(*arguments)
    assert result.exit_code == 2
    assert "--train" in result.stderr


def test_a_file_that_is_not_there_fails_in_one_line(check, tmp_path: Path) -> None:
    result = check("--train", tmp_path / "missing.csv")
    assert result.exit_code == 1
    assert "missing.csv" in result.stdout
