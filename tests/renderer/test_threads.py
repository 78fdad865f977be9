from __future__ import annotations

import os
import subprocess
import sys

import numba
import pytest

from flame.errors import ConfigError
from renderer.threads import kernel_threads

_FORK = """
import os, sys, numpy as np
from renderer.rasterize import rasterize
clip = np.array([[[-1, -1, 0, 1], [1, -1, 0, 1], [0, 1, 0, 1]]] * 4, np.float32)
triangles = np.array([[0, 1, 2]], np.int32)
before = rasterize(clip, triangles, (16, 16))
child = os.fork()
if child == 0:
    same = np.array_equal(rasterize(clip, triangles, (16, 16)), before)
    os._exit(0 if same else 7)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_worker_draws_too():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORK],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
    )
    assert result.returncode == 0, result.stderr


def test_the_thread_count_is_set_for_the_call_alone():
    before = numba.get_num_threads()
    with kernel_threads(10_000) as count:
        assert count == numba.config.NUMBA_NUM_THREADS
    with kernel_threads(1) as count:
        assert count == 1
    assert numba.get_num_threads() == before


@pytest.mark.parametrize("threads", [0, -2, 1.5, "2", True])
def test_impossible_counts_are_refused(threads):
    with pytest.raises(ConfigError, match="threads must be"), kernel_threads(threads):
        pass
