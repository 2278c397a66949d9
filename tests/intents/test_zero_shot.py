from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from munshi.intents.base import IntentError
from munshi.intents.examples import Examples
from munshi.intents.metrics import auroc
from munshi.intents.registry import Training
from munshi.intents.zero_shot import PRIOR, ZeroShotClassifier, train
from munshi.intents.zero_shot_file import FILE
from munshi.knowledge.base import Encoder
from tests.intents.contract import ClassifierContract, Train

ASKED = ("where is my order now", "what does a battery cost", "when are you open", "i want to give it back")
WANTED = ("order_status", "check_price", "opening_hours", "return_part")
ELSEWHERE = ("who won the cricket match", "write me a poem", "kal barish hogi kya", "capital of france", "2 + 2")


class TestByDescription(ClassifierContract):
    @pytest.fixture(scope="class", params=[True, False], ids=["encoder", "no encoder"])
    @classmethod
    def train(cls, request: pytest.FixtureRequest, encoder: Encoder) -> Train:
        training = Training(encoder if request.param else None)
        return lambda examples: train(examples, training)


@pytest.fixture(scope="module")
def described(shop: Examples) -> Examples:
    """The shop's intents without a single example."""
    return Examples((), (), descriptions=shop.descriptions)


@pytest.fixture(scope="module", params=[True, False], ids=["encoder", "no encoder"])
def sight(request: pytest.FixtureRequest, encoder: Encoder) -> Encoder | None:
    return encoder if request.param else None


def test_a_description_is_enough(described: Examples, sight: Encoder | None) -> None:
    made = ZeroShotClassifier.fit(described, sight)
    assert tuple(prediction.intent for prediction in made.classify(ASKED)) == WANTED


def test_what_is_out_of_scope_scores_lower(described: Examples, sight: Encoder | None) -> None:
    made = ZeroShotClassifier.fit(described, sight)
    inside = [prediction.in_scope for prediction in made.classify(ASKED)]
    outside = [prediction.in_scope for prediction in made.classify(ELSEWHERE)]
    assert auroc(inside, outside) > 0.9


def test_examples_change_no_ranking(shop: Examples, described: Examples, sight: Encoder | None) -> None:
    bare = ZeroShotClassifier.fit(described, sight)
    taught = ZeroShotClassifier.fit(replace(shop, texts=shop.texts * 2, labels=shop.labels * 2), sight)
    texts = [*ASKED, *ELSEWHERE, *shop.texts]
    orders = [[[name for name, _ in made.ranked] for made in each.classify(texts)] for each in (bare, taught)]
    assert orders[0] == orders[1]


def test_examples_calibrate(shop: Examples, described: Examples, encoder: Encoder) -> None:
    texts, labels = shop.texts * 2, shop.labels * 2
    honest = ZeroShotClassifier.fit(replace(shop, texts=texts, labels=labels), encoder)
    # The same texts under labels that have nothing to do with them: the classifier must learn to doubt itself.
    wrong = ZeroShotClassifier.fit(replace(shop, texts=texts, labels=labels[7:] + labels[:7]), encoder)
    confident = [prediction.confidence for prediction in honest.classify(ASKED)]
    doubting = [prediction.confidence for prediction in wrong.classify(ASKED)]
    assert all(low < high for low, high in zip(doubting, confident, strict=True))


def test_too_few_examples_leave_the_prior(shop: Examples, encoder: Encoder) -> None:
    few = ZeroShotClassifier.fit(shop, encoder).thresholds
    assert (few.in_scope, few.clarify) == (PRIOR.thresholds.in_scope, PRIOR.thresholds.clarify)
    # What may run without asking cannot be told from a handful of texts.
    assert all(few.accept[intent] > 1 for intent in shop.intents)


def test_a_label_of_blank_texts_is_no_intent(shop: Examples) -> None:
    more = replace(shop, texts=shop.texts * 2 + (" ",), labels=(*shop.labels * 2, "blank"))
    assert ZeroShotClassifier.fit(more, None).intents == shop.intents


def test_an_intent_may_have_a_description_only(shop: Examples, encoder: Encoder) -> None:
    more = replace(shop, descriptions={**shop.descriptions, "find_job": "The customer is looking for work."})
    made = ZeroShotClassifier.fit(more, encoder).classify(["do you have work for me, i need a job"])[0]
    assert made.intent == "find_job"


def test_texts_are_prepared_on_both_sides(described: Examples) -> None:
    made = ZeroShotClassifier.fit(described, None, prepare=lambda text: text.replace("open", "khula"))
    assert made.classify(["khula hai kya"])[0].intent == "opening_hours"


def test_a_classifier_that_is_kept_is_the_same(shop: Examples, sight: Encoder | None, tmp_path: Path) -> None:
    made = ZeroShotClassifier.fit(replace(shop, texts=shop.texts * 2, labels=shop.labels * 2), sight)
    made.save(tmp_path / "model")
    again = ZeroShotClassifier.load(tmp_path / "model", sight)
    assert again.classify([*ASKED, *ELSEWHERE]) == made.classify([*ASKED, *ELSEWHERE])
    assert again.thresholds == made.thresholds
    assert [path.name for path in (tmp_path / "model").iterdir()] == [FILE]


def test_another_encoder_does_not_go_with_it(described: Examples, encoder: Encoder, tmp_path: Path) -> None:
    ZeroShotClassifier.fit(described, encoder).save(tmp_path)
    with pytest.raises(IntentError, match="minilm"):
        ZeroShotClassifier.load(tmp_path, None)


@pytest.mark.parametrize(
    "harm", ["", "{", "[]", "{}", "null", "\ufffd", '{"version": 1, "encoder": ""}', "swapped", "cut"]
)
def test_a_damaged_file_is_told(described: Examples, tmp_path: Path, harm: str) -> None:
    ZeroShotClassifier.fit(described, None).save(tmp_path)
    content = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    if harm == "swapped":
        harm = json.dumps({**content, "calibration": {"temperature": "hot", "scope": [], "thresholds": 1}})
    if harm == "cut":
        harm = json.dumps({**content, "wanted": {**content["wanted"], "names": []}})
    (tmp_path / FILE).write_text(harm, encoding="utf-8")
    with pytest.raises(IntentError, match="train"):
        ZeroShotClassifier.load(tmp_path, None)


def test_what_is_missing_or_cannot_be_written_is_told(described: Examples, tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="train"):
        ZeroShotClassifier.load(tmp_path / "nowhere", None)
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(IntentError, match="kept"):
        ZeroShotClassifier.fit(described, None).save(tmp_path / "file")
