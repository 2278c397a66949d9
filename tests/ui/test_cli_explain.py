"""`munshi explain` as a shop owner meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from munshi.ui.cli import cli
from tests.servers.language_model import LanguageModelServer

Munshi = Callable[..., Result]


@pytest.fixture
def munshi(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Munshi:
    monkeypatch.setenv("MUNSHI_HOME", str(home))
    monkeypatch.setenv("MUNSHI_DATABASE_URL", f"sqlite:///{tmp_path / 'munshi.sqlite3'}")
    monkeypatch.setenv("MUNSHI_ENCODER", "none")

    def run(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(cli, ("explain", *arguments), input=typed)

    return run


def document(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("text", "intent", "words"),
    [
        ("order kab aayega", "order_status", {"order", "kab"}),
        ("भैया मेरा ऑर्डर अब कहाँ है", "order_status", {"ऑर्डर", "कहाँ"}),
    ],
)
def test_the_word_that_decides_is_named(munshi: Munshi, text: str, intent: str, words: set[str]) -> None:
    found = document(munshi(text, "--json"))
    assert found["intent"] == intent
    assert found["words"][0]["word"] in words
    assert found["near"][0]["intent"] == intent
    assert found["weighed"] == found["total"] == len(text.split())
    assert found["route"]["kind"] == "run"
    assert set(found["thresholds"]) >= {"in_scope", "clarify"}
    shown = munshi(text)
    assert shown.exit_code == 0
    assert f"'{found['words'][0]['word']}'" in shown.stdout
    assert intent in shown.stdout


def test_json_has_everything_and_is_the_same_twice(munshi: Munshi) -> None:
    once, twice = (munshi("how much is a clutch plate", "--json") for _ in range(2))
    assert once.stdout == twice.stdout
    assert set(document(once)) >= {
        "text", "intent", "confidence", "in_scope", "ranked", "classifier", "step", "words", "near", "runner_up",
        "weighed", "total", "thresholds", "route",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "?", "👍", "qwxz vbnm", "where is my order " * 550])
def test_any_text_is_explained(munshi: Munshi, text: str) -> None:
    result = munshi("-", typed=text)
    assert result.exit_code == 0
    assert "Traceback" not in result.output
    assert result.stdout.strip()


def test_a_text_with_nothing_in_it_has_no_intent_and_falls_back(munshi: Munshi) -> None:
    found = document(munshi("", "--json"))
    assert (found["intent"], found["words"], found["runner_up"]) == (None, [], None)
    assert found["route"]["kind"] == "fallback"


def test_many_words_are_cut_off_and_that_is_said(munshi: Munshi) -> None:
    text = " ".join(f"word{number}" for number in range(30))
    found = document(munshi(text, "--words", "5", "--json"))
    assert (found["weighed"], found["total"]) == (5, 30)
    assert "5 of 30" in munshi(text, "--words", "5").stdout


def test_a_language_model_is_asked_of_fewer_words(
    munshi: Munshi, monkeypatch: pytest.MonkeyPatch, language_model_server: LanguageModelServer
) -> None:
    text = " ".join(f"word{number}" for number in range(30))
    alone = document(munshi(text, "--json"))["weighed"]
    monkeypatch.setenv("MUNSHI_LLM", language_model_server.spec("openai"))
    assert document(munshi(text, "--json"))["weighed"] < alone


def test_a_high_risk_intent_is_explained_with_its_threshold(munshi: Munshi) -> None:
    asked = ("is my card blocked", "--business", "dummy-bank")
    found = document(munshi(*asked, "--json"))
    assert found["intent"] == "Card_Block"
    assert found["route"]["kind"] != "run"  # it asks first
    assert found["thresholds"]["accept"] > 0
    assert "Card_Block" in munshi(*asked).stdout


def test_a_cascade_tells_which_step_settled_it(munshi: Munshi) -> None:
    found = document(munshi("track my parcel na", "--json"))
    assert (found["intent"], found["step"]) == ("order_status", "few_shot")
    shown = munshi("Where is my ORDER?").stdout
    assert "where is my order" in shown.split("without the word")[0]
