"""`munshi privacy`, as the owner calls it."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from munshi.bot.erasure import open_privacy
from munshi.bot.login_tokens import make_login_token
from munshi.bot.message import Message
from munshi.bot.settings import load_settings
from munshi.bot.store import Store
from munshi.bot.subjects import UnknownSubjectError
from munshi.ui.cli import cli


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A bank that a customer has written to."""
    settings = load_settings(home=tmp_path, business="dummy-bank")
    make_login_token(settings, "AMC10001", lifetime=timedelta(hours=1))
    with open_privacy(settings) as opened:
        Store(opened._engine, "dummy-bank").accept(Message("Zubenelgenubi", "web-1"))
    return tmp_path


def run(home: Path, *args: str, answer: str = ""):

    called = ["privacy", *args, "-b", "dummy-bank"]
    return CliRunner().invoke(cli, called, env={"MUNSHI_HOME": str(home)}, input=answer)


def test_what_is_kept_is_written_to_a_new_file_or_shown(home: Path, tmp_path: Path) -> None:
    shown = json.loads(run(home, "export", "web-1").stdout)
    assert shown["sections"]["messages"][0]["text"] == "Zubenelgenubi"
    for name in ("all.json", "all.zip"):
        assert run(home, "export", "+91 90000 00101", "--out", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
        assert run(home, "export", "AMC10001", "--out", str(tmp_path / name)).exit_code == 2
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert json.loads(archive.read("customer.json")) == json.loads((tmp_path / "all.json").read_text("utf-8"))
    assert run(home, "export", "AMC10001", "--out", str(tmp_path / "no" / "folder.json")).exit_code == 1


def test_nothing_is_erased_before_a_yes(home: Path) -> None:
    for args, answer in (((), "n\n"), ((), ""), (("--json",), "y\n")):
        assert run(home, "erase", "AMC10001", *args, answer=answer).exit_code != 0
        assert run(home, "export", "AMC10001").exit_code == 0
    asked = run(home, "erase", "AMC10001", answer="y\n")
    assert asked.exit_code == 0
    assert "125,430.50" in asked.stdout  # what their accounts still hold
    gone = run(home, "export", "AMC10001")
    assert gone.exit_code == 1
    assert len(gone.stderr.splitlines()) == 1


def test_an_erasure_tells_what_it_took_and_can_be_taken_back_for_the_files(home: Path) -> None:
    done = json.loads(run(home, "erase", "9000000101", "--yes", "--json").stdout)
    assert done["label"] == "AMC10001"
    assert done["rows"]["accounts"] == 2
    assert run(home, "readmit", "AMC10009").exit_code == 1
    assert run(home, "readmit", "AMC10001", "+919000000101").exit_code == 0
    assert run(home, "readmit", "AMC10001").exit_code == 1
    assert run(home, "finish").exit_code == 0


def test_a_chat_is_erased_by_its_session_id(home: Path) -> None:
    assert json.loads(run(home, "erase", "web-1", "--yes", "--json").stdout)["rows"]["messages"] == 1
    with open_privacy(load_settings(home=home, business="dummy-bank")) as opened, pytest.raises(UnknownSubjectError):
        opened.kept("web-1")
