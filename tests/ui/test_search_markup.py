"""What a search found, as markup."""

from __future__ import annotations

from munshi.knowledge.base import Hit, Passage
from munshi.knowledge.search_trace import SearchTrace
from munshi.ui.search_markup import Pages, found

HIT = Hit(Passage("a", "We deliver.", "a.md"), 1.0, lexical=2.0)


def test_a_vector_store_that_is_down_is_told_of() -> None:
    up, down = (SearchTrace("deliver", "deliver", (HIT,), dense_missing=missing) for missing in (False, True))
    assert "vector store" in found(down, Pages(0, 5, 1), only_valid=False)
    assert "vector store" not in found(up, Pages(0, 5, 1), only_valid=False)


def test_numbers_out_of_range_keep_their_bars_within_it() -> None:
    odd = Hit(HIT.passage, 1.5, lexical=-1.0, dense=-0.2, rerank=1.7)
    page = found(SearchTrace("deliver", "deliver", (odd,)), Pages(0, 5, 1), only_valid=False)
    assert "width: -" not in page
    assert "width: 1" in page
    assert all(f"width: {over}" not in page for over in (150, 170))


def test_pages_are_counted_from_one_and_never_none() -> None:
    assert Pages(0, 5, 0).count == 1
    assert [Pages(0, 5, hits).count for hits in (1, 5, 6, 20)] == [1, 1, 2, 4]
    assert Pages(0, 5, 6).at(9).number == 1
    assert Pages(0, 5, 6).at(-9).number == 0
