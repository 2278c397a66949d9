"""The library: the papers are asked as they are now, and what is changed in their folder is taken up when told to."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from munshi.bot.business import load_business
from munshi.bot.library import Library, Parts
from munshi.bot.paper_adding import add_papers
from munshi.bot.scaffold import create_pack
from munshi.bot.settings import Settings
from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.encoder import open_encoder

TODAY = date(2026, 11, 21)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return create_pack(tmp_path / "shop", name="Shop")


@pytest.fixture
def settings(tmp_path: Path, pack: Path) -> Settings:
    return Settings(home=tmp_path / "home", business=str(pack), encoder="none")


@pytest.fixture
def library(settings: Settings) -> Library:
    return Library(settings, Parts(load_business(settings.business), None, str, lambda: TODAY))


def write_faq(pack: Path, answer: str) -> None:
    text = f"question,answer\nMay I bring my parrot to the shop?,{answer}\n"
    (pack / "knowledge" / "parrots.csv").write_text(text, encoding="utf-8")


def asked(library: Library) -> str:
    return library.ask("may i bring my parrot to the shop").text


def test_a_changed_folder_is_taken_up_and_told_of(library: Library, pack: Path) -> None:
    assert library.refresh() is None
    write_faq(pack, "Parrots are welcome.")
    assert asked(library) == ""
    report = library.refresh()
    assert report is not None
    assert report.added == ("parrots.csv",)
    assert asked(library) == "Parrots are welcome."
    write_faq(pack, "Only in a cage.")
    report = library.refresh()
    assert report is not None
    assert (report.added, report.changed) == ((), ("parrots.csv",))
    assert asked(library) == "Only in a cage."
    (pack / "knowledge" / "parrots.csv").unlink()
    report = library.refresh()
    assert report is not None
    assert report.removed == ("parrots.csv",)
    assert asked(library) == ""


def test_an_added_paper_is_taken_up(library: Library, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "yard.md").write_text("# Parking\n\nPark in the yard behind the shop.\n", encoding="utf-8")
    add_papers(settings, "shop", [tmp_path / "yard.md"])
    report = library.refresh()
    assert report is not None
    assert report.added == ("yard.md",)
    assert library.search("parking yard")[0].hits[0].passage.source == "yard.md"


def test_what_is_in_progress_goes_on_with_the_papers_it_began_with(library: Library, pack: Path) -> None:
    write_faq(pack, "Parrots are welcome.")
    library.refresh()
    before = library.retriever
    write_faq(pack, "Only in a cage.")
    library.refresh()
    assert before.search("parrot")[0].passage.text == "Parrots are welcome."
    assert library.retriever.search("parrot")[0].passage.text == "Only in a cage."


def test_a_broken_paper_is_named_once_and_takes_nothing_away(library: Library, pack: Path) -> None:
    write_faq(pack, "Parrots are welcome.")
    library.refresh()
    (pack / "knowledge" / "broken.pdf").write_bytes(b"%PDF-1.4 rubbish")
    report = library.refresh()
    assert report is not None
    assert ["broken.pdf" in line for line in report.skipped] == [True]
    assert library.refresh() is None
    assert asked(library) == "Parrots are welcome."


def test_the_papers_are_searched_in_a_store_that_the_settings_name(
    settings: Settings, pack: Path, home: Path, tmp_path: Path
) -> None:
    encoder = open_encoder("minilm", home=home, threads=1)
    named = settings.model_copy(update={"vectors": f"qdrant:{tmp_path / 'vectors'}"})
    library = Library(named, Parts(load_business(settings.business), encoder, str, lambda: TODAY))
    write_faq(pack, "Parrots are welcome.")
    library.refresh()
    found, _ = library.search("is a parrot welcome", alpha=1.0)
    assert found.hits[0].passage.text == "Parrots are welcome."
    assert found.candidates["dense"]
    library.close()
    assert library.search("do parrots cost extra")[0].dense_missing
    write_faq(pack, "Parrots stay outside.")
    library.refresh()
    assert asked(library) == "Parrots stay outside."
    again = Library(named, Parts(load_business(settings.business), encoder, str, lambda: TODAY))
    assert not again.search("is a parrot welcome")[0].dense_missing
    again.close()


def test_a_store_that_cannot_be_opened_keeps_the_papers_closed(settings: Settings, home: Path) -> None:
    encoder = open_encoder("minilm", home=home, threads=1)
    named = settings.model_copy(update={"vectors": "qdrant:http://127.0.0.1:1"})
    with pytest.raises(KnowledgeError):
        Library(named, Parts(load_business(settings.business), encoder, str, lambda: TODAY))
