"""`munshi ingest`: what is told of papers that come, stay, break and go."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from munshi.ui.cli import cli

Munshi = Callable[..., Result]
YARD = "# Parking\n\nCustomers park free of charge in the yard behind the shop.\n"


@pytest.fixture
def munshi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Munshi:
    pack = tmp_path / "shop"
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MUNSHI_ENCODER", "none")
    monkeypatch.setenv("MUNSHI_BUSINESS", str(pack))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    assert run("init", str(pack)).exit_code == 0
    return run


@pytest.fixture
def yard(tmp_path: Path) -> Path:
    path = tmp_path / "yard.md"
    path.write_text(YARD, encoding="utf-8")
    return path


def listed(munshi: Munshi) -> dict[str, dict]:
    result = munshi("ingest", "--list", "--json")
    assert result.exit_code == 0
    return {paper["source"]: paper for paper in json.loads(result.stdout)["papers"]}


def found(munshi: Munshi) -> str:
    """The passage that is found first where parking is looked for."""
    hits = json.loads(munshi("search", "is parking free in the yard", "--json").stdout)["hits"]
    return hits[0]["source"] if hits else ""


def test_a_paper_comes_answers_and_goes(munshi: Munshi, yard: Path) -> None:
    assert munshi("ingest", str(yard)).exit_code == 0
    assert found(munshi) == "yard.md"
    paper = listed(munshi)["yard.md"]
    assert (paper["place"], paper["passages"], paper["state"]) == ("added", 1, "ok")
    gone = munshi("ingest", "--remove", "yard.md", "--json")
    assert gone.exit_code == 0
    assert json.loads(gone.stdout)["taken_away"] == ["yard.md"]
    assert "yard.md" not in listed(munshi)
    assert found(munshi) != "yard.md"


def test_the_packs_own_papers_are_listed_with_kind_and_dates(munshi: Munshi, tmp_path: Path) -> None:
    offer = "---\nkind: policy\nvalid_from: 2026-01-01\nvalid_until: 2026-12-31\n---\n# Offer\n\nTen per cent off.\n"
    (tmp_path / "shop" / "knowledge" / "offer.md").write_text(offer, encoding="utf-8")
    papers = listed(munshi)
    assert papers["faq.csv"]["kind"] == "faq"
    assert papers["faq.csv"]["valid_until"] is None
    offered = [papers["offer.md"][name] for name in ("place", "kind", "valid_from", "valid_until")]
    assert offered == ["pack", "policy", "2026-01-01", "2026-12-31"]
    assert "offer.md" in munshi("ingest", "--list").stdout


def test_a_broken_paper_is_named_counted_and_never_fatal(munshi: Munshi, yard: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 rubbish")
    result = munshi("ingest", str(tmp_path / "broken.pdf"), str(yard), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert ["broken.pdf" in line for line in told["skipped"]] == [True]
    assert {"yard.md"} <= set(told["added"])
    papers = listed(munshi)
    assert papers["broken.pdf"]["state"] == "left out"
    assert papers["broken.pdf"]["faults"]
    yard.write_bytes(b"\x00\x01")
    assert munshi("ingest", str(yard)).exit_code == 1
    assert listed(munshi)["yard.md"]["state"] == "as before"
    assert found(munshi) == "yard.md"
    assert munshi("ingest", "--remove", "broken.pdf", "--remove", "yard.md").exit_code == 0


@pytest.mark.parametrize("name", ["missing.md", "song.mp3", "empty"])
def test_what_holds_no_paper_is_wrong_use(munshi: Munshi, yard: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "song.mp3").write_bytes(b"\xff\xd8")
    (tmp_path / "empty").mkdir()
    result = munshi("ingest", str(yard), str(tmp_path / name))
    assert result.exit_code == 2
    assert name in result.stderr
    assert "yard.md" not in listed(munshi)


def test_only_one_thing_is_done_at_a_time(munshi: Munshi, yard: Path) -> None:
    for arguments in ((str(yard), "--list"), ("--list", "--remove", "yard.md"), (str(yard), "--remove", "yard.md")):
        assert munshi("ingest", *arguments).exit_code == 2
    assert "yard.md" not in listed(munshi)


def test_a_name_that_was_never_added_is_wrong_use(munshi: Munshi) -> None:
    result = munshi("ingest", "--remove", "faq.csv")
    assert result.exit_code == 2
    assert "faq.csv" in result.stderr
    assert "faq.csv" in listed(munshi)


def test_a_name_that_clashes_is_told_and_the_rest_is_taken(munshi: Munshi, yard: Path, tmp_path: Path) -> None:
    munshi("ingest", str(yard))
    other = tmp_path / "other"
    other.mkdir()
    (other / "yard.md").write_text("# Yard\n\nNo parking.\n", encoding="utf-8")
    (other / "roof.txt").write_text("The roof is open on Sundays.", encoding="utf-8")
    (other / "song.mp3").write_bytes(b"\xff\xd8")
    result = munshi("ingest", str(other), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert ["yard.md" in line for line in told["skipped"]] == [True]
    assert told["other_files"] == 1
    assert {"yard.md", "roof.txt"} <= set(listed(munshi))
    assert found(munshi) == "yard.md"
