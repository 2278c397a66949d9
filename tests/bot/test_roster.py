"""Who of a computer's processes lives: a name is buried once its process is gone, and only then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from munshi.bot.roster import NAME_CHARS, Roster

ENTER = """
import sys
from pathlib import Path
from munshi.bot.roster import Roster
roster = Roster(Path(sys.argv[1]))
roster.enter()
print(roster.name, flush=True)
sys.stdin.read()
"""


def buried(roster: Roster) -> list[str]:
    found: list[str] = []
    roster.bury(found.append)
    return found


def test_a_process_that_was_killed_is_buried_once_and_a_living_one_never(tmp_path: Path) -> None:
    roster, beside = Roster(tmp_path / "new"), Roster(tmp_path / "new")
    roster.enter()
    beside.enter()
    process = subprocess.Popen(
        [sys.executable, "-c", ENTER, str(tmp_path / "new")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert buried(roster) == []
    process.kill()
    process.communicate()
    assert buried(roster) == [name]
    assert buried(roster) == buried(beside) == []
    beside.leave()
    assert buried(roster) == [beside.name]
    roster.leave()


def test_who_could_not_be_seen_to_is_buried_later(tmp_path: Path) -> None:
    roster, gone = Roster(tmp_path), Roster(tmp_path)
    roster.enter()
    gone.enter()
    gone.leave()

    def fails(_name: str) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        roster.bury(fails)
    assert buried(roster) == [gone.name]


def test_where_no_file_can_be_made_the_lease_must_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "file" / "folder"
    folder.parent.write_text("in the way")
    roster = Roster(folder)
    roster.enter()
    assert len(caplog.messages) == 1
    assert buried(roster) == []
    roster.leave()
    assert len(roster.name) == NAME_CHARS
