"""The command line as its user meets it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from munshi.bot.settings import Settings
from munshi.ui.cli import cli


@pytest.fixture
def munshi(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MUNSHI_HOME", str(home))
    monkeypatch.setenv("MUNSHI_DATABASE_URL", f"sqlite:///{tmp_path / 'munshi.sqlite3'}")

    def run(*arguments: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(cli, arguments, input=typed)

    return run


@pytest.fixture
def pack(munshi, tmp_path: Path) -> Path:
    folder = tmp_path / "my shop"
    assert munshi("init", str(folder)).exit_code == 0
    return folder


def document(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_ask_gives_the_whole_of_an_answer_as_json(munshi) -> None:
    found = document(munshi("ask", "do you deliver outside navi mumbai", "--json"))
    assert set(found) >= {
        "reply", "buttons", "citations", "intent", "confidence", "in_scope", "entities", "handler", "route",
        "session_id", "llm", "ms",
    }  # fmt: skip
    assert found["citations"]
    assert all(set(citation) >= {"source", "title", "page", "quote"} for citation in found["citations"])
    assert found["llm"] == "none"


def test_ask_goes_on_with_a_chat(munshi) -> None:
    session = document(munshi("ask", "where is my order", "--json"))["session_id"]
    assert "NAS-20433" in munshi("ask", "NAS-20433", "--session", session).stdout


def test_ask_reads_standard_input(munshi) -> None:
    assert "NAS-20433" in munshi("ask", "-", typed="where is my order nas 20433\n").stdout


def test_search_keeps_each_stages_score(munshi) -> None:
    found = document(munshi("search", "warranty on a clutch plate", "--top-k", "3", "--alpha", "0.3", "--json"))
    assert len(found["hits"]) == 3
    assert all(
        {"id", "source", "title", "text", "score", "lexical", "dense", "rerank"} <= set(h) for h in found["hits"]
    )
    scores = [hit["score"] for hit in found["hits"]]
    assert scores == sorted(scores, reverse=True)


def test_classify_one_or_many(munshi) -> None:
    one = document(munshi("classify", "where is my order", "--json"))
    assert one["intent"] == "order_status"
    many = json.loads(munshi("classify", "-", "--json", typed="where is my order\nhello\n").stdout)
    assert [row["text"] for row in many] == ["where is my order", "hello"]


def test_a_chat_in_the_terminal_asks_back_and_takes_the_answer(munshi) -> None:
    result = munshi("chat", typed="where is my order\nNAS-20433\n\n")
    assert result.exit_code == 0
    assert "NAS-20433:" in result.stdout


def test_a_new_pack_is_sound_answers_and_is_never_overwritten(munshi, pack: Path) -> None:
    assert munshi("check", str(pack)).exit_code == 0
    assert munshi("ask", "hello", "--business", str(pack)).exit_code == 0
    again = munshi("init", str(pack))
    assert again.exit_code != 0
    assert (pack / "business.yaml").exists()


def test_a_broken_pack_is_told_with_file_and_line(munshi, pack: Path) -> None:
    intents = pack / "intents.yaml"
    intents.write_text(intents.read_text(encoding="utf-8").replace("handler: order_status", "handler: odrer_status"))
    result = munshi("check", str(pack), "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [fault["file"] for fault in found["faults"] if fault["severity"] == "error"] == ["intents.yaml"]
    assert "order_status" in found["faults"][0]["remedy"]
    assert munshi("ask", "hello", "--business", str(pack)).exit_code == 2


def test_conversations_are_played_without_leaving_a_ticket(munshi, pack: Path) -> None:
    munshi("evaluate", "conversations", "--business", str(pack), "--json")
    assert json.loads(munshi("inbox", "list", "--business", str(pack), "--json").stdout) == []


def test_a_handover_waits_in_the_inbox_until_it_is_answered(munshi) -> None:
    session = document(munshi("ask", "i want to talk to a person", "--json"))["session_id"]
    waiting = json.loads(munshi("inbox", "list", "--json").stdout)
    assert [ticket["session_id"] for ticket in waiting] == [session]
    reference = waiting[0]["reference"]
    assert munshi("inbox", "reply", reference, "Asha here", "--as", "Asha").exit_code == 0
    assert document(munshi("ask", "hello?", "--session", session, "--json"))["reply"] is None
    shown = document(munshi("inbox", "show", reference, "--json"))
    assert [line["text"] for line in shown["transcript"]][-2:] == ["Asha here", "hello?"]
    assert munshi("inbox", "release", reference).exit_code == 0
    assert document(munshi("ask", "hello", "--session", session, "--json"))["reply"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("ask", "hi", "--business", "nowhere"), "nowhere"),
        (("ask", "hi", "--business", "../nowhere/else"), "../nowhere/else"),
        (("ask", "hi", "--business", "\0"), "business"),
        (("inbox", "show", "T99999"), "T99999"),
        (("evaluate", "retrieval", "--corpus", "missing.json"), "missing.json"),
    ],
)
def test_wrong_use_is_one_line_that_names_the_thing(munshi, arguments: tuple[str, ...], named: str) -> None:
    result = munshi(*arguments)
    assert result.exit_code in (1, 2)
    assert named in result.stderr
    assert "Traceback" not in result.stderr
    told = [line for line in result.stderr.splitlines() if line.startswith("munshi:")]
    assert len(told) == 1


@pytest.mark.parametrize("variable", ["MUNSHI_PORT=eighty", "MUNSHI_FORM_TRIES=0", "MUNSHI_LOG_LEVEL=loud"])
def test_a_setting_that_cannot_be_is_named(munshi, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    name, value = variable.split("=")
    monkeypatch.setenv(name, value)
    result = munshi("ask", "hi")
    assert result.exit_code == 2
    assert name in result.stderr


def test_every_setting_stands_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`MUNSHI_{name.upper()}`" not in readme]
    assert missing == []


def test_doctor_finds_a_sound_home_and_a_mistyped_setting(munshi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUNSHI_PROT", "7861")
    found = document(munshi("doctor", "--json"))
    assert any("MUNSHI_PORT" in finding["detail"] for finding in found["findings"] if finding["state"] == "note")


def test_the_program_speaks_hindi_whatever_the_console_speaks(home: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "MUNSHI_HOME": str(home),
        "MUNSHI_DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}",
        "PYTHONIOENCODING": "ascii",
    }
    command = [sys.executable, "-m", "munshi", "ask", "नमस्ते"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert any(ch > "\u0900" for ch in done.stdout.decode("utf-8"))


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not installed")
def test_it_answers_with_no_network_at_all(home: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "MUNSHI_HOME": str(home), "MUNSHI_DATABASE_URL": f"sqlite:///{tmp_path / 'x.sqlite3'}"}
    isolated = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*isolated, "true"], capture_output=True, check=False).returncode != 0:
        if os.environ.get("MUNSHI_REQUIRE_SERVICES") == "1":
            pytest.fail("this machine does not let a process leave the network")
        pytest.skip("this machine does not let a process leave the network")
    command = [*isolated, sys.executable, "-m", "munshi", "ask", "do you deliver outside navi mumbai", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert json.loads(done.stdout)["citations"]


def test_chats_are_exported_as_training_data(munshi, tmp_path: Path) -> None:
    munshi("ask", "do you deliver outside navi mumbai? call me on 98200 12345", "--session", "one")
    munshi("ask", "who won the cricket world cup in 1983", "--session", "two")
    file = tmp_path / "chats.jsonl"
    assert document(munshi("export", "chat-data", "--out", str(file), "--json")) == {"written": 1, "left_out": 1}
    (line,) = file.read_text(encoding="utf-8").splitlines()
    assert {"messages", "text"} == set(json.loads(line))
    assert "98200" not in line
    lost = munshi("export", "chat-data", "--out", str(tmp_path / "no" / "chats.jsonl"))
    assert lost.exit_code == 1
    assert "name another file" in lost.stderr


@pytest.fixture
def _heeding_ctrl_c() -> Iterator[None]:
    """What is started in the background, as this test may be, inherits that Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals there")
@pytest.mark.usefixtures("_heeding_ctrl_c")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_inbox_is_watched_until_it_is_told_to_stop(munshi, home: Path, how: signal.Signals) -> None:
    munshi("ask", "I want to talk to a person", "--session", "one")
    (first,) = json.loads(munshi("inbox", "list", "--json").stdout)
    munshi("inbox", "claim", first["reference"], "--as", "Asha")
    command = [sys.executable, "-m", "munshi", "inbox", "watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        try:
            assert watching.stdout is not None
            assert watching.stderr is not None
            assert "Ctrl-C" in watching.stderr.readline()
            munshi("ask", "कोई है? \u202e😀", "--session", "one")
            heard = json.loads(watching.stdout.readline())
            munshi("ask", "I want to talk to a person", "--session", "two")
            new = json.loads(watching.stdout.readline())
            watching.send_signal(how)
            assert watching.wait(30) == 0
            assert watching.stderr.read() == ""
        finally:
            watching.kill()  # else what fails here would wait for it without end
    assert (heard["event"], heard["ticket"], heard["text"]) == ("message", first["reference"], "कोई है? \u202e😀")
    assert (new["event"], new["session_id"]) == ("ticket", "two")
