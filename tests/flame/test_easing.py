"""The shared ease."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flame.easing import smoothstep


@given(st.floats(-5, 5), st.floats(0.01, 5))
def test_it_runs_from_zero_to_one_and_is_symmetric(low: float, width: float) -> None:
    x = np.linspace(low - width, low + 2 * width, 61)
    y = smoothstep(x, low, low + width)
    assert (y[x <= low] == 0).all() and np.allclose(y[x >= low + width], 1)
    assert (np.diff(y) >= 0).all()
    falling = smoothstep(x, low + width, low)
    assert np.allclose(y + falling, 1)


def test_it_has_no_speed_at_its_ends_and_keeps_the_precision() -> None:
    steps = np.diff(smoothstep(np.linspace(0, 1, 1001)))
    assert steps[0] < 1e-5 and steps[-1] < 1e-5 and steps.max() < 0.0016
    assert smoothstep(np.zeros(3, np.float32)).dtype == np.float32
