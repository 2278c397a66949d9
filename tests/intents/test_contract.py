"""The classifiers that need nothing but examples keep the contract, with an encoder and without."""

from __future__ import annotations

import pytest

from munshi.intents.registry import Training, factory
from munshi.knowledge.base import Encoder
from tests.intents.contract import LearnsFromExamples, Train


@pytest.mark.parametrize("with_encoder", [True, False], ids=["encoder", "no encoder"], scope="class")
class TestFewShot(LearnsFromExamples):
    @pytest.fixture(scope="class")
    @classmethod
    def train(cls, with_encoder: bool, encoder: Encoder) -> Train:
        training = Training(encoder if with_encoder else None)
        return lambda examples: factory("few_shot")(examples, training)
