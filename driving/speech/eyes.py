"""Eyes that live: blinks and looks, drawn by the seed as they come.

Blinks and saccades are rare and sudden, and a small diffusion network sampled in a few steps gives too few of
them (measured: one blink a minute where its teacher has 21). So their moments are drawn here from the law of the
training corpus (:mod:`driving.speech.liveliness`): blinks most where a phrase ends, looks away most where one
begins, the eyes held on the viewer while the head turns. The network is shown them as its own past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driving.speech.layout import MOTION_FPS
from driving.speech.moods import MOOD_TABLE
from flame.rig import GAZE_PITCH_RADIANS, GAZE_YAW_RADIANS

if TYPE_CHECKING:
    from driving.speech.style import SpeechStyle

_BLINKS_A_SECOND = 0.2  # beside those at the ends of phrases
_SHORTEST_BETWEEN = 1.1
_AT_PHRASE_END = 0.4  # chance of a blink
_SPEAKS, _SILENT = 0.6, 0.35  # probabilities of speech that begin and end a phrase
_PHRASE_GAP_SECONDS = 0.2
_HELD_GAZE = 0.75  # share of the head's turn that the eyes make up for
_FURTHEST_RADIANS = np.radians(12.0)


class LivingEyes:
    """Blinks and gaze of one recording, chunk after chunk.

    Args:
        seed: of the moments.
        style: its mood says how often lids blink and how far they hang.
    """

    def __init__(self, *, seed: int, style: SpeechStyle) -> None:
        self._random = np.random.default_rng((int(seed), 11))
        mood = MOOD_TABLE[style.mood]
        strength = style.mood_strength
        own = self._random.uniform(0.75, 1.3)
        self._rate = max(_BLINKS_A_SECOND * (1.0 + (mood.blink_rate - 1.0) * strength) * own, 0.03)
        self._hang = float(np.clip(mood.lids * strength, 0.0, 0.5))
        self._frame = 0
        self._speaking, self._quiet_since = False, 0.0
        self._blinks: list[tuple[float, float, float]] = []  # start, slowness, fullness
        self._last_blink = -1.0
        self._next_blink = self._random.exponential(1.0 / self._rate)
        self._next_look = self._random.exponential(0.8)
        self._looks: list[tuple[float, np.ndarray]] = [(-1.0, np.zeros(2))]
        self._come_back = False

    def chunk(self, speech: np.ndarray, neck: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lids and gaze of the next frames (50 a second).

        Args:
            speech: (T,) probability that somebody speaks.
            neck: (T, 3) axis-angle radians of the head's turn.

        Returns:
            lids (T,) 0 to 1, gaze (T, 2) radians about +x (down positive) and +y.
        """
        times = (self._frame + np.arange(len(speech))) / MOTION_FPS
        for now, chance in zip(times, speech, strict=True):
            began, ended = self._phrase(float(now), float(chance))
            self._maybe_blink(float(now), ended)
            self._maybe_look(float(now), began)
        self._frame += len(speech)
        lids = self._lids(times)
        held = np.clip(neck[:, :2], -_FURTHEST_RADIANS, _FURTHEST_RADIANS)
        most = 0.9 * np.array([GAZE_PITCH_RADIANS, GAZE_YAW_RADIANS])
        gaze = np.clip(self._path(times) - _HELD_GAZE * held, -most, most)
        self._forget(float(times[-1]))
        return lids.astype(np.float32), gaze.astype(np.float32)

    # ------------------------------------------------------------------ moments

    def _phrase(self, now: float, chance: float) -> tuple[bool, bool]:
        """Whether a phrase begins, whether one has just ended."""
        if chance > _SILENT:
            self._quiet_since = now
        if not self._speaking and chance > _SPEAKS:
            self._speaking = True
            return True, False
        if self._speaking and now - self._quiet_since > _PHRASE_GAP_SECONDS:
            self._speaking = False
            return False, True
        return False, False

    def _maybe_blink(self, now: float, phrase_ended: bool) -> None:
        if phrase_ended and self._random.uniform() < _AT_PHRASE_END:
            self._next_blink = min(self._next_blink, now + self._random.uniform(0.0, 0.2))
        if now < self._next_blink:
            return
        if now - self._last_blink >= _SHORTEST_BETWEEN:
            full = 1.0 if self._random.uniform() < 0.9 else self._random.uniform(0.6, 0.9)
            self._blinks.append((now, self._random.uniform(0.9, 1.2), full))
            self._last_blink = now
        self._next_blink = now + 0.9 + self._random.exponential(max(1.0 / self._rate - 0.4, 0.8))

    def _maybe_look(self, now: float, phrase_began: bool) -> None:
        if phrase_began and not self._come_back and self._random.uniform() < 0.3:
            self._next_look = min(self._next_look, now + self._random.uniform(0.0, 0.3))
        if now < self._next_look:
            return
        if not self._come_back and self._random.uniform() < (0.42 if phrase_began else 0.14):
            yaw = self._random.choice([-1.0, 1.0]) * self._random.uniform(6.0, 15.0)
            target, stay = np.array([self._random.normal(1.0, 4.5), yaw]), self._random.uniform(0.35, 0.9)
            self._come_back = True
        else:
            target = np.array([self._random.normal(0.0, 0.7), self._random.normal(0.0, 1.3)])
            stay = 0.35 + self._random.exponential(0.9)
            self._come_back = False
        self._looks.append((now, np.radians(target)))
        self._next_look = now + stay

    # ------------------------------------------------------------------ curves

    def _lids(self, times: np.ndarray) -> np.ndarray:
        shut = np.zeros(len(times))
        for start, slowness, full in self._blinks:
            after = (times - start) / slowness
            closing = _smooth(after / 0.075)
            opening = _smooth((after - 0.11) / 0.15) ** 0.8
            shut = np.maximum(shut, full * closing * (1.0 - opening))
        return self._hang + (1.0 - self._hang) * shut

    def _path(self, times: np.ndarray) -> np.ndarray:
        """(T, 2) where the eyes look in space; saccades last 22 ms and 2.2 ms a degree (Bahill et al. 1975)."""
        before = self._looks[0][1]
        path = np.repeat(before[None], len(times), axis=0)
        for start, target in self._looks[1:]:
            length = 0.022 + 0.0022 * float(np.degrees(np.abs(target - before).max()))
            path = path + (target - before) * _smooth((times - start) / length)[:, None]
            before = target
        return path

    def _forget(self, now: float) -> None:
        """Keep what still moves."""
        self._blinks = [blink for blink in self._blinks if now - blink[0] < 0.5]
        while len(self._looks) > 1 and now - self._looks[1][0] > 0.2:
            self._looks.pop(0)


def _smooth(share: np.ndarray) -> np.ndarray:
    """Minimum jerk from 0 to 1."""
    s = np.clip(share, 0.0, 1.0)
    return s * s * s * (10.0 - 15.0 * s + 6.0 * s * s)
