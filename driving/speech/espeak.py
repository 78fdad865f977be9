"""Speech from espeak-ng with the time of every phone, through its library. For making training data only.

The library (Debian: ``espeak-ng``) is looked for on first use; nothing at run time needs it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import lru_cache

import numpy as np

from driving.speech.phones import PHONES, SILENCE, VOWELS, PhoneSpan, from_ipa, spread, tidy
from flame.errors import ConfigError, MissingDependencyError, input_error

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_PHONE_EVENTS, _AS_IPA, _NO_EXIT = 1, 2, 1 << 15
_EVENT_END, _EVENT_PHONE = 0, 7
_UTF8 = 1
_RATE_PARAMETER, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Espeak:
    """The synthesizer of this process (it is one for all; not for use from several threads)."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1"
        try:
            self._library = ctypes.CDLL(name)
        except OSError as error:
            raise MissingDependencyError(
                "espeak-ng", purpose="to make speech to train on", install="apt-get install espeak-ng"
            ) from error
        self.sample_rate = int(
            self._library.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONE_EVENTS | _AS_IPA | _NO_EXIT)
        )
        if self.sample_rate <= 0:
            raise MissingDependencyError(
                "espeak-ng", purpose="to make speech to train on", install="apt-get install espeak-ng-data"
            )
        self._blocks: list[np.ndarray] = []
        self._marks: list[tuple[float, str]] = []
        self._callback = _CALLBACK(self._take)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def say(
        self,
        text: str,
        *,
        voice: str,
        words_per_minute: int = 165,
        pitch: int = 50,
        pitch_range: int = 50,
        word_gap: int = 0,
    ) -> tuple[np.ndarray, list[PhoneSpan]]:
        """Speak a text.

        Args:
            text: what to say, in the language of the voice.
            voice: a language or voice with a variant, such as ``en-us+f3``.
            words_per_minute: 80 to 450.
            pitch, pitch_range: 0 to 100.
            word_gap: units of 10 ms.

        Returns:
            samples (N,) float32 in [-1, 1] at ``sample_rate``, and phones from 0 to its end.

        Raises:
            ConfigError: an unknown voice.
        """
        library = self._library
        if library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise input_error(ConfigError, "espeak-ng has no such voice", voice, "see espeak-ng --voices")
        for parameter, value in (
            (_RATE_PARAMETER, words_per_minute),
            (_PITCH, pitch),
            (_RANGE, pitch_range),
            (_WORD_GAP, word_gap),
        ):
            library.espeak_SetParameter(parameter, int(value), 0)
        self._blocks, self._marks = [], []
        encoded = text.encode("utf-8")
        library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded) + 1), 0, 1, 0, _UTF8, None, None)
        if not self._blocks:
            return np.zeros(0, np.float32), []
        samples = np.concatenate(self._blocks).astype(np.float32) / 32768.0
        return samples, self._spans(samples)

    def _take(
        self, wave: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]
    ) -> int:
        if wave and count > 0:
            self._blocks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        index = 0
        while events[index].type != _EVENT_END:
            if events[index].type == _EVENT_PHONE:
                symbol = events[index].id.string.decode("utf-8", "replace")
                self._marks.append((events[index].audio_position / 1000.0, symbol))
            index += 1
        return 0

    def _spans(self, samples: np.ndarray) -> list[PhoneSpan]:
        """Events mark starts; a symbol in parentheses switches the language, an empty one is a pause."""
        seconds = len(samples) / self.sample_rate
        marks = [mark for mark in self._marks if not mark[1].startswith("(")]
        ends = [start for start, _ in marks[1:]] + [seconds]
        spans: list[PhoneSpan] = []
        for (start, text), end in zip(marks, ends):
            if end - start < 1e-3:
                continue
            symbols = from_ipa(text) or (SILENCE,)
            stress = 1.0 if "ˈ" in text else 0.5 if "ˌ" in text else 0.0
            spans.extend(spread(symbols, start, end, stress))
        return _with_closures(tidy(spans, seconds), samples, self.sample_rate)


@lru_cache(maxsize=1)
def espeak() -> Espeak:
    """The synthesizer, started on first use.

    Raises:
        MissingDependencyError: espeak-ng is not installed.
    """
    return Espeak()


def _with_closures(spans: list[PhoneSpan], samples: np.ndarray, sample_rate: int) -> list[PhoneSpan]:
    """Voiceless stops moved back over the silence of their closure.

    The library marks such a stop at its burst; the hush before it stands in the span before.
    """
    window = max(1, int(0.005 * sample_rate))
    usable = len(samples) // window * window
    if not usable:
        return spans
    level = np.sqrt((samples[:usable].reshape(-1, window) ** 2).mean(axis=1))
    quiet = level < 0.03 * max(float(np.percentile(level, 95)), 1e-6)
    moved = list(spans)
    for index in range(1, len(moved)):
        span, before = moved[index], moved[index - 1]
        if PHONES[span.symbol].manner != "stop" or PHONES[span.symbol].voiced:
            continue
        place = min(int(span.start / 0.005), len(quiet)) - 1
        first = place
        while first >= 0 and place - first < 24 and quiet[first]:
            first -= 1
        start = max((first + 1) * 0.005, span.start - 0.11)
        if before.symbol in VOWELS or before.symbol != SILENCE:
            start = max(start, before.start + 0.4 * before.seconds)
        elif before.seconds < 0.15:
            start = before.start
        if start < span.start:
            moved[index] = PhoneSpan(span.symbol, start, span.end, span.stress)
            moved[index - 1] = PhoneSpan(before.symbol, before.start, start, before.stress)
    return tidy(moved, spans[-1].end if spans else 0.0)
