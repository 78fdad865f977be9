"""Blinks and gaze of a speaking head."""

from __future__ import annotations

import numpy as np
import pytest

from driving.speech.eyes import LivingEyes
from driving.speech.style import SpeechStyle


def _watch(seconds: int, *, seed: int = 0, style: SpeechStyle | None = None, neck: np.ndarray | None = None):
    """Lids (T,) and gaze (T, 2) while somebody speaks two seconds of every three."""
    eyes = LivingEyes(seed=seed, style=style or SpeechStyle())
    speech = ((np.arange(50 * seconds) / 50) % 3 < 2).astype(float)
    neck = np.zeros((len(speech), 3)) if neck is None else neck
    parts = [eyes.chunk(speech[k : k + 12], neck[k : k + 12]) for k in range(0, len(speech), 12)]
    return np.concatenate([lids for lids, _ in parts]), np.concatenate([gaze for _, gaze in parts])


def _blinks(lids: np.ndarray) -> int:
    shut = lids > 0.55
    return int(np.sum(shut[1:] & ~shut[:-1]))


def test_lids_blink_about_as_often_as_people_do_and_open_again() -> None:
    lids, _ = _watch(240)
    assert 10 <= _blinks(lids) / 4.0 <= 32  # a minute
    assert lids.min() == 0.0 and lids.max() > 0.98
    assert (lids > 0.5).mean() < 0.12


def test_moods_hang_the_lids_and_change_the_rate() -> None:
    tired, _ = _watch(60, style=SpeechStyle(mood="tired"))
    assert 0.15 < tired.min() < 0.4
    angry = np.mean([_blinks(_watch(120, seed=s, style=SpeechStyle(mood="angry"))[0]) for s in range(4)])
    sad = np.mean([_blinks(_watch(120, seed=s, style=SpeechStyle(mood="sad"))[0]) for s in range(4)])
    assert angry < sad


def test_eyes_wander_and_stay_in_their_sockets() -> None:
    _, gaze = _watch(120)
    degrees = np.degrees(gaze)
    assert np.abs(degrees).max() < 28
    assert 1.0 < degrees[:, 1].std() < 8.0
    assert np.median(np.abs(degrees[:, 1])) < 3.0  # mostly at the viewer


def test_eyes_hold_the_viewer_while_the_head_turns() -> None:
    turned = np.zeros((50 * 60, 3))
    turned[:, 1] = np.radians(8.0)
    _, still = _watch(60)
    _, held = _watch(60, neck=turned)
    assert np.degrees(np.median(held[:, 1] - still[:, 1])) == pytest.approx(-6.0, abs=0.5)


def test_the_seed_decides() -> None:
    first, again, other = _watch(30)[0], _watch(30)[0], _watch(30, seed=1)[0]
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.5
