"""The index: what is embedded again, what survives a crash, and that builders and readers do not disturb each other."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.knowledge import loaders
from munshi.knowledge.base import Encoder, EncoderError, KnowledgeError, Passage
from munshi.knowledge.chunking import ChunkSettings
from munshi.knowledge.index import Index
from munshi.knowledge.index_store import IndexStore
from munshi.knowledge.paper_reader import name_sources
from munshi.knowledge.search import HybridRetriever

RETURNS = "# Returns\n\n## Faulty part\n\nReturn it within 10 days.\n\n## Refund\n\nBy UPI in 2 days.\n"
FAQ = "question,answer,alternates\nDo you deliver?,Yes.,home delivery|ghar pe\nCash on delivery?,Up to ₹3000.,cod\n"


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "returns.md").write_text(RETURNS, encoding="utf-8")
    (folder / "faq.csv").write_text(FAQ, encoding="utf-8")
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "index"


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def texts(index: Index | None) -> set[str]:
    assert index is not None
    return {passage.text for passage in index.passages}


def found(index: Index, query: str) -> str:
    return HybridRetriever(index).search(query)[0].passage.text


def test_what_is_built_is_there_when_opened_again(place: Path, papers: Path, encoder: Encoder) -> None:
    store = IndexStore(place, encoder)
    assert store.open() is None
    built, report = store.update(files(papers))
    assert (report.documents, report.passages, report.embedded) == (2, 4, 4)
    assert report.added == ("faq.csv", "returns.md")
    opened = IndexStore(place, encoder).open()
    assert opened is not None
    assert opened.passages == built.passages
    assert opened.version == built.version
    for query in ("refund by upi", "ghar pe", "faulty"):
        ours, theirs = (HybridRetriever(index, encoder).search(query) for index in (built, opened))
        assert ours == theirs


def test_nothing_is_embedded_when_nothing_changed(
    place: Path, papers: Path, counting: Encoder, embedded: list[str]
) -> None:
    IndexStore(place, counting).update(files(papers))
    embedded.clear()
    _, report = IndexStore(place, counting).update(files(papers))
    assert embedded == []
    assert (report.added, report.changed, report.removed, report.embedded) == ((), (), (), 0)


def test_only_what_changed_is_embedded_again(place: Path, papers: Path, counting: Encoder, embedded: list[str]) -> None:
    store = IndexStore(place, counting)
    store.update(files(papers))
    embedded.clear()
    (papers / "returns.md").write_text(RETURNS.replace("10 days", "12 days"), encoding="utf-8")
    index, report = store.update(files(papers))
    assert [text for text in embedded if "12 days" in text] == embedded
    assert len(embedded) == 1
    assert report.changed == ("returns.md",)
    assert "Return it within 12 days." in texts(index)
    assert "Return it within 10 days." not in texts(index)


def test_a_removed_paper_takes_its_passages_along(place: Path, papers: Path) -> None:
    store = IndexStore(place)
    store.update(files(papers))
    (papers / "faq.csv").unlink()
    index, report = store.update(files(papers))
    assert report.removed == ("faq.csv",)
    assert {passage.source for passage in index.passages} == {"returns.md"}
    assert texts(IndexStore(place).open()) == texts(index)


def test_no_papers_at_all_make_an_index_of_nothing(place: Path, encoder: Encoder) -> None:
    index, report = IndexStore(place, encoder).update([])
    assert (index.passages, report.passages) == ((), 0)
    assert IndexStore(place, encoder).open() is not None


def test_bad_papers_are_named_skipped_and_counted(place: Path, papers: Path) -> None:
    (papers / "broken.pdf").write_bytes(b"%PDF-1.4 rubbish")
    (papers / "empty.md").write_bytes(b"")
    (papers / "latin.txt").write_bytes("Fünf Stück".encode("latin-1"))
    (papers / "sheet.xyz").write_bytes(b"what is this")
    gone = papers / "gone.md"
    (papers / "half.csv").write_text("question,answer\nWhy?,\nWhere?,Here.\n", encoding="utf-8")
    index, report = IndexStore(place).update([*files(papers), gone])
    assert report.documents == 3
    named = " ".join(report.skipped)
    assert all(name in named for name in ("broken.pdf", "empty.md", "latin.txt", "sheet.xyz", "gone.md", "half.csv"))
    assert len(report.skipped) == 6
    assert "Here." in texts(index)
    _, again = IndexStore(place).update([*files(papers), gone])
    assert again.skipped == report.skipped


def test_a_paper_that_broke_keeps_what_was_read_of_it_until_it_is_mended_or_gone(place: Path, papers: Path) -> None:
    store = IndexStore(place)
    before = texts(store.update(files(papers))[0])
    (papers / "returns.md").write_bytes(b"\xff\xfe\xfd")
    for _ in range(2):
        index, report = store.update(files(papers))
        assert texts(index) == before
        assert ["returns.md" in line for line in report.skipped] == [True]
    (papers / "returns.md").write_text("# Returns\n\nWithin 12 days.\n", encoding="utf-8")
    index, report = store.update(files(papers))
    assert report.skipped == ()
    assert "Within 12 days." in texts(index)
    assert "Return it within 10 days." not in texts(index)


def test_a_faulty_paper_is_read_again_when_asked_for(
    place: Path, papers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (papers / "notes.xyz").write_text("Something of another kind.", encoding="utf-8")
    store = IndexStore(place)
    store.update(files(papers))
    monkeypatch.setattr(loaders, "LOADERS", {**loaders.LOADERS, ".xyz": loaders.LOADERS[".txt"]})
    assert len(store.update(files(papers))[1].skipped) == 1
    index, report = store.update(files(papers), again=True)
    assert report.skipped == ()
    assert "Something of another kind." in texts(index)


def test_only_words_count_not_where_they_stand(
    place: Path, papers: Path, counting: Encoder, embedded: list[str]
) -> None:
    store = IndexStore(place, counting)
    store.update(files(papers))
    embedded.clear()
    (papers / "returns.md").rename(papers / "going back.md")
    header, first, second = FAQ.splitlines()
    (papers / "faq.csv").write_text("\n".join((header, second, first)), encoding="utf-8")
    front = "---\npriority: 90\nvalid_until: 2027-01-01\n---\n"
    (papers / "going back.md").write_text(f"{front}{RETURNS}", encoding="utf-8")
    index, report = store.update(files(papers))
    assert (embedded, report.embedded) == ([], 0)
    assert (report.added, report.changed, report.removed) == (("going back.md",), ("faq.csv",), ("returns.md",))
    assert {p.priority for p in index.passages if p.source == "going back.md"} == {90}


def test_papers_of_one_name_in_two_folders_are_told_apart(place: Path, papers: Path, tmp_path: Path) -> None:
    added = tmp_path / "added"
    added.mkdir()
    (added / "returns.md").write_text("# Returns\n\nBring the bill.\n", encoding="utf-8")
    index, _ = IndexStore(place).update([*files(papers), added / "returns.md"])
    assert {"papers/returns.md", "added/returns.md", "faq.csv"} == {passage.source for passage in index.passages}
    assert len({passage.id for passage in index.passages}) == len(index.passages)


def test_every_paper_has_a_name_of_its_own_however_deep_it_lies(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("x/a/faq.csv", "y/a/faq.csv", "y/faq.csv", "y/terms.md", "y/terms.md")]
    named = name_sources(paths)
    assert set(named) == {"x/a/faq.csv", "y/a/faq.csv", "y/faq.csv", "terms.md"}
    assert set(named.values()) == set(paths)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no such names")
def test_names_that_cannot_be_shown_do_no_harm(place: Path, tmp_path: Path) -> None:
    names = [b"\xff\xfe.txt", b"\xff\xfd.txt", b"two\nlines.txt", "\u202etxt.exe.txt".encode(), "🦜 मेनू.txt".encode()]
    paths = []
    for number, name in enumerate(names):
        paths.append(tmp_path / os.fsdecode(name))
        paths[-1].write_text(f"Paper {number}.", encoding="utf-8")
    store = IndexStore(place)
    index, report = store.update(paths)
    assert (report.documents, report.skipped) == (len(names), ())
    sources = {passage.source for passage in index.passages}
    assert len(sources) == len(names)
    assert "🦜 मेनू.txt" in sources
    assert all(source.encode("utf-8").isascii() or "मेनू" in source for source in sources)
    assert not any(mark in source for source in sources for mark in "\n\u202e")
    assert store.update(paths)[1].changed == ()


def test_each_encoder_has_its_own_index(place: Path, papers: Path, encoder: Encoder, counting: Encoder) -> None:
    IndexStore(place, encoder).update(files(papers))
    assert IndexStore(place, counting).open() is None
    assert IndexStore(place).open() is None
    index, _ = IndexStore(place).update(files(papers))
    assert index.vectors is None
    assert IndexStore(place, encoder).open() is not None


def test_other_sizes_make_other_passages(place: Path, papers: Path) -> None:
    (papers / "long.txt").write_text("One sentence of six words here. " * 30, encoding="utf-8")
    _, small = IndexStore(place, chunks=ChunkSettings(max_words=20)).update(files(papers))
    _, large = IndexStore(place, chunks=ChunkSettings(max_words=200)).update(files(papers))
    assert small.passages > large.passages


def test_another_preparation_is_taken_up(place: Path, papers: Path) -> None:
    IndexStore(place).update(files(papers))
    index, _ = IndexStore(place, prepare=lambda text: text.replace("ghar pe", "at home")).update(files(papers))
    assert HybridRetriever(index).search("at home")[0].passage.title == "Do you deliver?"


def test_progress_counts_up_to_the_end(place: Path, papers: Path, encoder: Encoder) -> None:
    told: list[tuple[int, int]] = []
    IndexStore(place, encoder).update(files(papers), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (4, 4)


def test_metadata_survives_the_disk(place: Path, papers: Path) -> None:
    (papers / "policy.md").write_text(
        "---\ntitle: Offer\nkind: policy\nlanguage: hi\npriority: 7\nvalid_from: 2026-04-01\nvalid_until: 2026-05-01\n"
        "---\n\n## A\u2028B\n\nछूट\u2028दस प्रतिशत।\n",
        encoding="utf-8",
    )
    built, _ = IndexStore(place).update(files(papers))
    opened = IndexStore(place).open()
    assert opened is not None
    assert opened.passages == built.passages


# Damage and crashes


def generation(place: Path) -> Path:
    (current,) = place.glob("*/current")
    return current.parent / current.read_text().strip()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink])
def test_damage_to_any_file_is_seen_and_mended(
    place: Path, papers: Path, encoder: Encoder, damage: Callable[[Path], None]
) -> None:
    store = IndexStore(place, encoder)
    whole, _ = store.update(files(papers))
    inside = [path.relative_to(generation(place)) for path in sorted(generation(place).rglob("*")) if path.is_file()]
    assert len(inside) > 8
    for name in inside:
        damage(generation(place) / name)
        assert store.open() is None, name
        mended, report = store.update(files(papers))
        assert report.rebuilt, name
        assert mended.passages == whole.passages
        assert store.open() is not None


@pytest.mark.parametrize("name", ["", "no-such-generation", "\x00", "..", "current"])
def test_a_pointer_to_nowhere_is_seen_and_mended(place: Path, papers: Path, name: str) -> None:
    store = IndexStore(place)
    store.update(files(papers))
    (current,) = place.glob("*/current")
    current.write_text(name)
    assert store.open() is None
    assert store.update(files(papers))[1].rebuilt
    assert store.open() is not None


class Crash(BaseException):
    """The power is gone: nothing may catch this and tidy up."""


def crashing(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """From the given step of writing on, counted over files settled, renamed and replaced, nothing happens any more."""
    steps = iter(range(1000))

    def before(real: Callable[..., object]) -> Callable[..., object]:
        def crash_or_go_on(*args: object, **named: object) -> object:
            if next(steps) >= step:
                raise Crash
            return real(*args, **named)

        return crash_or_go_on

    monkeypatch.setattr(os, "fsync", before(os.fsync))
    monkeypatch.setattr(Path, "rename", before(Path.rename))
    monkeypatch.setattr(Path, "replace", before(Path.replace))
    monkeypatch.setattr(Path, "write_text", before(Path.write_text))


def test_a_crash_at_any_step_leaves_the_old_index_or_the_new(place: Path, papers: Path) -> None:
    store = IndexStore(place)
    old = texts(store.update(files(papers))[0])
    (papers / "returns.md").write_text(RETURNS.replace("10 days", "12 days"), encoding="utf-8")
    new = {text.replace("10 days", "12 days") for text in old}
    seen = []
    for step in range(100):
        with pytest.MonkeyPatch.context() as monkeypatch:
            crashing(monkeypatch, step)
            try:
                store.update(files(papers))
            except Crash:
                seen.append(texts(IndexStore(place).open()))
                assert seen[-1] in (old, new)
            else:
                break
    assert len(seen) > 10
    assert seen[0] == old
    assert texts(IndexStore(place).open()) == new
    assert len([path for path in generation(place).parent.iterdir() if path.is_dir()]) == 1


def test_an_encoder_that_fails_midway_leaves_the_old_index(place: Path, papers: Path, counting: Encoder) -> None:
    store = IndexStore(place, counting)
    old, _ = store.update(files(papers))

    def fail(_texts: object) -> np.ndarray:
        raise EncoderError("the service is down")

    (papers / "more.txt").write_text("Something new.", encoding="utf-8")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(counting, "encode", fail)
        with pytest.raises(EncoderError):
            store.update(files(papers))
    assert texts(store.open()) == texts(old)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, papers: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(KnowledgeError, match="file"):
        IndexStore(tmp_path / "file").update(files(papers))


BUILDER = """
import sys
from pathlib import Path
from munshi.knowledge.index_store import IndexStore

store, papers = IndexStore(Path(sys.argv[1])), Path(sys.argv[2])
print("ready", flush=True)
for turn in range(int(sys.argv[3])):
    (papers / f"{sys.argv[4]}.txt").write_text(f"Builder {sys.argv[4]}, turn {turn}.")
    store.update(sorted(papers.iterdir()))
print("done")
"""


def builder(place: Path, papers: Path, turns: int, name: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(place), str(papers), str(turns), name], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not known there")
def test_a_killed_builder_leaves_a_whole_index(
    place: Path, papers: Path, processes: list[subprocess.Popen[str]]
) -> None:
    store = IndexStore(place)
    store.update(files(papers))
    moments = random.Random(7)
    for name in "abc":
        process = builder(place, papers, 10_000, name)
        processes.append(process)
        time.sleep(moments.uniform(0.02, 0.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "Return it within 10 days." in texts(store.open())
    index, report = store.update(files(papers))
    assert not report.rebuilt
    assert texts(store.open()) == texts(index)


def test_two_builders_and_a_reader(place: Path, papers: Path, processes: list[subprocess.Popen[str]]) -> None:
    store = IndexStore(place)
    store.update(files(papers))
    processes += [builder(place, papers, 8, name) for name in "ab"]
    while any(process.poll() is None for process in processes):
        assert "Return it within 10 days." in texts(store.open())
    for process in processes:
        assert process.communicate()[0] == "done\n"
        assert process.returncode == 0
    index, _ = store.update(files(papers))
    assert {"Builder a, turn 7.", "Builder b, turn 7."} <= texts(index)


def test_a_reader_does_not_wait_for_a_builder(place: Path, papers: Path) -> None:
    store = IndexStore(place)
    old, _ = store.update(files(papers))
    version = store.current()
    (papers / "more.txt").write_text("Something new.", encoding="utf-8")
    with FileLock(next(place.iterdir()) / ".lock"):
        index, report = store.update(files(papers), wait=False)
        assert (texts(index), report.added, report.removed) == (texts(old), (), ())
    index, _ = store.update(files(papers), wait=False)
    assert "Something new." in texts(index)
    assert store.current() != version


def test_an_index_in_use_goes_on_working_while_it_is_replaced(place: Path, papers: Path, encoder: Encoder) -> None:
    store = IndexStore(place, encoder)
    store.update(files(papers))
    opened = store.open()
    assert opened is not None
    (papers / "faq.csv").unlink()
    store.update(files(papers))
    hits = HybridRetriever(opened, encoder).search("cash on delivery")
    assert hits[0].passage.text == "Up to ₹3000."
    assert hits[0].rerank is not None


def test_threads_may_build_at_once(place: Path, papers: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        built = list(pool.map(lambda _: IndexStore(place).update(files(papers))[0].version, range(8)))
    assert len(set(built)) == 1


# In memory


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40)), max_size=6))
def test_any_passages_make_an_index(given_texts: list[tuple[str, str, str]]) -> None:
    passages = [
        Passage(id=str(i), text=text, source="a", title=title, kind="faq", metadata={"alternates": alternates})
        for i, (text, title, alternates) in enumerate(given_texts)
    ]
    index = Index.from_passages(passages)
    assert [index.position(passage.id) for passage in passages] == list(range(len(passages)))
    assert Index.from_passages(passages).version == index.version


def test_what_an_older_index_holds_is_not_embedded_again(counting: Encoder, embedded: list[str]) -> None:
    one, two = (Passage(id=text, text=text, source="a") for text in ("one", "two"))
    first = Index.from_passages([one], counting)
    embedded.clear()
    second = Index.from_passages([two, one, two], counting, reuse=first)
    assert embedded == ["two"]
    assert second.embedding(1).vectors.tolist() == first.embedding(0).vectors.tolist()


def test_an_index_without_vectors_has_none_to_give() -> None:
    index = Index.from_passages([Passage(id="1", text="one", source="a")])
    with pytest.raises(ValueError, match="vectors"):
        index.embedding(0)
    with pytest.raises(KeyError):
        index.position("2")
