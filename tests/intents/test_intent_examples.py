from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.intents.base import Intent, TrainingDataError
from munshi.intents.examples import Examples, read_examples
from munshi.intents.support import Support, words_of
from munshi.intents.trial import OUTSIDE


def write(folder: Path, content: str | bytes, name: str = "set.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "text,category\nhello,greeting\nmera order?,order\n",
        "sentence;label\nhello;greeting\nmera order?;order\n",
        "id\tIntent\tQuery\n1\tgreeting\thello\n2\torder\tmera order?\n",
        "\ufefftext,label\r\nhello,greeting\r\n\r\n  ,  \r\nmera order?,order\r\n",
        '"text","label"\n"hello","greeting"\n" mera order? "," order "\n',
        "\n\ntext,label\nhello,greeting\nmera order?,order",
    ],
)
def test_columns_are_found_by_name(tmp_path: Path, content: str) -> None:
    found = read_examples(write(tmp_path, content))
    assert found == Examples(("hello", "mera order?"), ("greeting", "order"))


def test_a_cell_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    found = read_examples(write(tmp_path, 'text,label\n"hello, ""you""\nthere",greeting\n'))
    assert found.texts == ('hello, "you"\nthere',)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("text,label\n", "no rows"),
        ("text,other\nhello,greeting\n", "label"),
        ("words,label\nhello,greeting\n", "text"),
        ("text,label\nhello,greeting\nmera order?\n", "line 3.*label"),
        ("text,label\n,greeting\n", "line 2.*text"),
        ("text,label\n" + "x" * 200_000 + ",greeting\n", "line 2"),
        ("text,label\nकब,x\n".encode("utf-16"), "UTF-8"),
        (b"text,label\ncaf\xe9,x\n", "UTF-8"),
        (b"\x00\xff\xd8\xff" * 30, "UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, content: str | bytes, told: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(TrainingDataError, match=f"(?s){path.name}.*{told}"):
        read_examples(path)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TrainingDataError, match="cannot be read"):
            read_examples(path)


def test_the_public_sets_are_read(data_dir: Path) -> None:
    sofmattress = read_examples(data_dir / "hint3" / "v1" / "sofmattress_train.csv")
    assert (len(sofmattress.texts), len(sofmattress.intents)) == (328, 21)
    assert len(read_examples(data_dir / "banking77" / "train.csv").intents) == 77


def test_texts_and_labels_go_together() -> None:
    with pytest.raises(TrainingDataError, match="label"):
        Examples(("a", "b"), ("x",))


def test_a_pack_s_intents_bring_their_descriptions() -> None:
    made = Examples.from_intents(Intent(name, f"About {name}.", (f"{name} 1", f"{name} 2"), "faq") for name in "ab")
    assert made.labels == ("a", "a", "b", "b")
    assert made.descriptions == {"a": "About a.", "b": "About b."}


def test_splitting_off_moves_rows() -> None:
    whole = Examples(("a", "b", "c"), ("x", "oos", "y"), ("d",))
    split = whole.splitting_off("oos")
    assert (split.texts, split.labels, split.out_of_scope) == (("a", "c"), ("x", "y"), ("d", "b"))
    assert whole.splitting_off(None) is whole


@given(st.lists(st.sampled_from("xyz"), min_size=1, max_size=40), st.integers(1, 5), st.integers(0, 99))
def test_a_sample_holds_so_many_of_each(labels: list[str], shots: int, seed: int) -> None:
    whole = Examples(tuple(f"text {at}" for at in range(len(labels))), tuple(labels), ("elsewhere",))
    drawn = whole.sample(shots, seed=seed)
    assert Counter(drawn.labels) == {label: min(shots, count) for label, count in Counter(labels).items()}
    assert set(zip(drawn.texts, drawn.labels, strict=True)) <= set(zip(whole.texts, whole.labels, strict=True))
    assert len(set(drawn.texts)) == len(drawn.texts)
    assert drawn.out_of_scope == whole.out_of_scope
    assert drawn == whole.sample(shots, seed=seed)


def test_seeds_draw_differently() -> None:
    whole = Examples(tuple(map(str, range(100))), ("x",) * 100)
    assert whole.sample(5, seed=0) != whole.sample(5, seed=1)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("CHECK_PINCODE", "check pincode"),
        ("check-price", "check price"),
        ("FundTransfer", "fund transfer"),
        ("100_NIGHT_TRIAL_OFFER", "100 night trial offer"),
        ("reverted_card_payment?", "reverted card payment"),
        ("__", ""),
    ],
)
def test_labels_are_words(label: str, said: str) -> None:
    assert words_of(label) == said


def test_a_support_set_is_what_customers_write_then_names_then_descriptions() -> None:
    examples = Examples(("B!", " ", "A!"), ("beta", "beta", "alpha"), ("Z", ""), {"alpha": "First.", "gone": "Never."})
    support = Support.of(examples, str.lower)
    assert support.texts == ("b!", "a!", "z", "alpha", "beta", "first.")
    assert support.owners.tolist() == [1, 0, OUTSIDE, 0, 1, 0]
    assert (support.intents, support.real) == (("alpha", "beta"), 3)


def test_a_fingerprint_tells_contents_apart() -> None:
    sets = [
        Examples(("a b", "c"), ("x", "y")),
        Examples(("a", "b c"), ("x", "y")),
        Examples(("a b", "c"), ("y", "x")),
        Examples(("a b", "c"), ("x", "y"), ("d",)),
        Examples(("a b", "c"), ("x", "y"), descriptions={"x": "d"}),
    ]
    assert len({Support.of(made, str).fingerprint() for made in sets}) == len(sets)
    assert Support.of(sets[0], str).fingerprint() == Support.of(sets[0], str).fingerprint()
