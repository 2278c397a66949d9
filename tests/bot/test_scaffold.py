from __future__ import annotations

from pathlib import Path

import pytest

from munshi.bot.business import BusinessError, check_business, load_business
from munshi.bot.scaffold import TEMPLATE, create_pack


def test_a_new_pack_has_no_fault_and_can_run_at_once(tmp_path: Path) -> None:
    folder = create_pack(tmp_path / "deep" / "my-tea_shop")
    assert check_business(folder) == []
    business = load_business(folder)
    assert business.profile.name == "My tea shop"
    assert business.conversations is not None


@pytest.mark.parametrize(
    "name", ['Sharma & Sons: "Best" #1', "शर्मा जनरल स्टोर", "yes", "12", "- x", "{}", "🙂 Toys", " A\n B "]
)
def test_any_name_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    folder = create_pack(tmp_path / "shop", name=name)
    assert load_business(folder).profile.name == " ".join(name.split())


@pytest.mark.parametrize("name", ["", "  ", "x" * 121, "a\x1b[2J", "a\u202eb"])
def test_what_is_no_name_is_refused_before_anything_is_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(BusinessError, match="name"):
        create_pack(tmp_path / "shop", name=name)
    assert not (tmp_path / "shop").exists()


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(BusinessError, match="not empty"):
        create_pack(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_empty_folder_is_filled_and_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (create_pack(tmp_path / "empty") / "intents.yaml").exists()
    (tmp_path / "file").touch()
    with pytest.raises(BusinessError, match="file"):
        create_pack(tmp_path / "file")


def test_every_key_of_the_template_is_explained() -> None:
    """A line of business.yaml that sets something at the margin has a comment above it, or above its neighbour."""
    for block in (TEMPLATE / "business.yaml").read_text(encoding="utf-8").split("\n\n"):
        assert block.lstrip().startswith("#"), block
