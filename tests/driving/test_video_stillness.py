"""A filmed head that stands still drives a head that stands still; one that moves is not dulled; blinks are brief."""

from __future__ import annotations

import numpy as np
import pytest

from driving.video.blink_pull import BlinkPull, unpulled
from driving.video.finder import FaceSquare
from driving.video.follower import FaceFollower
from driving.video.neutral import blink_dips, sharp_lids, shut_ratio
from flame import FlameSequence
from flame.fitting.track_smoothing import LIGHT, Steady, smoothed, steadied
from mvportrait.tracking_scores import still_jitter_deg

FPS = 25.0
PULL = {"neck": np.array([0.012, -0.01, 0.004]), "translation": np.array([0.001, -0.002, 0.012])}


def _blinking(seconds: float) -> FlameSequence:
    """A head at rest that blinks every second."""
    t = np.arange(round(seconds * FPS)) / FPS
    lids = np.clip(1.0 - np.abs(t % 1.0 - 0.5) / 0.12, 0.0, 1.0)
    still = FlameSequence.neutral(len(t), fps=FPS)
    return still.replace(eyelids=np.repeat(lids[:, None], 2, axis=1))


def _pulled(motion: FlameSequence) -> FlameSequence:
    lids = motion.eyelids.mean(axis=1, keepdims=True)
    return motion.replace(**{name: getattr(motion, name) + lids * pull for name, pull in PULL.items()})


def test_blinks_do_not_turn_a_still_head():
    tremor = np.random.default_rng(0).normal(0, 0.002, (150, 3))
    pulled = _pulled(_blinking(6.0))
    noisy = pulled.replace(neck=pulled.neck + tremor)
    left = unpulled(noisy)
    for name in PULL:
        assert np.ptp(getattr(left, name) - (tremor if name == "neck" else 0.0)) < 0.35 * np.ptp(
            getattr(pulled, name)
        )
    np.testing.assert_array_equal(left.eyelids, noisy.eyelids)


def test_heads_that_move_are_left_alone():
    t = np.arange(150) / FPS
    neck = np.stack([0.1 * np.sin(6.0 * t), 0.3 * np.sin(2.2 * t + 1), np.zeros(150)], axis=1)
    moving = _blinking(6.0).replace(neck=neck)
    assert np.abs(unpulled(moving).neck - moving.neck).max() < 0.005
    bowing = _blinking(6.0)
    bowing = bowing.replace(neck=0.2 * bowing.eyelids[:, :1] * np.array([1.0, 0.0, 0.0]))
    assert np.ptp(unpulled(bowing).neck[:, 0]) > 0.8 * np.ptp(bowing.neck[:, 0]), (
        "somebody who shuts the eyes at every nod"
    )
    short = moving[:3]
    assert unpulled(short).allclose(short)


def test_blinks_are_learnt_while_frames_come():
    pull, given = BlinkPull(), _pulled(_blinking(20.0))
    tremor = np.random.default_rng(3).normal(0, 0.003, (len(given), 3))
    noisy = given.replace(neck=given.neck + tremor)
    out = np.stack([pull(noisy[i], 1 / FPS).neck[0] for i in range(len(given))]) - tremor
    assert (np.ptp(out[-75:, :2], axis=0) < 0.4 * np.abs(PULL["neck"][:2])).all()


@pytest.mark.parametrize("degrees", [0.1, 0.25])
def test_tremor_is_taken_out_however_loud(degrees):
    tremor = np.random.default_rng(1).normal(0, np.radians(degrees), (100, 3))
    trembling = FlameSequence.neutral(100, fps=FPS).replace(neck=tremor)
    calm = steadied(smoothed(trembling, LIGHT), Steady(), trembling)
    assert still_jitter_deg(trembling) > 0.1
    assert still_jitter_deg(calm) < 0.05
    assert calm.neck.std() < 0.5 * np.radians(degrees)


def test_a_shaken_head_keeps_its_reach():
    t = np.arange(100) / FPS
    shake = np.radians(8.0) * np.sin(2 * np.pi * 2.0 * t)
    noise = np.random.default_rng(2).normal(0, 0.003, (100, 3))
    given = FlameSequence.neutral(100, fps=FPS).replace(neck=noise + np.outer(shake, [0, 1, 0]))
    light = smoothed(given, LIGHT)
    kept = steadied(light, Steady(), given).neck[10:-10, 1]
    assert np.ptp(kept) > 0.97 * np.ptp(light.neck[10:-10, 1])
    assert np.corrcoef(kept, shake[10:-10])[0, 1] > 0.99


class _Settling:
    """A mesh whose first looks in a new window are off, as MediaPipe's are."""

    def __init__(self) -> None:
        self._looks = 0

    def detect(self, image: np.ndarray, *, least: int = 1) -> list[FaceSquare]:
        return [FaceSquare(100.0, 100.0, 60.0)]

    def follow(self, window: np.ndarray) -> np.ndarray:
        self._looks += 1
        points = np.stack([np.linspace(0.3, 0.7, 478), np.linspace(0.7, 0.3, 478), np.zeros(478)], axis=1)
        return points + 0.05 * 0.3 ** (self._looks - 1)

    def restart(self) -> None:
        self._looks = 0


def test_a_new_window_is_looked_at_until_it_is_settled():
    follower, picture = FaceFollower(_Settling()), np.full((200, 200, 3), 128, np.uint8)
    first, later = (follower.find(picture, i / FPS) for i in range(2))
    assert first is not None and later is not None
    assert np.abs(first - later).max() < 0.6, "pixels; the first look is off by six"


def test_brief_dips_are_blinks_even_where_lids_do_not_seem_to_meet():
    t = np.arange(150) / FPS
    gap = 0.27 + np.random.default_rng(4).normal(0, 0.005, 150)
    for middle in (1.0, 2.5):
        gap -= 0.15 * np.clip(1.0 - np.abs(t - middle) / 0.12, 0.0, 1.0)
    looking_down = (t > 3.5) & (t < 4.8)
    gaps = np.repeat(np.where(looking_down, 0.13, gap)[:, None], 2, axis=1)
    dips = blink_dips(gaps, FPS)
    assert dips[[25, 62]].min() > 0.9
    assert dips[looking_down].max() < 0.1 and dips[:20].max() < 0.1
    low, high = shut_ratio(gaps, FPS)
    assert 0.4 < low < 0.56 < high < 0.75
    assert shut_ratio(gaps[:40], FPS) == shut_ratio(np.zeros((0, 2)), FPS), "one dip may be anything"
    open_lids = np.zeros((150, 2))
    assert sharp_lids(open_lids, gaps, np.ones(2), (low, high))[62].min() > 0.8
    assert sharp_lids(open_lids, gaps, np.ones(2))[62].max() < 0.5
    wink = gaps.copy()
    wink[:, 1] = 0.27
    assert not blink_dips(wink, FPS).any()
    assert not blink_dips(np.full((20, 2), np.nan), FPS).any()
    unseen = gaps.copy()
    unseen[100:] = np.nan
    assert np.isfinite(blink_dips(unseen, FPS)).all()
