"""An encoder's tokenizer, set to give a text's tokens unpadded and no more of them than the model reads."""

from __future__ import annotations

from tokenizers import Tokenizer

from munshi.knowledge.base import EncoderError
from munshi.knowledge.weights import EncoderFolder


def load_tokenizer(folder: EncoderFolder) -> Tokenizer:
    """Read and check it. Raises EncoderError where the file is damaged."""
    folder.check(folder.tokenizer)
    try:
        tokenizer = Tokenizer.from_file(str(folder.tokenizer))
        tokenizer.no_padding()
        tokenizer.enable_truncation(folder.max_tokens)
        marks = tokenizer.encode("").ids
    except Exception as error:  # the library raises nothing narrower
        raise EncoderError(f"{folder.tokenizer} cannot be used ({error}); copy the model's folder again") from error
    if not marks:
        raise EncoderError(f"{folder.tokenizer} puts no marks around a text; save the model with its own tokenizer")
    return tokenizer


def encodable(text: str) -> str:
    """The text as UTF-8 can carry it: a lone surrogate, which the tokenizer refuses, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()
