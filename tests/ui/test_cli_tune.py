"""`munshi tune retrieval` as its user meets it; on words alone, no encoder is needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from munshi.bot.scaffold import create_pack
from munshi.ui.cli import cli

Tune = Callable[..., Result]

QUESTIONS = """question,source
can i return a part,returns.md
how long is the warranty,warranty.md
what does delivery cost,delivery.md
is there a discount for many,bulk-discounts.md
do i get a gst invoice,payment-and-gst.md
which part cannot be returned,returns.md
is a faulty part replaced,warranty.md
how fast is delivery,delivery.md
can i pay by upi,payment-and-gst.md
who are you,about.md
what is the moon made of,moon.md
"""


@pytest.fixture
def tune(home: Path, monkeypatch: pytest.MonkeyPatch) -> Tune:
    monkeypatch.setenv("MUNSHI_HOME", str(home))
    monkeypatch.setenv("MUNSHI_ENCODER", "none")
    return lambda *arguments: CliRunner().invoke(cli, ("tune", "retrieval", *arguments))


def test_a_file_of_questions_gives_weights_and_what_they_are_worth(tune: Tune, tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text(QUESTIONS, encoding="utf-8")
    result = tune("--questions", str(file), "--folds", "2", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["questions"] == 10
    assert set(report["retrieval"]) == {"alpha", "method", "k1", "b", "maxsim_weight"}
    assert report["gain"]["low"] <= report["gain"]["value"] <= report["gain"]["high"]
    assert "moon" in result.stderr


def test_without_a_file_the_papers_own_questions_are_taken(tune: Tune) -> None:
    result = tune("--business", "auto-parts", "--folds", "2")
    assert result.exit_code == 0, result.output
    assert "nDCG@10" in result.stdout


def test_what_the_pack_sets_is_what_counts_as_now(tune: Tune, tmp_path: Path) -> None:
    pack = create_pack(tmp_path / "shop", name=None)
    settings = pack / "business.yaml"
    told = yaml.safe_load(settings.read_text(encoding="utf-8")) | {"retrieval": {"k1": 0.7, "maxsim_weight": 0.3}}
    settings.write_text(yaml.safe_dump(told), encoding="utf-8")
    rows = "".join(f"question {number},about.md\n" for number in range(10))
    name = next((pack / "knowledge").iterdir()).name
    (tmp_path / "q.csv").write_text("question,source\n" + rows.replace("about.md", name), encoding="utf-8")
    result = tune("--business", str(pack), "--questions", str(tmp_path / "q.csv"), "--folds", "2", "--json")
    assert result.exit_code == 0, result.output
    current = json.loads(result.stdout)["current"]
    assert (current["k1"], current["maxsim_weight"]) == (0.7, 0.3)


@pytest.mark.parametrize("content", ["question,source\nwho are you,about.md\n", "nothing\n"])
def test_too_little_to_tune_by_is_one_line(tune: Tune, tmp_path: Path, content: str) -> None:
    file = tmp_path / "q.csv"
    file.write_text(content, encoding="utf-8")
    result = tune("--questions", str(file))
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("folds", ["1", "21", "many"])
def test_folds_that_make_no_sense_are_wrong_use(tune: Tune, folds: str) -> None:
    assert tune("--folds", folds).exit_code == 2
