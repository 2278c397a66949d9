"""Whether the check tells a supported sentence from one that is not, and the fit of the probability that decides it.

python -m benchmarks.support          figures on XQuAD's odd articles
python -m benchmarks.support --fit    the coefficients in munshi/knowledge/support.py, fitted on the even ones

A sentence is a question of XQuAD with its answer in the place of the question word ("308 points did the Panthers
defense surrender"): what the paragraph says in another's words, as a language model would put it. Supported by its own
paragraph; not by the other paragraphs of its article, nor with the answer to another question in its place, nor denied.
Verbatim sentences of the paragraph count as supported too. Data: XQuAD (CC BY-SA 4.0).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.machine import data_folder, describe
from munshi.knowledge.base import Encoder
from munshi.knowledge.encoder import open_encoder
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.support import ENOUGH, MODELS, Support, Supporter, confidence
from munshi.knowledge.text import sentences, stems

SEED = 7
_WH = re.compile(
    r"\b(?:(?:what|which)(?: \w+ (?=(?:is|was|are|were|did|does|do|has|have|had)\b))?|who|whom|whose|where|when|why|"
    r"how (?:many|much|long|often|far|old)|how)\b",
    re.IGNORECASE,
)
_VERB = re.compile(r"\b(is|was|are|were|does|did|do|has|have|had|can|will|would|could)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Pair:
    """A sentence, what it is held against, and whether that supports it; `kind` tells how it was made."""

    kind: str
    sentence: str
    text: str
    supported: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fit", action="store_true", help="fit the coefficients again and print them")
    options = parser.parse_args()
    print(describe(("onnxruntime", "numpy", "scikit-learn", "bm25s")))
    print(f"seed      {SEED}")
    with tempfile.TemporaryDirectory() as home:
        encoder = open_encoder("minilm", home=Path(home))
        if encoder is None:
            raise SystemExit("no encoder")
        for arm, one in (("tokens", encoder), ("words", None)):
            if options.fit:
                fit(arm, one)
            else:
                report(arm, one)


def weighed(encoder: Encoder | None, remainder: int) -> list[tuple[Pair, Support]]:
    """The pairs of every other article with what speaks for each."""
    articles = [
        article
        for number, article in enumerate(json.loads((data_folder() / "xquad" / "xquad.en.json").read_text())["data"])
        if number % 2 == remainder
    ]
    texts = [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    supporter = Supporter(encoder, LexicalIndex.build([stems(text) for text in texts]))
    return [(pair, supporter.weigh(pair.sentence, pair.text)) for pair in pairs(articles)]


def pairs(articles: Sequence[dict]) -> Iterator[Pair]:
    draw = random.Random(SEED)
    for article in articles:
        paragraphs = article["paragraphs"]
        answers = [qa["answers"][0]["text"] for paragraph in paragraphs for qa in paragraph["qas"]]
        for paragraph in paragraphs:
            own = paragraph["context"]
            others = [other["context"] for other in paragraphs if other is not paragraph]
            for verbatim in draw.sample(sentences(own), min(2, len(sentences(own)))):
                yield Pair("verbatim", verbatim, own, True)
                yield Pair("verbatim, denied", denied(verbatim), own, False)
            for qa in paragraph["qas"]:
                answer = qa["answers"][0]["text"]
                said = statement(qa["question"], answer)
                yield Pair("reworded", said, own, True)
                yield Pair("other paragraph", said, draw.choice(others), False)
                yield Pair("reworded, denied", denied(said), own, False)
                strange = [one for one in answers if one.casefold() not in own.casefold() and not re.search(r"\d", one)]
                if strange and not re.search(r"\d", answer):
                    yield Pair("other answer", statement(qa["question"], draw.choice(strange)), own, False)


def statement(question: str, answer: str) -> str:
    """A question as a statement, with its answer in the place of the question word."""
    said, count = _WH.subn(lambda _: answer, question.rstrip("? "), count=1)
    return (said if count else f"{answer}: {said}") + "."


def denied(sentence: str) -> str:
    """The sentence with a "not" behind its first auxiliary, or at its head where it has none."""
    said, count = _VERB.subn(r"\1 not", sentence, count=1)
    return said if count else f"It is not true that {sentence}"


def fit(arm: str, encoder: Encoder | None) -> None:
    rows = [
        (pair, support)
        for pair, support in weighed(encoder, remainder=0)
        if "denied" not in pair.kind and (encoder is None or support.max_sim is not None)
    ]
    features = [name for name in MODELS[arm] if name != "bias"]
    right = np.array([pair.supported for pair, _ in rows])
    values = [[getattr(support, name) for name in features] for _, support in rows]
    model = LogisticRegression(C=10, max_iter=10_000, class_weight="balanced").fit(values, right)
    fitted = {"bias": model.intercept_[0], **dict(zip(features, model.coef_[0], strict=True))}
    print(arm, json.dumps({name: round(float(number), 2) for name, number in fitted.items()}))
    sure = model.predict_proba(values)[:, 1]
    for least in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        print(
            f"  at {least}: kept {np.mean(sure[right] >= least):.3f}, let through {np.mean(sure[~right] >= least):.3f}"
        )
    print("AUROC", roc_auc_score(right, sure))


def report(arm: str, encoder: Encoder | None) -> None:
    rows = weighed(encoder, remainder=1)
    print(f"\n{arm}: {len(rows)} sentences")
    for kind in dict.fromkeys(pair.kind for pair, _ in rows):
        of = [support for pair, support in rows if pair.kind == kind]
        sure = np.mean([confidence(support) >= ENOUGH for support in of])
        named = np.mean([not support.strange for support in of])
        agree = np.mean([not support.opposed for support in of])
        passed = np.mean([confidence(s) >= ENOUGH and not s.strange and not s.opposed for s in of])
        print(f"  {kind:20}{len(of):6}  passes {passed:.3f}  (words {sure:.3f}, names {named:.3f}, sense {agree:.3f})")
    scored = [(pair.supported, confidence(s)) for pair, s in rows if "denied" not in pair.kind]
    print(f"  AUROC without the denied {roc_auc_score(*zip(*scored, strict=True)):.3f}")


if __name__ == "__main__":
    main()
