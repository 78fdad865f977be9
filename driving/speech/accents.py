"""Head and brows that go with the voice: nods on loud beats, the slow lift with the pitch, brows up on high accents.

Head and voice move together when people speak: pitch and head at 0.4 to 0.6 (Yehia, Kuratate & Vatikiotis-Bateson
2002; Munhall et al. 2004), nods on stressed syllables (Hadar et al. 1983), brows on pitch accents (Graf et al. 2002).
The network's own head moves plausibly but by chance; this layer is worked out from the sound alone, forwards in time
with a little hearing ahead, so a stream and a whole file give the same. The seed makes some phrases livelier.
"""

from __future__ import annotations

import numpy as np

AHEAD_FRAMES = 8
"""How far the sound is heard ahead of the frame it moves: heads lead voices a little, and the filters below lag."""
_LIFT_PER_SEMITONE, _LIFT_MOST = 0.50, 2.4  # degrees
_NOD_DEGREES, _NOD_MOST = 8.0, 3.0
_BROW_FROM, _BROW_PER_SEMITONE, _BROW_MOST = 1.5, 0.07, 0.32
_VOICED = 0.2  # of the feature, -1 to 1
_QUIET = 0.35  # loudness under which nobody speaks: 20 dB under the speech
_PHRASE_FRAMES, _USUAL_FRAMES = 15, 200
_LIVELY = (0.65, 1.35)


class VoiceAccents:
    """Lift of the head in degrees and raise of the brows, frame by frame.

    Args:
        seed: how lively each phrase is.
    """

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._phrase, self._silent = 0, _PHRASE_FRAMES
        self._gain = self._drawn()
        self._usual, self._voiced = 0.0, 0  # pitch in octaves, slowly followed; frames of it so far
        self._contour = self._quick = self._slow = self._nod = self._brow = self._lift = 0.0

    def chunk(self, voicing: np.ndarray, pitch: np.ndarray, loudness: np.ndarray) -> np.ndarray:
        """(F, 2) degrees of lift and weight of the brows' raise for the next frames.

        Args:
            voicing: (F,) strength, -1 to 1, 50 a second.
            pitch: (F,) octaves, where voiced.
            loudness: (F,) dB against the level of the speech.
        """
        made = np.empty((len(voicing), 2), np.float32)
        level = np.clip(np.asarray(loudness, np.float64) / 30.0 + 1.0, 0.0, 1.3)
        for index, (voiced, tone, loud) in enumerate(zip(voicing, pitch, level)):
            made[index] = self._frame(float(voiced), float(tone), float(loud))
        return made

    def _frame(self, voiced: float, tone: float, loud: float) -> tuple[float, float]:
        self._count(loud)
        semitones = 0.0
        if voiced > _VOICED and loud > _QUIET:
            self._voiced += 1
            self._usual += (tone - self._usual) / min(self._voiced, _USUAL_FRAMES)
            semitones = float(np.clip(12.0 * (tone - self._usual), -6.0, 8.0))
            self._contour += (semitones - self._contour) / 6.0
        else:
            self._contour -= self._contour / 20.0
        self._quick += (loud - self._quick) / 4.0
        self._slow += (loud - self._slow) / 30.0
        beat = self._quick - self._slow if loud > _QUIET or self._quick > _QUIET else 0.0
        self._nod += (float(np.clip(_NOD_DEGREES * beat, -_NOD_MOST, _NOD_MOST)) - self._nod) / 4.0
        lift = float(np.clip(_LIFT_PER_SEMITONE * self._contour, -_LIFT_MOST, _LIFT_MOST))
        self._lift += (self._gain * (lift - self._nod) - self._lift) / 3.0
        brow = float(np.clip(_BROW_PER_SEMITONE * (self._contour - _BROW_FROM), 0.0, _BROW_MOST))
        self._brow += (self._gain * brow - self._brow) / 5.0
        return self._lift, self._brow

    def _count(self, loud: float) -> None:
        """A new phrase begins when somebody speaks after a pause; it gets a liveliness of its own."""
        if loud <= _QUIET:
            self._silent += 1
            return
        if self._silent >= _PHRASE_FRAMES:
            self._phrase += 1
            self._gain = self._drawn()
        self._silent = 0

    def _drawn(self) -> float:
        return float(np.random.default_rng([self._seed, 0xACC, self._phrase]).uniform(*_LIVELY))
