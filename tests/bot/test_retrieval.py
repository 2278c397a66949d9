"""What a pack's `retrieval:` changes in how its papers are cut, indexed and searched."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from munshi.bot.business import Business, check_business, load_business
from munshi.bot.retrieval import chunk_settings, costly_reranker, lexical_settings, search_settings
from munshi.bot.scaffold import create_pack
from munshi.knowledge.base import KnowledgeError
from munshi.knowledge.chunking import ChunkSettings
from munshi.knowledge.lexical import LexicalSettings
from munshi.knowledge.rerankers import RerankerParts
from munshi.knowledge.search_settings import SearchSettings

ALL = {
    "fusion": "rrf", "alpha": 0.4, "rrf_k": 30, "method": "bm25+", "k1": 0.9, "b": 0.3, "delta": 1, "title_weight": 3,
    "heading_weight": 0, "candidates": 50, "shortlist": 10, "rerank": False, "margin": 0.2, "max_words": 80,
    "maxsim_weight": 0.4, "expand": False, "exact": False, "conflicts": False, "cache": 0,
    "synonyms": [["eraser", "rubber"]],
}  # fmt: skip


def shop(folder: Path, retrieval: object) -> Business:
    made = create_pack(folder / "shop", name=None)
    file = made / "business.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump({**data, "retrieval": retrieval}, allow_unicode=True), encoding="utf-8")
    return load_business(made)


@pytest.mark.parametrize("nothing", [None, {}])
def test_what_is_left_out_keeps_its_default(tmp_path: Path, nothing: object) -> None:
    business = shop(tmp_path, nothing)
    assert search_settings(business) == SearchSettings()
    assert lexical_settings(business) == LexicalSettings()
    assert chunk_settings(business) == ChunkSettings()


def test_every_setting_arrives(tmp_path: Path) -> None:
    business = shop(tmp_path, ALL)
    assert check_business(business.folder) == []
    assert lexical_settings(business) == LexicalSettings(k1=0.9, b=0.3, method="bm25+", delta=1, title=3, heading=0)
    assert chunk_settings(business).max_words == 80
    assert search_settings(business) == SearchSettings(
        fusion="rrf", alpha=0.4, rrf_k=30, candidates=50, shortlist=10, rerank=False, margin=0.2, expand=False,
        maxsim_weight=0.4, exact=False, conflicts=False, cache=0, synonyms=(("eraser", "rubber"),),
    )  # fmt: skip
    assert search_settings(business, alpha=1.0).alpha == 1


def test_a_costly_reranker_is_opened_where_one_is_named(tmp_path: Path) -> None:
    parts = RerankerParts(tmp_path)
    assert costly_reranker(shop(tmp_path / "a", {"reranker": "maxsim"}), parts) is None
    none = shop(tmp_path / "b", {"reranker": "none"})
    assert costly_reranker(none, parts) is None
    assert not search_settings(none).rerank
    with pytest.raises(KnowledgeError, match="language model"):
        costly_reranker(shop(tmp_path / "c", {"reranker": "listwise"}), parts)


def test_papers_that_disagree_are_told_of(tmp_path: Path) -> None:
    business = shop(tmp_path, {})
    for name, sum_ in (("old.md", "₹3,000"), ("new.md", "₹1,000")):
        day = "valid_from: 2026-01-01\n" if name == "new.md" else ""
        text = f"---\ntitle: Gift cards\n{day}---\n\nThe largest gift card is {sum_}.\n"
        (business.folder / "knowledge" / name).write_text(text, encoding="utf-8")
    (fault,) = [fault for fault in check_business(business.folder) if "contradicted" in fault.message]
    assert (fault.severity, fault.file) == ("warning", "knowledge/old.md")
    assert "₹3,000" in fault.message
    assert "₹1,000" in fault.message
