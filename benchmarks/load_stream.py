"""What customers write in the load: many chats, each in its order."""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter

from benchmarks.load_meta import Said

BUSINESS = "auto-parts"
CHATS = 200
QUESTIONS = (
    "what are your timings",
    "price of brake pads for swift",
    "do you deliver outside Navi Mumbai?",
    "swift ka clutch plate hai kya",
    "mera order kab aayega",
    "क्या आप GST बिल देते हैं",
    "can I return a part that does not fit",
    "thanks",
)


def stream(count: int, seed: int) -> list[Said]:
    """Messages of many chats, each chat's a second apart; the last words of each name its place in its chat."""
    rng, run, written = random.Random(seed), uuid.uuid4().hex[:8], Counter[str]()
    begun = int(time.time()) - count
    made = []
    for number in range(count):
        phone = f"9198{int(run[:6], 16) % 10_000:04d}{rng.randrange(CHATS):04d}"
        written[phone] += 1
        text = f"{rng.choice(QUESTIONS)} ({written[phone]})"
        made.append(Said(f"wamid.{run}.{number}", phone, begun + written[phone], text))
    return made
