"""Whether the audit is what was written; if not, which record is the first bad one and what was done to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from munshi.bot.audit_chain import Record, genesis, link

Tampering = Literal["changed", "removed", "inserted", "reordered", "cut off", "rewritten"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the audit was at one time: so many records, the last with that hash. Its signature is checked elsewhere."""

    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Finding:
    """The first bad record, by the number it has or should have, and what was done."""

    seq: int
    what: Tampering
    detail: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a verification; `finding` is None where all is as it was written.

    `covered` is how many of the records a checkpoint vouches for: the chain alone shows what was changed by somebody
    who could not write it anew.
    """

    records: int
    covered: int
    finding: Finding | None


def verify(
    business: str, records: Iterable[Record], head: tuple[int, str], checkpoints: Sequence[Checkpoint] = ()
) -> Verified:
    """Go through the records in the order of their numbers, up to the first that is not as it was written.

    `head` is what the audit remembers of its end, (size, hash). Only behind a break are records held in memory, to tell
    a moved one from a foreign one.
    """
    roots = {point.size: point.root for point in checkpoints}
    walk = _Walk(genesis(business))
    vouched = 0
    remaining = iter(records)
    for record in remaining:
        what = walk.step(record)
        if what is not None:
            return Verified(walk.seq, vouched, walk.tell(record, what, remaining))
        root = roots.get(record.seq)
        if root is not None and root != record.hash:
            return Verified(walk.seq, vouched, _not_vouched_for(walk, remaining, vouched))
        vouched = record.seq if root is not None else vouched
    return Verified(walk.seq, vouched, _at_the_end(walk, head, checkpoints))


def _not_vouched_for(walk: _Walk, remaining: Iterator[Record], vouched: int) -> Finding:
    """What was done where a checkpoint speaks against a record: the next one may tell, if it belongs to another."""
    at = walk.seq
    following = next(remaining, None)
    what = None if following is None else walk.step(following)
    if following is not None and what is not None:
        return walk.tell(following, what, remaining)
    detail = f"record {at} is not what the checkpoint of {at} records vouches for"
    return Finding(vouched + 1, "rewritten", detail)


def _at_the_end(walk: _Walk, head: tuple[int, str], checkpoints: Sequence[Checkpoint]) -> Finding | None:
    longest = max((point.size for point in checkpoints), default=0)
    size, last = head
    if longest > walk.seq:
        return Finding(walk.seq + 1, "cut off", f"a checkpoint vouches for {longest} records, {walk.seq} are there")
    if size > walk.seq:
        return Finding(walk.seq + 1, "cut off", f"{size} records were written, {walk.seq} are there")
    if size < walk.seq:
        return Finding(size + 1, "inserted", f"{size} records were written, {walk.seq} are there")
    if last != walk.hash:
        return Finding(walk.seq, "rewritten", "the last record is not the one that was written last")
    return None


class _Walk:
    """A way along the chain, with what is needed to tell what a break in it means."""

    def __init__(self, start: str) -> None:
        self.seq = 0
        self.hash = start
        self._before = ""

    def step(self, record: Record) -> Literal["hash", "link"] | None:
        """Take a record; what does not hold, its own hash or its place in the chain, else None."""
        if link(record.previous, record.body) != record.hash:
            return "hash"
        if record.previous != self.hash or record.seq != self.seq + 1:
            return "link"
        self.seq, self._before, self.hash = record.seq, self.hash, record.hash
        return None

    def tell(self, record: Record, broken: Literal["hash", "link"], following: Iterable[Record]) -> Finding:
        """What a broken record means."""
        expected = self.seq + 1
        if broken == "hash":
            if record.seq != expected:
                return Finding(expected, "removed", f"record {record.seq} follows {self.seq}")
            return Finding(expected, "changed", f"record {expected} does not have the hash it was given")
        if record.previous == self._before and self.seq > 0:
            return Finding(self.seq, "inserted", f"record {self.seq} stands between two that belong together")
        later = [record, *following]
        hashes = {one.hash for one in later}
        successor = next((one for one in later if one.previous == self.hash), None)
        if successor is not None:
            return self._moved(record, successor, hashes)
        if _own_number(record) == expected and record.seq == expected:
            return Finding(self.seq, "changed", f"record {expected} does not hold on to record {self.seq}")
        return Finding(expected, "removed", f"nothing follows record {self.seq}")

    def _moved(self, record: Record, successor: Record, hashes: set[str]) -> Finding:
        """The record that belongs here stands further down, or right here under another number."""
        expected = self.seq + 1
        if successor is record:
            return Finding(expected, "changed", f"record {expected} carries the number {record.seq}")
        if record.previous in hashes:
            return Finding(expected, "reordered", f"what follows record {self.seq} stands at {successor.seq}")
        return Finding(expected, "inserted", f"record {record.seq} belongs to no other; {successor.seq} follows here")


def _own_number(record: Record) -> int | None:
    """The number a record was written with."""
    try:
        number = json.loads(record.body).get("seq")
    except (ValueError, AttributeError):
        return None
    return number if isinstance(number, int) else None
