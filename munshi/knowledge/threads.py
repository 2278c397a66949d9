"""How many threads numpy's products may take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread while inside; it counts for the whole process.

    A message's products are over in well under a millisecond. A second thread saves less than it costs to wake it, and
    then waits at full speed for the next product: a search among 10,000 passages on two processors took more than
    twice the processor time. Several messages at once are what the other processors are for.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        yield
