"""Papers that are added and taken away: no name is taken from another, nothing is half-copied, odd files do no harm."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from munshi.bot.paper_adding import Added, PapersError, add_papers, remove_papers
from munshi.bot.papers import added_papers, papers_folder, stamps
from munshi.bot.settings import Settings

KEY = "shop"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


def write(path: Path, text: str = "Some words.") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def added(settings: Settings) -> dict[str, str]:
    folder = papers_folder(settings, KEY)
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in added_papers(settings, KEY)
    }


def add(settings: Settings, *paths: Path) -> Added:
    return add_papers(settings, KEY, paths)


def test_a_folder_is_added_with_its_folders(settings: Settings, desk: Path) -> None:
    write(desk / "a" / "faq.md", "one")
    write(desk / "b" / "faq.md", "two")
    write(desk / "top.txt", "three")
    write(desk / "song.mp3")
    found = add(settings, desk)
    assert (len(found.papers), found.skipped, found.other) == (3, (), 1)
    assert added(settings) == {"a/faq.md": "one", "b/faq.md": "two", "top.txt": "three"}


@pytest.mark.parametrize("name", ["चाय की सूची.md", "🦜 parrot.txt", "قائمة.md", "a  b.md", "ü.md", "FAQ (1).MD"])
def test_names_in_any_script_are_kept(settings: Settings, desk: Path, name: str) -> None:
    add(settings, write(desk / name))
    assert list(added(settings)) == [name]
    assert remove_papers(settings, KEY, [name]) == (name,)
    assert added(settings) == {}


def test_the_same_place_replaces_and_another_does_not(settings: Settings, desk: Path) -> None:
    old = write(desk / "2025" / "terms.md", "old terms")
    assert add(settings, old).skipped == ()
    write(old, "terms of this year")
    assert add(settings, old).skipped == ()
    other = write(desk / "2026" / "terms.md", "new terms")
    (fault,) = add(settings, other, write(desk / "more.md")).skipped
    assert str(other) in fault
    assert str(old) in fault
    assert added(settings) == {"terms.md": "terms of this year", "more.md": "Some words."}
    remove_papers(settings, KEY, ["terms.md"])
    assert add(settings, other).skipped == ()
    assert added(settings)["terms.md"] == "new terms"


def test_two_of_one_name_in_one_call_do_not_replace_each_other(settings: Settings, desk: Path) -> None:
    one, two = write(desk / "1" / "terms.md", "one"), write(desk / "2" / "Terms.md", "two")
    found = add(settings, one, two)
    assert (found.papers, len(found.skipped)) == ((one,), 1)
    assert added(settings) == {"terms.md": "one"}


def test_the_same_words_from_elsewhere_are_no_clash(settings: Settings, desk: Path) -> None:
    add(settings, write(desk / "1" / "terms.md"))
    assert add(settings, write(desk / "2" / "terms.md")).skipped == ()


@pytest.mark.parametrize("name", [".hidden.md", "~$lock.md", "__x.md", "Thumbs.db", ".git/notes.md", "~$a/b.md"])
def test_what_programs_leave_behind_is_passed_over(settings: Settings, desk: Path, name: str) -> None:
    write(desk / name)
    write(desk / "real.md")
    add(settings, desk)
    assert list(added(settings)) == ["real.md"]


def test_links_are_followed_where_given_and_not_out_of_a_folder(settings: Settings, desk: Path) -> None:
    outside = write(desk.parent / "private.md", "not for customers")
    inside = write(desk / "real.md", "for customers")
    (desk / "out.md").symlink_to(outside)
    (desk / "in.md").symlink_to(inside)
    (desk / "dangling.md").symlink_to(desk / "nowhere.md")
    (desk / "round").symlink_to(desk)
    add(settings, desk)
    assert set(added(settings)) == {"real.md", "in.md"}
    add(settings, desk / "out.md")
    assert added(settings)["out.md"] == "not for customers"


@pytest.mark.parametrize("name", ["nowhere.md", "empty", "song.mp3", "no suffix", "only songs"])
def test_what_cannot_be_read_is_refused_before_anything_is_added(settings: Settings, desk: Path, name: str) -> None:
    (desk / "empty").mkdir()
    write(desk / "song.mp3")
    write(desk / "no suffix")
    write(desk / "only songs" / "a.mp3")
    with pytest.raises(PapersError, match=name):
        add(settings, write(desk / "good.md"), desk / name)
    assert added(settings) == {}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="every file can be read here")
def test_a_file_that_may_not_be_read_is_named_and_the_others_are_added(settings: Settings, desk: Path) -> None:
    write(desk / "secret.md").chmod(0)
    write(desk / "real.md")
    (fault,) = add(settings, desk).skipped
    assert "secret.md" in fault
    assert list(added(settings)) == ["real.md"]


def test_a_folder_in_the_way_of_a_file_is_named(settings: Settings, desk: Path) -> None:
    add(settings, write(desk / "1" / "terms.md" / "part.md").parents[1])
    (fault,) = add(settings, write(desk / "2" / "terms.md")).skipped
    assert "terms.md" in fault
    assert not list(papers_folder(settings, KEY).glob(".*.part"))


def test_a_name_that_fits_none_or_several_removes_nothing(settings: Settings, desk: Path) -> None:
    write(desk / "a" / "faq.md")
    write(desk / "b" / "faq.md")
    write(desk / "terms.md")
    add(settings, desk)
    with pytest.raises(PapersError, match=r"a/faq\.md, b/faq\.md"):
        remove_papers(settings, KEY, ["terms.md", "faq.md"])
    with pytest.raises(PapersError, match=r"terms\.md"):
        remove_papers(settings, KEY, ["term.md"])
    for outside in ("../shop", "", "/", "..", "a"):
        with pytest.raises(PapersError):
            remove_papers(settings, KEY, [outside])
    assert len(added(settings)) == 3
    assert remove_papers(settings, KEY, ["b/faq.md", "TERMS.md"]) == ("b/faq.md", "terms.md")
    assert list(added(settings)) == ["a/faq.md"]
    assert not (papers_folder(settings, KEY) / "b").exists()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, desk: Path) -> None:
    write(tmp_path / "home")
    with pytest.raises(PapersError, match="home"):
        add(Settings(home=tmp_path / "home"), write(desk / "a.md"))


def test_a_damaged_list_of_origins_takes_nothing_away(settings: Settings, desk: Path) -> None:
    paper = write(desk / "a.md")
    add(settings, paper)
    for damage in ("{", "[1]", ""):
        (papers_folder(settings, KEY) / ".origins.json").write_text(damage)
        write(paper, f"words {damage}")
        assert add(settings, paper).skipped == ()
        assert added(settings) == {"a.md": f"words {damage}"}


def test_many_may_add_at_once(settings: Settings, desk: Path) -> None:
    papers = [write(desk / str(number) / f"{number}.md", str(number)) for number in range(24)]
    with ThreadPoolExecutor(6) as pool:
        assert all(found.skipped == () for found in pool.map(lambda paper: add(settings, paper), papers))
    assert added(settings) == {f"{number}.md": str(number) for number in range(24)}


def test_thousands_of_papers_are_added_listed_and_stamped(settings: Settings, desk: Path) -> None:
    for number in range(2_000):
        write(desk / str(number % 10) / f"{number}.txt", str(number))
    assert len(add(settings, desk).papers) == 2_000
    assert len(stamps(added_papers(settings, KEY))) == 2_000
