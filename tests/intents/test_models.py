"""Trained models as versions: whole or not there, measured on what they were not taught, promoted only when as good."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from munshi.intents.base import IntentError, TrainingDataError
from munshi.intents.examples import Examples
from munshi.intents.models import ModelStore, Version
from munshi.intents.models_gate import RefusedError, compare, promote
from munshi.intents.models_held_out import HeldOut, data_hash, fold, without
from munshi.intents.models_train import Lesson, train_into, train_to
from munshi.intents.registry import Training

ASKED = Examples(
    ("where has my order got to", "what is the price of a clutch", "till when are you open", "i want a refund for it"),
    ("order_status", "check_price", "opening_hours", "return_part"),
)


def lesson(examples: Examples, **changes: object) -> Lesson:
    """A few-shot classifier on words alone."""
    made = Lesson("few_shot", examples, Training(), lambda _text: "en", command="munshi train intents")
    return replace(made, **changes)


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


@pytest.fixture
def good(store: ModelStore, shop: Examples) -> Version:
    return train_into(store, lesson(shop, test=ASKED))


@pytest.fixture
def poor(store: ModelStore, shop: Examples) -> Version:
    """One that learnt every intent under another's name, so that it is wrong about all that is asked."""
    names = shop.intents
    other = dict(zip(names, (*names[1:], names[0]), strict=True))
    return train_into(store, lesson(replace(shop, labels=tuple(other[label] for label in shop.labels)), test=ASKED))


def test_a_version_says_what_it_was_made_from_and_answers_as_it_did(store: ModelStore, shop: Examples) -> None:
    version = train_into(store, lesson(shop))
    made = version.manifest
    assert made.labels == Counter(shop.labels)
    assert made.data_sha256 == data_hash(shop)
    assert (made.recipe.classifier, made.encoder, made.held_out.method) == ("few_shot", "none", "cross-validation")
    assert made.held_out.figures is not None
    assert made.held_out.figures.tested == len(shop.texts)
    assert version.examples() == shop
    again = Version.read(version.folder)
    assert again == version
    first, second = (again.load(Training()).classify(shop.texts) for _ in range(2))
    assert first == second
    assert sum(one.intent == label for one, label in zip(first, shop.labels, strict=True)) > 0.9 * len(shop.labels)


def test_the_card_names_every_intent_and_every_figure(good: Version, shop: Examples) -> None:
    card = good.card()
    assert good.manifest.held_out.figures is not None
    assert all(label in card for label in shop.intents)
    assert f"{good.manifest.held_out.figures.mcc:.4f}" in card
    assert good.manifest.data_sha256 in card
    assert good.manifest.command in card


def test_every_version_is_listed_and_none_is_in_use_by_itself(store: ModelStore, good: Version, poor: Version) -> None:
    assert set(store.names()) == {good.manifest.version, poor.manifest.version}
    assert store.current() is None


def test_the_hash_of_the_data_knows_its_content_not_its_order(shop: Examples) -> None:
    turned = replace(shop, texts=shop.texts[::-1], labels=shop.labels[::-1])
    assert data_hash(turned) == data_hash(shop)
    assert data_hash(replace(shop, labels=shop.labels[::-1])) != data_hash(shop)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "A", "b", "c d", "c  D", "e", "f", "ग", "h"]), st.sampled_from("xyz")),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 7),
    st.integers(0, 3),
)
@settings(max_examples=80)
def test_no_text_is_held_out_and_taught_at_once(rows: list[tuple[str, str]], folds: int, seed: int) -> None:
    examples = Examples(tuple(text for text, _ in rows), tuple(label for _, label in rows))
    held_out = HeldOut.from_examples(examples, folds=folds, seed=seed)
    tested = [fold(text) for part in held_out.parts for text in set(map(fold, part.texts))]
    assert len(tested) == len(set(tested))
    for part in held_out.parts:
        assert part.texts
        assert not {fold(text) for text in part.texts} & {fold(text) for text in without(examples, (part,)).texts}
    assert bool(held_out.parts) or held_out.note
    assert HeldOut.from_json(json.loads(json.dumps(held_out.to_json()))) == held_out


def test_each_example_is_held_out_once_and_every_intent_in_every_fold(shop: Examples) -> None:
    held_out = HeldOut.from_examples(shop, folds=5)
    assert Counter(text for part in held_out.parts for text in part.texts) == Counter(shop.texts)
    assert all(set(part.labels) == set(shop.labels) for part in held_out.parts)
    assert len(HeldOut.from_examples(shop, folds=1).parts) == 1


def test_texts_out_of_scope_are_held_out_too_and_measured(store: ModelStore, shop: Examples) -> None:
    outside = ("tell me a joke", "who won the match", "बारिश होगी क्या", "sing a song", "what is love", "book a flight")
    figures = train_into(store, lesson(replace(shop, out_of_scope=outside))).manifest.held_out.figures
    assert figures is not None
    assert (figures.tested, figures.out_of_scope) == (len(shop.texts) + len(outside), len(outside))
    assert figures.auroc is not None
    assert figures.oos_recall is not None


def test_a_test_text_that_is_among_the_examples_is_not_measured_on(shop: Examples) -> None:
    asked = Examples((*ASKED.texts, shop.texts[0].upper()), (*ASKED.labels, shop.labels[0]))
    assert HeldOut.from_test(asked, shop).parts == (ASKED,)
    assert HeldOut.from_test(shop, shop).parts == ()


def test_one_example_an_intent_gives_no_figures_and_says_so(store: ModelStore, shop: Examples) -> None:
    version = train_into(store, lesson(shop.sample(1, seed=0)))
    assert version.manifest.held_out.figures is None
    assert version.manifest.held_out.note in version.card()
    with pytest.raises(RefusedError):
        promote(store, version.manifest.version, shop, Training())
    change = promote(store, version.manifest.version, shop, Training(), force="the shop is new")
    assert (store.current(), change.reason) == (version.manifest.version, "the shop is new")


def test_a_test_set_with_an_unknown_label_is_refused_before_training(store: ModelStore, shop: Examples) -> None:
    with pytest.raises(TrainingDataError, match="weather"):
        train_into(store, lesson(shop, test=Examples(("is it hot",), ("weather",))))
    assert store.names() == []


@pytest.mark.parametrize("label", ["ऑर्डर कहाँ है", "a|b\nc", "👍", "../up", "'; --"])
def test_any_label_is_kept_as_it_is(store: ModelStore, label: str) -> None:
    texts = ("one two", "two three", "three one", "red green", "green blue", "blue red")
    version = train_into(store, lesson(Examples(texts, (label,) * 3 + ("plain",) * 3)))
    assert version.manifest.labels[label] == 3
    assert version.load(Training()).classify(["one two"])[0].intent == label
    table = [line for line in version.card().splitlines() if line.endswith("| 3 |")]
    assert len(table) == 2


@pytest.mark.parametrize("name", ["weights/few_shot.safetensors", "examples.json", "held_out.json"])
def test_a_changed_or_missing_file_is_refused_by_its_hash(store: ModelStore, good: Version, name: str) -> None:
    path = good.folder / name
    path.write_bytes(path.read_bytes().replace(b"e", b"f", 1))
    with pytest.raises(IntentError, match=path.name):
        good.load(Training())
    with pytest.raises(IntentError, match=path.name):
        store.promote(good.manifest.version)
    path.unlink()
    with pytest.raises(IntentError, match=path.name):
        good.examples()


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "not json", '{"format": 99, "digest": ""}', "\ud83d"])
def test_a_damaged_description_is_refused(store: ModelStore, good: Version, text: str) -> None:
    (good.folder / "model.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(IntentError, match=r"model\.json"):
        store.version(good.manifest.version)


def test_figures_edited_by_hand_are_found_out(store: ModelStore, good: Version) -> None:
    path = good.folder / "model.json"
    value = json.loads(path.read_text(encoding="utf-8"))
    value["held_out"]["figures"]["accuracy"] = 1.5
    path.write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(IntentError, match=r"model\.json"):
        store.version(good.manifest.version)


@pytest.mark.parametrize("name", ["", ".", "..", "../models", "current", "x" * 5000, "20261121-153042-few_shot-ab12cd"])
def test_a_name_that_is_none_is_refused_in_one_short_line(store: ModelStore, good: Version, name: str) -> None:
    with pytest.raises(IntentError) as caught:
        store.version(name)
    assert len(str(caught.value)) < 300
    assert good.manifest.version in str(caught.value)


def test_what_a_crash_left_is_no_version_and_goes_with_the_next(store: ModelStore, shop: Examples) -> None:
    left = store.folder / ".new-1234"
    half = store.folder / "20261121-153042-few_shot-ab12cd"
    for folder in (left, half):
        (folder / "weights").mkdir(parents=True)
    assert store.names() == []
    version = train_into(store, lesson(shop, test=ASKED))
    assert store.names() == [version.manifest.version]
    assert not left.exists()


def test_a_failure_while_writing_leaves_nothing(store: ModelStore) -> None:
    def fails(folder: Path) -> None:
        (folder / "weights").mkdir()
        raise OSError(28, "No space left on device")

    with pytest.raises(IntentError, match="No space left"):
        store.add("20261121-153042-few_shot-ab12cd", fails)
    assert [path.name for path in store.folder.iterdir() if path.name != ".lock"] == []


def test_a_stop_midway_leaves_no_version(store: ModelStore, shop: Examples) -> None:
    def stop(text: str) -> None:
        if text.startswith("Part 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_into(store, lesson(shop, training=Training(progress=stop)))
    assert store.names() == []


def test_writers_at_once_do_not_clash(store: ModelStore, shop: Examples) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda seed: train_into(store, lesson(shop.sample(4, seed=seed), test=ASKED)), range(8)))
        names = [version.manifest.version for version in made]
        list(pool.map(lambda name: ModelStore(store.folder).promote(name), names))
    assert sorted(names) == sorted(store.names())
    history = store.history()
    assert sorted(change.target or "" for change in history) == sorted(names)
    assert [change.source for change in history] == [None, *(change.target for change in history[:-1])]
    assert store.current() == history[-1].target
    for version in made:
        version.verify()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, shop: Examples) -> None:
    blocked = tmp_path / "models"
    blocked.write_text("a file", encoding="utf-8")
    with pytest.raises(IntentError, match="models"):
        train_into(ModelStore(blocked), lesson(shop, test=ASKED))


def test_a_worse_model_is_refused_naming_what_fell(store: ModelStore, good: Version, poor: Version, shop) -> None:
    promote(store, good.manifest.version, shop, Training())
    with pytest.raises(RefusedError, match=r"accuracy falls by \d\.\d+ .*macro_f1.*mcc"):
        promote(store, poor.manifest.version, shop, Training())
    assert store.current() == good.manifest.version
    promote(store, poor.manifest.version, shop, Training(), force="only for a day")
    last = store.history()[-1]
    assert (last.reason, len(last.falls)) == ("only for a day", 3)
    assert last.figures["current"]["accuracy"] > last.figures["candidate"]["accuracy"]


def test_a_fall_within_the_tolerance_passes(store: ModelStore, good: Version, poor: Version, shop: Examples) -> None:
    comparison = compare(store, poor, shop, Training())
    assert comparison.falls
    assert replace(comparison, tolerance=1.9).falls == ()
    assert not compare(store, good, shop, Training()).falls


def test_what_cannot_be_compared_is_promoted_by_force_alone(store, good: Version, poor: Version, shop) -> None:
    store.promote(poor.manifest.version)
    (poor.folder / "examples.json").unlink()
    with pytest.raises(RefusedError, match=r"examples\.json.*--force"):
        promote(store, good.manifest.version, shop, Training())
    promote(store, good.manifest.version, shop, Training(), force="the other one is broken")
    assert store.current() == good.manifest.version


def test_without_a_model_the_packs_own_fit_is_the_baseline(store: ModelStore, poor: Version, shop: Examples) -> None:
    with pytest.raises(RefusedError):
        promote(store, poor.manifest.version, shop, Training())
    assert store.current() is None


def test_a_current_model_that_was_taught_the_test_is_measured_without_it(store: ModelStore, shop: Examples) -> None:
    """Else it would know the answers by heart, and nothing honest could take over from it."""
    taught = Examples((*shop.texts, *ASKED.texts), (*shop.labels, *ASKED.labels), (), shop.descriptions)
    current = train_into(store, lesson(taught))
    store.promote(current.manifest.version)
    candidate = train_into(store, lesson(shop, test=ASKED))
    comparison = compare(store, candidate, shop, Training())
    assert comparison.current == comparison.candidate
    promote(store, candidate.manifest.version, shop, Training())
    assert store.current() == candidate.manifest.version


def test_a_model_that_knows_a_new_intent_beats_one_that_does_not(store: ModelStore, shop: Examples) -> None:
    old = train_into(store, lesson(without(shop, (Examples(shop.texts[:7], shop.labels[:7]),))))
    store.promote(old.manifest.version)
    new = train_into(store, lesson(shop))
    promote(store, new.manifest.version, shop, Training())
    assert store.current() == new.manifest.version


def test_a_model_with_an_intent_that_the_pack_lacks_is_refused(store: ModelStore, good: Version, shop) -> None:
    smaller = Examples(shop.texts[7:], shop.labels[7:])
    with pytest.raises(IntentError, match=shop.labels[0]):
        promote(store, good.manifest.version, smaller, Training(), force="no way round")


def test_rolling_back_goes_the_way_that_was_come(store: ModelStore, shop: Examples) -> None:
    first, second, third = (train_into(store, lesson(shop, test=ASKED)).manifest.version for _ in range(3))
    for name in (first, second, third, first):
        store.promote(name)
    assert [store.rollback().target for _ in range(2)] == [third, second]
    store.promote(third)
    assert [store.rollback().target for _ in range(3)] == [second, first, None]
    assert store.current() is None
    with pytest.raises(IntentError):
        store.rollback()


def test_a_promotion_that_a_crash_cut_off_never_was(store: ModelStore, good: Version, poor: Version) -> None:
    store.promote(good.manifest.version)
    before = (store.folder / "current").read_text(encoding="utf-8")
    store.promote(poor.manifest.version)
    (store.folder / "current").write_text(before, encoding="utf-8")
    assert [change.target for change in store.history()] == [good.manifest.version]
    assert store.rollback().target is None


def test_rolling_back_to_a_damaged_version_is_refused(store: ModelStore, good: Version, poor: Version) -> None:
    store.promote(good.manifest.version)
    store.promote(poor.manifest.version)
    (good.folder / "examples.json").write_text("{}", encoding="utf-8")
    with pytest.raises(IntentError, match="examples"):
        store.rollback()
    assert store.current() == poor.manifest.version


@pytest.mark.parametrize("line", ["not json", "[]", "{}", '{"falls": 3}'])
def test_a_damaged_history_is_named(store: ModelStore, good: Version, line: str) -> None:
    store.folder.mkdir(exist_ok=True)
    (store.folder / "promotions.jsonl").write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(IntentError, match="promotions"):
        store.promote(good.manifest.version)


def test_a_folder_of_its_own_must_be_new_or_hold_a_stopped_training(tmp_path: Path, shop: Examples) -> None:
    folder = tmp_path / "mine"
    (folder / ".work").mkdir(parents=True)
    made = train_to(folder, lesson(shop, test=ASKED))
    assert Version.read(folder) == made
    assert not (folder / ".work").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(IntentError, match="not empty"):
        train_to(folder, lesson(shop, test=ASKED))
    (tmp_path / "file").touch()
    with pytest.raises(IntentError, match="file"):
        train_to(tmp_path / "file", lesson(shop, test=ASKED))
