"""`munshi audit` as an owner uses it, and as one who has changed the records meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from munshi.bot.app import open_app
from munshi.bot.settings import Settings
from munshi.ui.cli import cli

SECRET = "Lakshmi Deshpande"


@pytest.fixture
def shop(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The database of a shop in which three messages were answered, one of them by a person's silence."""
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path))
    monkeypatch.setenv("MUNSHI_ENCODER", "none")
    with open_app(Settings()) as app:
        for said in ("what are your timings", f"call me back, I am {SECRET}", "98200 12345"):
            app.respond(said, session_id="s1")
    return f"sqlite:///{Settings().business_home('auto-parts') / 'munshi.sqlite3'}"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["audit", *arguments])
    return result.exit_code, result.output


def change(url: str, statement: str) -> None:
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text(statement))
    engine.dispose()


def test_a_shop_that_was_left_alone_verifies(shop: str) -> None:
    status, said = run("verify", "--json")
    found = json.loads(said)
    assert (status, found["sound"], found["verified"]["records"], found["verified"]["covered"]) == (0, True, 3, 3)


@pytest.mark.parametrize(
    ("statements", "seq", "what"),
    [
        (["UPDATE audit SET body = replace(body, 'turn', 'tern') WHERE seq = 2"], 2, "changed"),
        (["DELETE FROM audit WHERE seq = 2"], 2, "removed"),
        (["DELETE FROM audit WHERE seq = 3"], 3, "cut off"),
        (
            ["UPDATE audit SET seq = seq + 100 WHERE seq > 1", "UPDATE audit SET seq = 105 - seq WHERE seq > 100"],
            2,
            "reordered",
        ),
    ],
)
def test_what_was_done_to_a_record_is_named(shop: str, statements: list[str], seq: int, what: str) -> None:
    for statement in statements:
        change(shop, statement)
    status, said = run("verify", "--json")
    finding = json.loads(said)["verified"]["finding"]
    assert (status, finding["seq"], finding["what"]) == (1, seq, what)
    assert run("verify")[0] == 1


def test_the_records_hold_no_word_of_a_customer(shop: str, tmp_path: Path) -> None:
    out = tmp_path / "audit.jsonl"
    assert run("export", "--out", str(out))[0] == 0
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert [json.loads(record["body"])["seq"] for record in records] == [1, 2, 3]
    assert SECRET not in out.read_text()
    assert "timings" not in out.read_text()
    body = json.loads(records[0]["body"])["data"]
    assert (body["intent"], body["handler"], body["route"]) == ("store_hours", "hours_location", "run")


def test_nothing_a_customer_said_lies_in_the_database_in_plain(shop: str, tmp_path: Path) -> None:
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept
    assert b"98200 12345" not in kept


def test_an_export_replaces_no_file(shop: str, tmp_path: Path) -> None:
    out = tmp_path / "there.jsonl"
    out.write_text("mine")
    assert (run("export", "--out", str(out))[0], out.read_text()) == (1, "mine")


def test_an_empty_audit_has_nothing_to_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUNSHI_HOME", str(tmp_path))
    assert run("checkpoint")[0] == 0
    assert run("verify")[0] == 0


def test_without_the_public_key_nothing_is_vouched_for(shop: str, tmp_path: Path) -> None:
    (Settings().audit_home("auto-parts") / "public-key.pem").unlink()
    status, said = run("verify")
    assert (status, "public" in said) == (1, True)
