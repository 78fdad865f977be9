"""What the mouth does for each phone: targets, and how strongly each sound insists on them.

Seven task variables describe the visible mouth, each with a target and a *dominance* per phone
(Löfqvist 1990; Cohen & Massaro, Modeling Coarticulation in Synthetic Visual Speech, 1993): a sound with a high
dominance gets its way, one with a low dominance lets the neighbours pass through.

==============  ==================================================================================
``aperture``    gap of the inner lips, mm (before stress, loudness and style)
``jaw``         jawOpen, 1 = 24.4 degrees
``rounding``    lips drawn in and forward (u, w: 1)
``funnel``      lips flared forward (sh, open o)
``spread``      corners drawn back (i, e, s)
``tongue_up``   blade at the ridge behind the upper teeth (t, d, n, l)
``tongue_out``  tip between the teeth (th)
==============  ==================================================================================

Two more are demands, not targets, and are met in full whatever the neighbours want: the seal of p, b, m and the
contact of lower lip and upper teeth of f, v.

Where numbers come from: lip heights of vowels after Fromkin, Lip Positions in American English Vowels (1964)
and Montgomery & Jackson, Physical Characteristics of the Lips Underlying Vowel Lipreading (1983), taken at
some two thirds for fluent speech; jaw by vowel height, and high for sibilants, after Lindblom & Sundberg (1971)
and Mooshammer, Hoole & Geumann, Jaw and Order (2007); velar and glottal consonants take the lips of their vowels;
fricatives with teeth close; protrusion of sh and r after Perkell et al. (1993) and Delattre & Freeman (1968).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from driving.speech.phones import PHONES, SILENCE, Phone

TASKS: tuple[str, ...] = ("aperture", "jaw", "rounding", "funnel", "spread", "tongue_up", "tongue_out")
TASK: dict[str, int] = {name: index for index, name in enumerate(TASKS)}

# Reach of a phone's dominance before its own time (anticipation) and after it (carry-over), in seconds at an
# average rate. Rounding runs far ahead (Perkell & Matthies 1992; 100-200 ms), carry-over is shorter.
ANTICIPATION_SECONDS = np.array([0.065, 0.085, 0.150, 0.110, 0.100, 0.055, 0.055])
CARRY_OVER_SECONDS = np.array([0.055, 0.070, 0.085, 0.070, 0.075, 0.045, 0.045])


@dataclass(frozen=True)
class Viseme:
    """Targets and dominances of one phone, in the order of :data:`TASKS`, (7,) each."""

    target: np.ndarray
    dominance: np.ndarray


def viseme(symbol: str) -> Viseme:
    """The viseme of a phone of the inventory."""
    return _table()[symbol]


@lru_cache(maxsize=1)
def _table() -> dict[str, Viseme]:
    return {symbol: _of(phone) for symbol, phone in PHONES.items()}


def _of(phone: Phone) -> Viseme:
    if phone.symbol == SILENCE:
        return _make((0, 0, 0, 0, 0, 0, 0), (1.0, 1.0, 0.5, 0.5, 0.5, 0.6, 0.6))
    if phone.kind == "vowel":
        return _vowel(phone)
    return _consonant(phone)


def _make(target: tuple[float, ...], dominance: tuple[float, ...]) -> Viseme:
    return Viseme(np.array(target, np.float64), np.array(dominance, np.float64))


def _vowel(phone: Phone) -> Viseme:
    """From height, backness and rounding, continuously: any vowel of any language has its place."""
    openness = 1.0 - phone.height
    jaw = 0.085 + 0.245 * openness - 0.03 * phone.rounded * phone.height
    plain = 6.2 + 7.6 * openness  # spread lips open further than the jaw alone
    round_gap = 2.8 + 8.2 * openness
    aperture = plain + phone.rounded * (round_gap - plain)
    rounding = phone.rounded * (0.42 + 0.48 * phone.height)
    funnel = 0.42 * phone.rounded * min(1.0, 0.35 + openness)
    spread = max(0.0, 1.0 - phone.rounded) * (1.0 - phone.back) * (0.25 + 0.65 * phone.height)
    reduced = 0.55 if phone.symbol in "əɨɚ" else 1.0  # schwa takes what comes
    dominance = (0.85, 0.75, 1.0 if phone.rounded > 0.3 else 0.5, 0.9 if phone.rounded > 0.3 else 0.5)
    return _make(
        (aperture, jaw, rounding, funnel, spread, 0.0, 0.0),
        tuple(reduced * value for value in (*dominance, 0.6, 0.35, 0.5)),
    )


# place -> (targets, dominances); manner changes them below.
_PLACES: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "bilabial": ((0.0, 0.065, 0.0, 0.0, 0.0, 0.0, 0.0), (0.5, 0.45, 0.10, 0.10, 0.10, 0.20, 0.4)),
    "labiodental": ((2.0, 0.055, 0.0, 0.0, 0.10, 0.0, 0.0), (0.9, 0.60, 0.25, 0.25, 0.20, 0.20, 0.4)),
    "dental": ((5.0, 0.075, 0.0, 0.0, 0.15, 0.1, 0.45), (0.7, 0.60, 0.15, 0.15, 0.20, 0.60, 1.0)),
    "alveolar": ((4.8, 0.060, 0.0, 0.0, 0.20, 0.75, 0.0), (0.45, 0.55, 0.12, 0.12, 0.20, 1.00, 0.5)),
    "postalveolar": ((5.4, 0.040, 0.38, 0.45, 0.0, 0.40, 0.0), (0.8, 0.85, 0.70, 0.80, 0.50, 0.60, 0.5)),
    "palatal": ((5.0, 0.070, 0.0, 0.0, 0.45, 0.20, 0.0), (0.45, 0.50, 0.20, 0.20, 0.40, 0.40, 0.4)),
    "velar": ((6.2, 0.110, 0.0, 0.0, 0.05, 0.0, 0.0), (0.22, 0.30, 0.05, 0.05, 0.08, 0.25, 0.4)),
    "glottal": ((6.5, 0.120, 0.0, 0.0, 0.0, 0.0, 0.0), (0.08, 0.08, 0.03, 0.03, 0.03, 0.05, 0.2)),
    "labiovelar": ((1.9, 0.060, 0.95, 0.15, 0.0, 0.0, 0.0), (1.1, 0.70, 1.10, 0.80, 0.60, 0.20, 0.4)),
}
_SPECIAL: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "s": ((4.2, 0.028, 0.0, 0.0, 0.38, 0.55, 0.0), (0.7, 1.0, 0.15, 0.15, 0.35, 0.8, 0.5)),
    "z": ((4.2, 0.030, 0.0, 0.0, 0.34, 0.55, 0.0), (0.7, 1.0, 0.15, 0.15, 0.35, 0.8, 0.5)),
    "l": ((6.0, 0.100, 0.0, 0.0, 0.12, 1.0, 0.05), (0.5, 0.50, 0.12, 0.12, 0.20, 1.2, 0.6)),
    "ɹ": ((4.6, 0.070, 0.42, 0.25, 0.0, 0.15, 0.0), (0.6, 0.50, 0.45, 0.45, 0.40, 0.4, 0.4)),
    "β": ((1.2, 0.060, 0.10, 0.0, 0.0, 0.0, 0.0), (0.9, 0.45, 0.20, 0.20, 0.20, 0.2, 0.4)),
    "ʋ": ((2.6, 0.060, 0.0, 0.0, 0.05, 0.0, 0.0), (0.8, 0.50, 0.25, 0.25, 0.20, 0.2, 0.4)),
    "ɥ": ((2.2, 0.060, 0.85, 0.15, 0.0, 0.0, 0.0), (1.0, 0.60, 1.00, 0.80, 0.50, 0.2, 0.4)),
    "ɕ": ((4.8, 0.040, 0.05, 0.10, 0.35, 0.40, 0.0), (0.7, 0.85, 0.25, 0.25, 0.40, 0.6, 0.5)),
}


def _consonant(phone: Phone) -> Viseme:
    return _make(*_SPECIAL.get(phone.symbol, _PLACES[phone.place]))
