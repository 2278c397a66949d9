"""What every dense arm keeps to, wherever its vectors lie; a test class inherits this and gives a `keeper`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.dense import DenseArm
from munshi.knowledge.index import Index
from munshi.knowledge.views import as_is, sentence_views

WARRANTY = Passage("faq/1", "Six months, with the bill.", "faq.csv", title="Is there a warranty?", kind="faq",
                   metadata={"alternates": "how long is the guarantee\nkitni warranty hai"})  # fmt: skip
DELIVERY = Passage("faq/2", "Yes, within Navi Mumbai.", "faq.csv", title="Do you deliver?", kind="faq")
BRAKES = Passage(
    "a.md/1",
    "Brake pads of the front axle are kept for the Swift, the Baleno and the i20 of every year. Ask for the year that"
    " stands in the papers of the car before you order. Old pads are taken back and thrown away as they should be.",
    "a.md",
    title="Brakes",
)
CLUTCH = Passage("a.md/2", "A clutch plate is fitted within a day.", "a.md", title="Clutches")
HINDI = Passage("h.md/1", "दुकान रविवार को बंद रहती है।", "h.md", language="hi")
PAPERS = (WARRANTY, DELIVERY, BRAKES, CLUTCH, HINDI)
QUESTIONS = ("how long is the guarantee", "old brake pads", "clutch", "do you bring it home", "closed on sunday", "👍")
ODD_IDS = ("दुकान/१", "👍 \u202e", "a b\tc/#1", "a'b\"c;--", "../x", "x" * 900, "nul\0nul", "lone\ud800")


class Keeper(Protocol):
    """Keeps the vectors of one index after another."""

    def update(self, index: Index) -> DenseArm:
        """The arm for an index that takes the place of the one before."""

    def reopened(self, index: Index) -> DenseArm:
        """The arm for the index of the last update after a restart."""


def by_hand(passages: Sequence[Passage], encoder: Encoder, query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each passage's score, from its texts."""
    scores = []
    for passage in passages:
        cosines = np.concatenate([encoder.encode([text]) for text in sentence_views(passage, as_is)]) @ query
        scores.append(cosines[0] if len(cosines) == 1 else (cosines[0] + cosines.max()) / 2)
    return np.array(scores, dtype=np.float32)


def best(arm: DenseArm, query: NDArray[np.float32], passages: int, count: int = 100) -> list[int]:
    similar = arm.similar(query, count)
    assert similar.whole
    return [int(position) for position in similar.best(np.ones(passages, dtype=bool), count)]


class KeepsTheDenseContract:
    @pytest.fixture
    def index(self, encoder: Encoder) -> Index:
        return Index.from_passages(PAPERS, encoder)

    @pytest.mark.parametrize("question", QUESTIONS)
    def test_the_nearest_are_those_of_sums_done_by_hand(
        self, keeper: Keeper, index: Index, encoder: Encoder, question: str
    ) -> None:
        query = encoder.encode([question])[0]
        expected = by_hand(PAPERS, encoder, query)
        similar = keeper.update(index).similar(query, 100)
        assert similar.whole
        found = similar.best(np.ones(len(PAPERS), dtype=bool), 100)
        assert found.tolist() == [i for i in np.argsort(-expected).tolist() if expected[i] > 0]
        assert similar.at(np.array([4, 0, 2])) == pytest.approx(expected[[4, 0, 2]], abs=1e-5)

    def test_no_more_than_asked_for_and_of_those_allowed(self, keeper: Keeper, index: Index, encoder: Encoder) -> None:
        query = encoder.encode(["warranty on a clutch plate"])[0]
        arm = keeper.update(index)
        first = best(arm, query, len(PAPERS))
        assert best(arm, query, len(PAPERS), 2) == first[:2]
        assert best(arm, query, len(PAPERS), 0) == []
        allowed = np.ones(len(PAPERS), dtype=bool)
        allowed[first[0]] = False
        similar = arm.similar(query, 100)
        assert similar.whole
        assert similar.best(allowed, 100).tolist() == first[1:]
        assert similar.best(~allowed, 100).tolist() == first[:1]

    def test_what_is_added_changed_and_removed_is_so(self, keeper: Keeper, index: Index, encoder: Encoder) -> None:
        query = encoder.encode(["do you deliver"])[0]
        keeper.update(index)
        changed = replace(DELIVERY, title="Can I pay by card?", text="Yes, by any card.")
        added = Passage("new.md/1", "We deliver to your home.", "new.md")
        papers = (added, changed, BRAKES, CLUTCH)
        arm = keeper.update(Index.from_passages(papers, encoder, reuse=index))
        assert best(arm, query, len(papers))[0] == 0
        expected = by_hand(papers, encoder, query)
        assert best(arm, query, len(papers)) == [i for i in np.argsort(-expected).tolist() if expected[i] > 0]

    def test_an_empty_index_has_nothing_near(self, keeper: Keeper, index: Index, encoder: Encoder) -> None:
        query = encoder.encode(["warranty"])[0]
        empty = Index.from_passages([], encoder)
        for arm_of in (keeper.update, keeper.reopened):
            assert best(arm_of(empty), query, 0) == []
        assert len(best(keeper.update(index), query, len(PAPERS))) > 1
        assert best(keeper.update(empty), query, 0) == []

    def test_passages_of_the_same_words_are_each_found(self, keeper: Keeper, encoder: Encoder) -> None:
        twins = [replace(CLUTCH, id=f"twin/{number}") for number in range(3)]
        query = encoder.encode(["clutch plate"])[0]
        arm = keeper.update(Index.from_passages([*twins, HINDI], encoder))
        assert sorted(best(arm, query, 4)[:3]) == [0, 1, 2]
        arm = keeper.update(Index.from_passages([twins[2], HINDI], encoder))
        assert best(arm, query, 2)[0] == 0

    def test_ids_and_texts_of_any_characters(self, keeper: Keeper, encoder: Encoder) -> None:
        papers = [Passage(one, f"About {one} and brakes.", "odd.md") for one in ODD_IDS]
        query = encoder.encode(["brakes"])[0]
        index = Index.from_passages(papers, encoder)
        for arm_of in (keeper.update, keeper.reopened):
            assert sorted(best(arm_of(index), query, len(papers))) == list(range(len(papers)))

    def test_a_restart_changes_nothing(self, keeper: Keeper, index: Index, encoder: Encoder) -> None:
        queries = [encoder.encode([question])[0] for question in QUESTIONS]
        arm = keeper.update(index)
        before = [best(arm, query, len(PAPERS)) for query in queries]
        arm = keeper.reopened(index)
        assert [best(arm, query, len(PAPERS)) for query in queries] == before
