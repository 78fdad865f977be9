"""Windows cover every frame once, whatever the clip's length."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mvvideo.windows import fade_in, plan_windows


@pytest.mark.parametrize("length, overlap", [(1, 0), (4, 1), (8, 2), (16, 4), (5, 4)])
def test_every_frame_gets_weight_one(length: int, overlap: int) -> None:
    for frames in range(1, 70):
        weight = np.zeros(frames)
        windows = plan_windows(frames, length=length, overlap=overlap)
        for window, following in zip(windows, [*windows[1:], None], strict=True):
            own = np.ones(len(window))
            own[: window.overlap] = fade_in(window.overlap)
            if following is not None:
                own[len(window) - following.overlap :] -= fade_in(following.overlap)
            weight[window.start : window.stop] += own
        np.testing.assert_allclose(weight, 1, atol=1e-6)


@pytest.mark.parametrize("frames", range(1, 40))
def test_windows_are_in_order_and_never_longer_than_asked(frames: int) -> None:
    windows = plan_windows(frames, length=6, overlap=2)
    assert windows[0].start == 0
    assert windows[0].overlap == 0
    assert windows[-1].stop == frames
    for before, after in pairwise(windows):
        assert before.stop - after.start == after.overlap == 2
        assert len(after) > after.overlap
    assert max(len(window) for window in windows) <= 6


@pytest.mark.parametrize("frames, length, overlap", [(0, 4, 1), (5, 4, 4), (5, 4, -1), (5, 0, 0)])
def test_impossible_plans_are_refused(frames: int, length: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap"):
        plan_windows(frames, length=length, overlap=overlap)


def test_fade_is_symmetric_and_strictly_inside() -> None:
    weights = fade_in(5)
    assert np.all(np.diff(weights) > 0)
    assert 0 < weights[0]
    np.testing.assert_allclose(weights + weights[::-1], 1)
