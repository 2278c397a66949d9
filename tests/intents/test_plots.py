"""The diagrams, and the page that shows them: whatever the labels and texts are."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.intents.base import IntentError
from munshi.intents.calibration import Thresholds
from munshi.intents.evaluation_outcome import OUT_OF_SCOPE, Confusion, Outcome, Timing
from munshi.intents.evaluation_page import FILES, check_folder, render, write_folder
from munshi.intents.evaluation_report import Report
from munshi.intents.plot_labels import MAX_CHARS, legible
from munshi.intents.plots import MAX_CLASSES, diagrams, shown_classes

PNG = b"\x89PNG\r\n\x1a\n"
STRANGE = ("मेरा ऑर्डर", "$x_1$", "👍🏽", "<b>bold</b>", "a\nb\x00c", "x" * 200, "أين طلبي", "\ud800")


def reported(labels: Sequence[str], *, outside: int = 20, seed: int = 0) -> Report:
    """A made-up outcome: ten texts a label, one in five taken for the next label."""
    draw = np.random.default_rng(seed)
    truth = np.concatenate([np.repeat(np.arange(len(labels)), 10), np.full(outside, -1)])
    wrong = draw.random(len(truth)) < 0.2
    predicted = np.where(wrong, (truth + 1) % len(labels), truth)
    in_scope = np.where(truth >= 0, draw.beta(5, 2, len(truth)), draw.beta(2, 5, len(truth)))
    texts = tuple(f"text {number} <i>& more</i>" for number in range(len(truth)))
    outcome = Outcome(tuple(labels), texts, truth, predicted, draw.random(len(truth)), in_scope, 10 * len(labels))
    return Report("made_up", 100, Thresholds(0.5, 0.4), outcome.metrics(0.5, Timing((1.0, 2.0))), outcome)


def confusion_of(pairs: dict[tuple[int, int], int], classes: int, *, outside: bool = False) -> Confusion:
    counts = np.diag(np.full(classes, 5))
    for at, count in pairs.items():
        counts[at] = count
    labels = [f"intent_{number}" for number in range(classes - outside)] + [OUT_OF_SCOPE] * outside
    return Confusion(tuple(labels), tuple(map(tuple, counts.tolist())))


@pytest.mark.parametrize("outside", [0, 20])
@pytest.mark.parametrize("labels", [("a", "b"), STRANGE, tuple(f"intent_{n}" for n in range(60))], ids=len)
def test_diagrams_of_any_labels_without_a_word_on_the_console(labels: Sequence[str], outside: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        images = diagrams(reported(labels, outside=outside))
    assert {*images} == FILES - {"index.html"}
    assert all(image.startswith(PNG) for image in images.values())


def test_the_same_report_gives_the_same_bytes() -> None:
    assert diagrams(reported(("a", "b", "c"))) == diagrams(reported(("a", "b", "c")))


@given(st.text(max_size=60))
def test_a_label_is_one_short_line_that_can_be_drawn(label: str) -> None:
    shown = legible(label)
    assert len(shown) <= MAX_CHARS
    assert shown.isprintable()


def test_devanagari_is_still_told_apart_where_there_is_no_font_for_it() -> None:
    assert len({legible(label) for label in ("ऑर्डर", "कीमत", "दुकान")}) == 3
    assert legible("order_status") == "order_status"


def test_of_many_classes_the_worst_pairs_are_drawn_side_by_side() -> None:
    mistakes = {(3, 77): 9, (41, 12): 7, (60, 61): 1}
    shown = shown_classes(confusion_of(mistakes, 90, outside=True))
    assert len(shown) == MAX_CLASSES + 1
    assert shown[-1] == 89
    assert abs(shown.index(3) - shown.index(77)) == 1
    assert abs(shown.index(41) - shown.index(12)) == 1


@pytest.mark.parametrize("classes", [2, 3, 30])
def test_of_few_classes_all_are_drawn_once(classes: int) -> None:
    assert sorted(shown_classes(confusion_of({(0, 1): 2}, classes))) == list(range(classes))


class Reader(HTMLParser):
    """Notes the tags of a page, and every address in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action")]


def test_the_page_holds_all_it_shows_and_escapes_what_others_wrote() -> None:
    report = reported(("<script>alert(1)</script>", "b_&_c"))
    page = render(report, diagrams(report), "<title> & such")
    reader = Reader()
    reader.feed(page)
    assert not reader.tags & {"script", "i", "link", "iframe"}
    assert len(reader.addresses) == 3
    assert all(address.startswith("data:image/png;base64,") for address in reader.addresses)
    assert not re.findall(r"https?:|url\(|@import", page)


def test_a_folder_is_written_whole_and_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "plots"
    write_folder(reported(("a", "b")), folder, "first")
    write_folder(reported(("c", "d")), folder, "second")
    assert {path.name for path in folder.iterdir()} == FILES
    assert "second" in (folder / "index.html").read_text(encoding="utf-8")
    assert [path.name for path in folder.parent.iterdir()] == ["plots"]


def test_nothing_of_another_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "accounts.xlsx").write_bytes(b"all there is")
    with pytest.raises(IntentError, match="accounts"):
        write_folder(reported(("a", "b")), tmp_path, "title")
    with pytest.raises(IntentError, match="is a file"):
        check_folder(tmp_path / "accounts.xlsx")
    with pytest.raises(IntentError, match="cannot be written"):
        check_folder(tmp_path / "accounts.xlsx" / "plots")
    assert [path.name for path in tmp_path.iterdir()] == ["accounts.xlsx"]


def test_a_drawing_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "plots"
    write_folder(reported(("a", "b")), folder, "first")

    def full(_path: Path, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(IntentError, match="No space"):
            write_folder(reported(("c", "d")), folder, "second")
    assert {path.name for path in folder.iterdir()} == FILES
    assert "first" in (folder / "index.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["plots"]
