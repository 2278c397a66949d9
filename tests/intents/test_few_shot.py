from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from munshi.intents.base import Intent, IntentError, TrainingDataError
from munshi.intents.examples import Examples
from munshi.intents.few_shot import FewShotClassifier
from munshi.intents.few_shot_file import FILE
from munshi.intents.few_shot_fit import MAX_TEXTS
from munshi.intents.metrics import auroc
from munshi.knowledge.base import Encoder, EncoderError, States, layered

ASKED = ("has my parcel left yet", "what do you charge for a clutch", "open tomorrow?", "i dont want it, take it back")
WANTED = ("order_status", "check_price", "opening_hours", "return_part")
ELSEWHERE = ("who won the cricket match", "write me a poem", "kal barish hogi kya", "capital of france", "2 + 2")


class SentencesOnly:
    """Another encoder under a name of its own, which cannot be looked into; and how many texts it was asked for."""

    has_tokens = False

    def __init__(self, encoder: Encoder, name: str) -> None:
        self.name = name
        self.dim = encoder.dim
        self.asked = 0
        self._encoder = encoder

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        return self._encoder.encode(texts)

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        raise EncoderError("sentences only")


class CountingEncoder(SentencesOnly):
    """The same that can be looked into."""

    has_states = True

    def __init__(self, encoder: Encoder, name: str | None = None) -> None:
        super().__init__(encoder, name or encoder.name)
        inner = layered(encoder)
        assert inner
        self._inner = inner

    def encode_states(self, texts: Sequence[str]) -> list[States]:
        self.asked += len(texts)
        return self._inner.encode_states(texts)

    def token_ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        return self._inner.token_ids(texts)


@pytest.fixture(scope="module")
def trained(shop: Examples, encoder: Encoder) -> FewShotClassifier:
    return FewShotClassifier.fit(shop, encoder)


def test_it_understands_what_it_was_not_taught(trained: FewShotClassifier) -> None:
    assert tuple(made.intent for made in trained.classify(ASKED)) == WANTED


def test_what_is_out_of_scope_scores_lower(trained: FewShotClassifier) -> None:
    inside = [made.in_scope for made in trained.classify(ASKED)]
    outside = [made.in_scope for made in trained.classify(ELSEWHERE)]
    assert auroc(inside, outside) > 0.9


def test_without_an_encoder_words_must_do(shop: Examples) -> None:
    words = FewShotClassifier.fit(shop, None)
    asked = ("where is the order", "brak pad prise", "kab khulti hai", "wapas karna")
    assert tuple(made.intent for made in words.classify(asked)) == WANTED


def test_sentence_vectors_alone_do(shop: Examples, encoder: Encoder, tmp_path: Path) -> None:
    remote = SentencesOnly(encoder, "remote")
    plain = FewShotClassifier.fit(shop, remote)
    assert tuple(made.intent for made in plain.classify(ASKED)) == WANTED
    plain.save(tmp_path)
    assert FewShotClassifier.load(tmp_path, remote).classify(ASKED) == plain.classify(ASKED)


def test_a_message_is_passed_over_once(trained: FewShotClassifier, encoder: Encoder, tmp_path: Path) -> None:
    trained.save(tmp_path)
    counting = CountingEncoder(encoder)
    FewShotClassifier.load(tmp_path, counting).classify(ASKED)
    assert counting.asked == len(ASKED)


def test_intents_are_taken_as_they_stand_in_a_pack(
    intents: tuple[Intent, ...], shop: Examples, encoder: Encoder, trained: FewShotClassifier
) -> None:
    assert FewShotClassifier.fit(intents, encoder).classify(ASKED) == trained.classify(ASKED)


def test_a_name_and_a_description_teach_too(encoder: Encoder) -> None:
    bare = Examples(("qwe", "rty"), ("opening_hours", "x17"), descriptions={"x17": "The customer wants a refund."})
    taught = FewShotClassifier.fit(bare, encoder)
    assert [made.intent for made in taught.classify(["what are your opening hours", "refund me"])] == [
        "opening_hours",
        "x17",
    ]


def test_texts_are_prepared_on_both_sides(shop: Examples, encoder: Encoder) -> None:
    def mirrored(text: str) -> str:
        return text[::-1]

    turned = Examples(tuple(map(mirrored, shop.texts)), shop.labels)
    plain = FewShotClassifier.fit(Examples(shop.texts, shop.labels), encoder).classify(ASKED)
    # The names are words of their own, prepared like any other text, so the two are alike but not the same.
    taught = FewShotClassifier.fit(turned, encoder, prepare=mirrored).classify(tuple(map(mirrored, ASKED)))
    assert [made.intent for made in taught] == [made.intent for made in plain]


def test_a_classifier_that_is_kept_is_the_same(trained: FewShotClassifier, encoder: Encoder, tmp_path: Path) -> None:
    trained.save(tmp_path / "model")
    again = FewShotClassifier.load(tmp_path / "model", encoder)
    assert again.classify(ASKED) == trained.classify(ASKED)
    assert again.thresholds == trained.thresholds
    assert again.intents == trained.intents


def test_another_encoder_does_not_go_with_it(trained: FewShotClassifier, encoder: Encoder, tmp_path: Path) -> None:
    trained.save(tmp_path)
    for other in (None, CountingEncoder(encoder, name="other")):
        with pytest.raises(IntentError, match="encoder"):
            FewShotClassifier.load(tmp_path, other)


def test_too_many_examples_are_refused_before_any_work(encoder: Encoder) -> None:
    counting = CountingEncoder(encoder)
    with pytest.raises(TrainingDataError, match="sample"):
        FewShotClassifier.fit(Examples(("a",) * (MAX_TEXTS + 1), ("x",) * (MAX_TEXTS + 1)), counting)
    assert counting.asked == 0


def test_known_texts_out_of_scope_are_heeded(shop: Examples, encoder: Encoder, trained: FewShotClassifier) -> None:
    noise = tuple(f"where is my {thing}" for thing in ("cat", "mother", "mind", "hat", "phone", "friend", "key", "pen"))
    told = FewShotClassifier.fit(replace(shop, out_of_scope=noise), encoder)
    made, before = told.classify(["where is my dog"])[0], trained.classify(["where is my dog"])[0]
    assert made.in_scope < min(before.in_scope, told.thresholds.in_scope)
    assert told.intents == trained.intents
    assert tuple(made.intent for made in told.classify(ASKED)) == WANTED


# The cache


def open_cached(
    shop: Examples, encoder: Encoder | None, cache: Path, prepare: Callable[[str], str] = str
) -> tuple[FewShotClassifier, list[str]]:
    """The classifier, and what the progress was told: nothing where the cache served."""
    said: list[str] = []
    return FewShotClassifier.load_or_fit(shop, encoder, cache=cache, prepare=prepare, progress=said.append), said


def test_nothing_is_learnt_twice(shop: Examples, encoder: Encoder, trained: FewShotClassifier, tmp_path: Path) -> None:
    counting = CountingEncoder(encoder)
    first, said = open_cached(shop, counting, tmp_path)
    assert said
    learnt = counting.asked
    second, said = open_cached(shop, counting, tmp_path)
    assert not said
    assert counting.asked == learnt
    assert first.classify(ASKED) == second.classify(ASKED) == trained.classify(ASKED)


def test_any_change_is_learnt_anew(shop: Examples, encoder: Encoder, tmp_path: Path) -> None:
    changed = Examples(("where is my parcel", *shop.texts[1:]), shop.labels)
    relabelled = Examples(shop.texts, ("return_part", *shop.labels[1:]), descriptions=shop.descriptions)
    redescribed = Examples(shop.texts, shop.labels, descriptions={})
    for examples in (shop, changed, relabelled, redescribed):
        assert open_cached(examples, encoder, tmp_path)[1]
    for other in (CountingEncoder(encoder, name="other"), None):
        assert open_cached(shop, other, tmp_path)[1]
    assert open_cached(shop, encoder, tmp_path, str.upper)[1]
    assert not open_cached(shop, encoder, tmp_path, str.upper)[1]


def test_another_false_accept_rate_is_learnt_anew(shop: Examples, tmp_path: Path) -> None:
    def thresholds(rate: float) -> dict[str, float]:
        made = FewShotClassifier.load_or_fit(shop, None, cache=tmp_path, false_accept=rate)
        assert FewShotClassifier.load(tmp_path, None).thresholds == made.thresholds
        return dict(made.thresholds.accept)

    strict, lax = thresholds(0.001), thresholds(0.1)
    assert strict.keys() == lax.keys() == set(WANTED)
    assert all(value > 1 for value in strict.values())  # two dozen other texts cannot support it
    assert all(value < 1 for value in lax.values())


def damaged(path: Path) -> dict[str, bytes]:
    whole = path.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    return {
        "empty": b"",
        "cut": whole[:middle],
        "flipped": flipped,
        "rubbish": b"\x80\x04." * 100,
        "longer": whole + b"x",
    }


@pytest.mark.parametrize("harm", ["empty", "cut", "flipped", "rubbish", "longer"])
def test_a_damaged_cache_is_made_again(
    shop: Examples, encoder: Encoder, trained: FewShotClassifier, tmp_path: Path, harm: str
) -> None:
    open_cached(shop, encoder, tmp_path)
    (tmp_path / FILE).write_bytes(damaged(tmp_path / FILE)[harm])
    mended, said = open_cached(shop, encoder, tmp_path)
    assert said
    assert mended.classify(ASKED) == trained.classify(ASKED)
    assert not open_cached(shop, encoder, tmp_path)[1]
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_file_that_lies_about_itself_is_refused(trained: FewShotClassifier, encoder: Encoder, tmp_path: Path) -> None:
    trained.save(tmp_path)
    arrays = load_file(tmp_path / FILE)
    for metadata in (None, {"header": "{}", "digest": "0"}, {"header": json.dumps([1]), "digest": "x"}):
        save_file(arrays, tmp_path / FILE, metadata)
        with pytest.raises(IntentError, match="train"):
            FewShotClassifier.load(tmp_path, encoder)


def test_what_is_missing_is_told(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="train"):
        FewShotClassifier.load(tmp_path / "nowhere", encoder)


def test_a_folder_that_cannot_be_written_costs_only_the_cache(shop: Examples, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    made, said = open_cached(shop, None, blocked / "cache")
    assert len(said) == 2
    assert made.classify(["where is my order"])[0].intent == "order_status"
    with pytest.raises(IntentError, match="kept"):
        made.save(blocked / "cache")


def test_a_start_from_the_cache_imports_no_fitting_library(shop: Examples, tmp_path: Path) -> None:
    open_cached(shop, None, tmp_path)
    code = (
        "import sys; from pathlib import Path; from munshi.intents.few_shot import FewShotClassifier;"
        f"c = FewShotClassifier.load(Path({str(tmp_path)!r}), None);"
        "assert c.classify(['where is my order'])[0].intent == 'order_status';"
        "assert not {'scipy', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
