"""Following the next face while the last picture is drawn: who may use which cores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["fewer_threads", "may_overlap"]

_SAFE_LAYERS = ("omp", "tbb")


@contextmanager
def fewer_threads() -> Iterator[None]:
    """Leave a core to the follower: drawing threads of this thread that wait for each other on busy cores were six
    times slower than one."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(max(1, min(before, (os.cpu_count() or 1) - 1)))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def may_overlap() -> bool:
    """Whether two threads may run parallel kernels at once; known only after the first such kernel.

    numba's own "workqueue" layer, the last resort where neither OpenMP nor TBB is found, ends the process instead.
    """
    import numba

    try:
        return numba.threading_layer() in _SAFE_LAYERS
    except ValueError:  # none was run yet
        return False
