"""What commands that train a classifier share: the options, and what is made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import step

if TYPE_CHECKING:
    from munshi.knowledge.base import ChatModel, Encoder

EncoderOption = Annotated[str | None, typer.Option(help="Another encoder than MUNSHI_ENCODER.", show_default=False)]
BaseOption = Annotated[
    Path | None,
    typer.Option(help="The Hugging Face folder that fine_tuned or entailment starts from.", show_default=False),
]
ModelOption = Annotated[
    str | None, typer.Option("--llm", help="A language model: `ollama:MODEL`, `openai:MODEL@URL`.", show_default=False)
]
SeedOption = Annotated[int, typer.Option(min=0, help="For what is drawn at random.")]


def encoder_of(spec: str | None) -> Encoder | None:
    """The encoder of the settings, or another. Raises EncoderError."""
    from munshi.knowledge.encoder import open_encoder

    settings = load_settings(encoder=spec)
    key = settings.encoder_key.get_secret_value() or None
    return open_encoder(settings.encoder, home=settings.home, progress=step, threads=settings.threads, key=key)


def model_of(spec: str | None) -> ChatModel | None:
    """The language model that was asked for; none by default, whatever the settings name. Raises ChatModelError."""
    if spec is None:
        return None
    from munshi.bot.llm import open_chat_model

    return open_chat_model(spec, key=load_settings().llm_key.get_secret_value() or None)


def preparing(texts: Sequence[str]) -> Callable[[str], str]:
    """What a message goes through before it is classified, with the words of these texts as the vocabulary."""
    from munshi.bot.preprocess import Preprocessor
    from munshi.knowledge.encoder import known_words

    vocabulary = [word for text in texts for word in re.findall(r"[^\W\d_]+", text)]
    return Preprocessor(vocabulary=vocabulary, known_words=known_words(), timezone=ZoneInfo("UTC")).canonical
