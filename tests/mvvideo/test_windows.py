"""Windows cover every frame once, whatever the clip's length."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mvvideo.windows import CyclicPlan, fade_in, plan_windows


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


@pytest.mark.parametrize("length", [1, 2, 5, 8])
@pytest.mark.parametrize("frames", range(1, 40))
def test_cyclic_windows_hold_every_frame_once_in_every_step(frames: int, length: int) -> None:
    plan = CyclicPlan(frames, length)
    for step in range(7):
        windows = [plan.window(number, step) for number in range(plan.count)]
        assert sorted(sum(windows, ())) == list(range(frames))
        sizes = {len(window) for window in windows}
        assert max(sizes) <= length
        assert max(sizes) - min(sizes) <= 1
        for number, window in enumerate(windows):
            following = (np.array(window[:-1]) + 1) % frames
            assert list(following) == list(window[1:])
            span = plan.span(number, step)
            assert -frames < span.start < span.stop <= frames
            assert tuple(frame % frames for frame in span) == window


@pytest.mark.parametrize("length", [1, 2, 5, 8])
@pytest.mark.parametrize("frames", range(1, 40))
def test_cyclic_windows_move_by_one_frame_and_know_their_sources(frames: int, length: int) -> None:
    plan = CyclicPlan(frames, length)
    for step in range(1, 7):
        for number in range(plan.count):
            window, before = plan.window(number, step), plan.window(number, step - 1)
            moved = tuple((frame - 1) % frames for frame in before)
            assert window == (moved if plan.count > 1 else before)
            sources = [frame for source in plan.sources(number) for frame in plan.window(source, step - 1)]
            assert set(window) <= set(sources)


@pytest.mark.parametrize("frames, length", [(0, 4), (4, 0), (-1, 2)])
def test_impossible_cyclic_plans_are_refused(frames: int, length: int) -> None:
    with pytest.raises(ValueError, match="need frames"):
        CyclicPlan(frames, length)
    with pytest.raises(ValueError, match="no window 2 of 2"):
        CyclicPlan(8, 4).window(2, 0)
