"""One BLAS thread for the small systems of a fit.

A 70x70 solve takes 0.2 ms on one thread; shared between threads on a busy machine it took 5 ms, since
each waits for the others. ``threadpoolctl`` comes with several dependencies; without it nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within this block numpy's linear algebra stays on the calling thread."""
    controller = _controller()
    if controller is None:
        yield
        return
    with controller.limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _controller() -> Any:
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()
