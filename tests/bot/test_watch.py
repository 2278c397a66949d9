"""A running Munshi and its folders: what changes is taken up and told of, what breaks takes nothing away."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from munshi.bot.app import App, open_app
from munshi.bot.paper_adding import add_papers
from munshi.bot.scaffold import create_pack
from munshi.bot.settings import Settings
from munshi.bot.watch import Watcher, watching

LONG = 30.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    pack = create_pack(tmp_path / "shop", name="Shop")
    return Settings(home=tmp_path / "home", business=str(pack), encoder="none")


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    with open_app(settings) as app:
        yield app


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def watcher(app: App, lines: list[str]) -> Watcher:
    return Watcher(app, lines.append)


def write(app: App, name: str, text: str) -> Path:
    path = app.business.folder / name
    path.write_text(text, encoding="utf-8")
    return path


def parrots(app: App, answer: str) -> Path:
    return write(app, "knowledge/parrots.csv", f"question,answer\nMay I bring my parrot?,{answer}\n")


def asked(app: App) -> str:
    return app.library.ask("may i bring my parrot").text


def test_nothing_is_told_where_nothing_changed(watcher: Watcher, lines: list[str]) -> None:
    watcher.look()
    assert lines == []


def test_papers_are_taken_up_with_one_line(app: App, watcher: Watcher, lines: list[str]) -> None:
    paper = parrots(app, "Yes.")
    watcher.look()
    assert asked(app) == "Yes."
    paper.unlink()
    watcher.look()
    assert asked(app) == ""
    assert ["parrots.csv" in line for line in lines] == [True, True]


def test_a_paper_that_breaks_is_told_of_once_and_answers_as_before(
    app: App, watcher: Watcher, lines: list[str]
) -> None:
    paper = parrots(app, "Yes.")
    watcher.look()
    paper.write_bytes(b"\x00\x01")
    for _ in range(3):
        watcher.look()
    assert asked(app) == "Yes."
    assert ["Faults" in line for line in lines] == [False, True]
    write(app, "knowledge/more.md", "# Cages\n\nCages are sold at the counter.\n")
    watcher.look()
    assert "Faults" not in lines[-1]


def test_records_are_taken_up_and_broken_ones_are_not(app: App, watcher: Watcher, lines: list[str]) -> None:
    products = app.business.folder / "records" / "products.csv"
    before = products.read_text(encoding="utf-8")
    header = before.splitlines()[0].split(",")
    row = {"sku": "PAR-1", "name": "Parrot cage", "price": "900", "price_inr": "900", "stock": "3"}
    products.write_text(f"{before}{','.join(row.get(name, '') for name in header)}\n", encoding="utf-8")
    watcher.look()
    assert len(lines) == 1
    assert "products" in lines[0]
    products.write_text(f"{before}x\n", encoding="utf-8")
    parrots(app, "Yes.")
    watcher.look()
    assert "products.csv" in lines[1]
    assert asked(app) == "Yes."
    watcher.look()
    assert len(lines) == 3


def test_a_database_that_is_away_is_told_once(app: App, watcher: Watcher, lines: list[str]) -> None:
    products = app.business.folder / "records" / "products.csv"
    products.write_text(products.read_text(encoding="utf-8").replace("45.00", "46.00"), encoding="utf-8")
    with app.store.engine.begin() as db:
        db.exec_driver_sql("ALTER TABLE products RENAME TO away")
    watcher.look()
    watcher.look()
    assert len(lines) == 1
    with app.store.engine.begin() as db:
        db.exec_driver_sql("ALTER TABLE away RENAME TO products")
    watcher.look()
    assert ["up to date" in line for line in lines] == [False, True]


@pytest.mark.parametrize("name", ["business.yaml", "intents.yaml", "glossary.csv", "my_handler.py"])
def test_what_needs_a_new_start_is_said(app: App, watcher: Watcher, lines: list[str], name: str) -> None:
    path = app.business.folder / name
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(f"{text}\n# changed\n", encoding="utf-8")
    watcher.look()
    watcher.look()
    assert len(lines) == 1
    assert name in lines[0]


def test_what_another_process_has_published_is_taken_up(
    app: App, watcher: Watcher, settings: Settings, tmp_path: Path, lines: list[str]
) -> None:
    paper = tmp_path / "yard.md"
    paper.write_text("# Parking\n\nPark in the yard behind the shop.\n", encoding="utf-8")
    command = [sys.executable, "-m", "munshi", "ingest", str(paper), "--business", settings.business]
    subprocess.run(command, env=environment(settings), check=True, capture_output=True)
    watcher.look()
    assert app.library.ask("where can i park").text == "Park in the yard behind the shop."
    assert ["yard.md" in line for line in lines] == [True]


def test_an_index_that_was_published_is_opened_though_no_paper_changed(settings: Settings, app: App) -> None:
    with open_app(settings) as other:
        parrots(app, "Yes.")
        assert other.library.take_up() is not None
        app.library.refresh()
        assert asked(app) == asked(other) == "Yes."
        assert app.library.take_up() is None


def test_an_index_that_cannot_be_written_is_told_of_and_what_was_there_stays(
    app: App, watcher: Watcher, settings: Settings, lines: list[str]
) -> None:
    parrots(app, "Yes.")
    watcher.look()
    (folder,) = (settings.business_home("shop") / "index").iterdir()
    (folder / ".lock").unlink(missing_ok=True)
    (folder / ".lock").mkdir()
    parrots(app, "No.")
    watcher.look()
    watcher.look()
    assert asked(app) == "Yes."
    assert len(lines) == 2


def test_a_change_is_seen_without_being_told_to_look(app: App, settings: Settings, tmp_path: Path) -> None:
    said: queue.Queue[str] = queue.Queue()
    with watching(app, said.put):
        parrots(app, "Yes.")
        assert "parrots.csv" in said.get(timeout=LONG)
        assert asked(app) == "Yes."
        (tmp_path / "yard.md").write_text("# Parking\n\nPark in the yard.\n", encoding="utf-8")
        add_papers(settings, "shop", [tmp_path / "yard.md"])
        assert "yard.md" in said.get(timeout=LONG)


def test_folders_that_the_system_does_not_watch_are_looked_at(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_folders: Path, **_wishes: object) -> Iterator[None]:
        raise OSError("OS file watch limit reached")

    monkeypatch.setattr("watchfiles.watch", refuse)
    monkeypatch.setattr("munshi.bot.watch.LOOK_SECONDS", 0.1)
    said: queue.Queue[str] = queue.Queue()
    with watching(app, said.put):
        parrots(app, "Yes.")
        assert "parrots.csv" in said.get(timeout=LONG)


def test_a_folder_that_is_gone_for_a_while_takes_no_answers_away(app: App, watcher: Watcher, lines: list[str]) -> None:
    parrots(app, "Yes.")
    watcher.look()
    moved = app.business.folder.rename(app.business.folder.with_name("moved"))
    for _ in range(3):
        watcher.look()
    assert asked(app) == "Yes."
    moved.rename(app.business.folder)
    watcher.look()
    assert asked(app) == "Yes."
    assert len(lines) == 2


def environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "MUNSHI_HOME": str(settings.home), "MUNSHI_ENCODER": settings.encoder}
