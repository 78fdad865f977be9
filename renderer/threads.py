"""How many threads the CPU kernels of one call use."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numba

from flame.errors import ConfigError, input_error

__all__ = ["kernel_threads"]

# numba's simplest threading layer aborts the process when two Python threads launch kernels at once.
_one_launch = threading.RLock()
# GNU OpenMP aborts a forked child that launches after its parent did; such a child works serially.
_launched_in: int | None = None


@contextmanager
def kernel_threads(threads: int | None) -> Iterator[int]:
    """Set numba's thread count for one call and yield it; 1 means: call the serial kernels.

    Args:
        threads: number of threads, ≥ 1; None takes numba's own setting (``NUMBA_NUM_THREADS``, else all
            cores).

    Raises:
        ConfigError: ``threads`` is not a whole number ≥ 1.
    """
    global _launched_in
    most = numba.config.NUMBA_NUM_THREADS
    if threads is None:
        count = numba.get_num_threads()
    elif isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise input_error(
            ConfigError, "threads must be a whole number, 1 or more", threads, "leave it out to use all cores"
        )
    else:
        count = min(threads, most)
    if count == 1 or _launched_in not in (None, os.getpid()):
        yield 1
        return
    with _one_launch:
        before = numba.get_num_threads()
        numba.set_num_threads(count)
        _launched_in = os.getpid()
        try:
            yield count
        finally:
            numba.set_num_threads(before)
