"""Does an encoder read Hindi? It is asked, because a wrong belief costs every Hindi question its answer."""

from __future__ import annotations

import numpy as np

from munshi.knowledge.base import Encoder
from munshi.knowledge.text import is_devanagari

_PAIRS = (
    ("The shop opens at ten in the morning.", "दुकान सुबह दस बजे खुलती है।"),
    ("How much money is in my account?", "मेरे खाते में कितने पैसे हैं?"),
    ("My car is not starting.", "मेरी गाड़ी चालू नहीं हो रही है।"),
    ("She reads books at night.", "वह रात को किताबें पढ़ती है।"),
    ("It will rain heavily tomorrow.", "कल बहुत तेज़ बारिश होगी।"),
    ("Please send the doctor to my village.", "कृपया डॉक्टर को मेरे गाँव भेजिए।"),
)
_ENOUGH = 5


def reads_hindi(encoder: Encoder) -> bool:
    """Whether it finds the English translation of at least five of six Hindi sentences among all six.

    An English model finds about one. Raises EncoderError where the encoder fails.
    """
    english = encoder.encode([pair[0] for pair in _PAIRS])
    hindi = encoder.encode([pair[1] for pair in _PAIRS])
    found = (hindi @ english.T).argmax(axis=1) == np.arange(len(_PAIRS))
    return int(found.sum()) >= _ENOUGH


def mostly_devanagari(text: str) -> bool:
    """Whether more than half of the letters are Devanagari."""
    letters = [char for char in text if char.isalpha()]
    return 2 * sum(is_devanagari(char) for char in letters) > len(letters)
