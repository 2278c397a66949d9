"""What a monitor wants to know, for Prometheus: how long things take, what comes of messages, how much waits.

Names of intents and channels are labels; nothing of a customer is. With PROMETHEUS_MULTIPROC_DIR set, processes of one
machine count together (see prometheus_client's multiprocess mode).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from munshi.bot.outbox_desk import UNSENT
from munshi.bot.response import Response
from munshi.bot.store import Store
from munshi.bot.tables import inbox, outbox
from munshi.intents.base import Classifier, Prediction

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The counters of one process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._stages = Histogram(
            "munshi_stage_seconds", "Time of a stage of a turn", ["stage"], buckets=_SECONDS, registry=self._registry
        )
        self._turns = self._counter("munshi_turns", "Messages answered", "channel", "route")
        self._intents = self._counter("munshi_intents", "What messages were taken for", "intent")
        self._handovers = self._counter("munshi_handovers", "Times that a person was called")
        self._unfounded = self._counter("munshi_grounding_failures", "Sentences of a model that were held back")
        self._model_calls = self._counter("munshi_model_calls", "Calls of the language model", "outcome")
        self._sent = self._counter("munshi_sent", "Parts handed to a channel, or refused by it", "channel", "outcome")

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Measure what happens in the block."""
        return self._stages.labels(name).time()

    def turn(self, response: Response, channel: str) -> None:
        """Count a turn that was recorded."""
        self._turns.labels(channel, response.route).inc()
        self._stages.labels("turn").observe(response.ms / 1000)
        if response.intent is not None:
            self._intents.labels(response.intent).inc()
        if response.reply is not None and response.reply.handover is not None:
            self._handovers.inc()
        generation = response.trace.get("generation")
        if generation:
            self._unfounded.inc(len(generation["faults"]))

    def model_call(self, outcome: str) -> None:
        """Count a call of the language model: "answered", "failed", or "left" where its answer was heard no further."""
        self._model_calls.labels(outcome).inc()

    def sent(self, channel: str, outcome: str) -> None:
        """Count a part: "sent", "waiting" for another try, "held" or "dead"."""
        self._sent.labels(channel, outcome).inc()

    def told(self, store: Store) -> bytes:
        """Everything, in Prometheus' text format. Raises SQLAlchemyError where what waits cannot be counted."""
        registry = CollectorRegistry()
        if os.environ.get(MULTIPROCESS):
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(_Waiting(store))
        shared = generate_latest(registry)
        return shared if os.environ.get(MULTIPROCESS) else generate_latest(self._registry) + shared

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(name, help, labels, registry=self._registry)


class TimedClassifier:
    """A classifier whose time is measured."""

    def __init__(self, classifier: Classifier, metrics: Metrics) -> None:
        self.name = classifier.name
        self._classifier = classifier
        self._metrics = metrics

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """What the classifier says."""
        with self._metrics.stage("classify"):
            return self._classifier.classify(texts)


class _Waiting(Collector):
    """How much waits, and for how long: as it is when it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges."""
        depth = GaugeMetricFamily("munshi_queue_depth", "Messages and parts that wait", labels=["queue", "state"])
        count, age = waiting_messages(self._store)
        depth.add_metric(["inbox", "waiting"], count)
        for state, number in _unsent(self._store).items():
            depth.add_metric(["outbox", state], number)
        oldest = GaugeMetricFamily("munshi_queue_oldest_seconds", "Age of the message that has waited longest")
        oldest.add_metric([], age)
        return depth, oldest


def waiting_messages(store: Store) -> tuple[int, float]:
    """How many messages wait for a worker, and for how many seconds the first of them has."""
    ours = (inbox.c.business == store.business, inbox.c.done_at.is_(None), inbox.c.queued.is_(True))
    with store.reading() as db:
        count, first = db.execute(select(func.count(), func.min(inbox.c.received_at)).where(*ours)).one()
    return count, 0.0 if first is None else max(0.0, (datetime.now(UTC) - first).total_seconds())


def _unsent(store: Store) -> dict[str, int]:
    query = (
        select(outbox.c.status, func.count())
        .where(outbox.c.business == store.business, outbox.c.status.in_(UNSENT), outbox.c.part.is_not(None))
        .group_by(outbox.c.status)
    )
    with store.reading() as db:
        found = {row.status: row[1] for row in db.execute(query)}
    return {state: found.get(state, 0) for state in UNSENT}
