"""`munshi customer token`, as the owner calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from munshi.handlers.customers import LOGIN_TOKEN
from munshi.ui.cli import cli


def run(home: Path, *args: str):
    return CliRunner().invoke(cli, ["customer", "token", *args, "-b", "dummy-bank"], env={"MUNSHI_HOME": str(home)})


@pytest.mark.parametrize("number", ["AMC10001", "amc-10001", "+91 90000 00101", "9000000101"])
def test_a_token_is_made_for_a_number_in_any_spelling(tmp_path: Path, number: str) -> None:
    done = run(tmp_path, number)
    assert done.exit_code == 0
    assert LOGIN_TOKEN.fullmatch(done.stdout.strip())
    made = json.loads(run(tmp_path, number, "--json").stdout)
    assert made["customer"] == "AMC10001"
    assert made["token"] != done.stdout.strip()


@pytest.mark.parametrize("number", ["AMC10012", "AMC1", "", "🙂", "9" * 5000, "own:opening"])
def test_for_nobody_there_is_none(tmp_path: Path, number: str) -> None:
    done = run(tmp_path, number)
    assert done.exit_code == 1
    assert not LOGIN_TOKEN.search(done.output)
    assert len(done.stderr.strip().splitlines()) == 1
