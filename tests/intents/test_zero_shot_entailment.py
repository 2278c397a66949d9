from __future__ import annotations

import sys
from pathlib import Path

import pytest

from munshi.intents.base import IntentError
from munshi.intents.examples import Examples
from munshi.intents.registry import Training, factory


def test_what_must_be_installed_is_told(shop: Examples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text("{}")
    for missing in ("torch", "transformers"):
        monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(IntentError, match=r"munshi\[train\]"):
        factory("zero_shot_entailment")(shop, Training(base=tmp_path))


def test_a_missing_base_is_told_first(shop: Examples) -> None:
    with pytest.raises(IntentError, match="NLI model"):
        factory("zero_shot_entailment")(shop, Training())
