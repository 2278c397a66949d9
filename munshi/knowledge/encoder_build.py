"""Building an encoder's graph: `python -m munshi.knowledge.encoder_build SPEC TARGET PRECISION`.

It is run as a process of its own, because building takes more memory than serving and a process gives all of it back.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import onnx

from munshi.knowledge.base import EncoderError
from munshi.knowledge.encoder_graph import bert_graph, read_bert
from munshi.knowledge.encoder_int8 import write_int8
from munshi.knowledge.encoder_store import REFUSED
from munshi.knowledge.tokenizer import load_tokenizer
from munshi.knowledge.weights import Precision, find_folder


def write_graph(spec: str, target: Path, precision: Precision) -> None:
    """Check the weights that `spec` names ("minilm" or a folder) and write their graph to `target`.

    Raises EncoderError where they are not what they should be.
    """
    folder = find_folder(spec)
    tokenizer = load_tokenizer(folder)
    folder.check(folder.weights)
    bert = read_bert(folder.config, folder.weights)
    if tokenizer.get_vocab_size() > len(bert["embeddings.word_embeddings.weight"]):
        raise EncoderError(f"{folder.tokenizer} has more words than {folder.weights}; copy the model's folder again")
    if precision == "fp32":
        onnx.save(bert_graph(bert), target)
    else:
        write_int8(bert, tokenizer.encode("").ids, target)


def main(arguments: list[str], write: Callable[[str, Path, Precision], None] = write_graph) -> int:
    """Exit code 0, or REFUSED with one line on stderr."""
    spec, target, precision = arguments
    try:
        write(spec, Path(target), cast(Precision, precision))
    except EncoderError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
