"""When each phone of recorded English speech is spoken: forced alignment with a transcript, or free decoding.

pocketsphinx does the work; its English model and dictionary are inside its wheel (``pip install pocketsphinx``).
Nothing else in the package needs it: without it, speech drives lips by the network alone.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from driving.speech.phones import SILENCE, PhoneSpan, from_arpabet, spread, tidy
from driving.speech.resampling import SAMPLE_RATE, StreamResampler
from driving.speech.spelling import numbers_in_words, pronounce
from flame.errors import InputError, MissingDependencyError, input_error

_FRAME_SECONDS = 0.01
_LONGEST_SECONDS = 600.0
_SHORTEST_SECONDS = 0.2
# Wide beams: a transcript is to be followed even where the voice or the room is unusual. The search for a
# better path in the lattice drops last words and leaves the alignment without a way through (8 of 20 clear sentences).
_WIDE: dict[str, Any] = {"beam": 1e-120, "pbeam": 1e-120, "wbeam": 1e-100, "bestpath": False}


def align(samples: np.ndarray, sample_rate: int, transcript: str) -> list[PhoneSpan]:
    """Phones of a transcript with the times at which they are spoken.

    Args:
        samples: (N,) mono, [-1, 1], 0.2 s to 10 minutes.
        sample_rate: Hz.
        transcript: what is said, in English; case, punctuation and digits do not matter. Words that the
            dictionary lacks are pronounced by rule.

    Returns:
        Spans from 0 to the end, silences included.

    Raises:
        MissingDependencyError: pocketsphinx is not installed.
        InputError: no words, no usable sound, or the two do not fit each other.
    """
    words = words_of(transcript)
    if not words:
        raise input_error(
            InputError, "a transcript needs words", repr(transcript), "write what is said, in English"
        )
    sound, seconds = _sound(samples, sample_rate)
    search = decoder(lm=None, **_WIDE)
    for word in dict.fromkeys(words):
        if search.lookup_word(word) is None:
            search.add_word(word, pronounce(word), False)
    search.set_align_text(" ".join(words))
    try:
        _process(search, sound)
        search.set_alignment()
        _process(search, sound)
        found = search.get_alignment()
    except RuntimeError as error:
        raise _no_fit(transcript) from error
    if found is None:
        raise _no_fit(transcript)
    return tidy(_phones_of(found), seconds)


def decode_phones(samples: np.ndarray, sample_rate: int) -> list[PhoneSpan]:
    """Phones heard in English speech without a transcript: less sure than :func:`align`.

    The words that are recognised are aligned; where no words are found, phones are decoded alone.

    Raises:
        MissingDependencyError: pocketsphinx is not installed.
        InputError: no usable sound.
    """
    sound, seconds = _sound(samples, sample_rate)
    spans = aligned_words(decoder(bestpath=False), sound)
    if sum(span.symbol != SILENCE for span in spans) > 2.0 * seconds:
        return tidy(spans, seconds)
    return _phones_alone(sound, seconds)


def aligned_words(search: Any, sound: bytes) -> list[PhoneSpan]:
    """Phones of the words that a decoder hears in 16-bit sound at 16 kHz; [] where it hears none."""
    try:
        search.activate_search("_default")
        _process(search, sound)
        if search.hyp() is None:
            return []
        search.set_alignment()
        _process(search, sound)
        found = search.get_alignment()
    except RuntimeError:  # no way through these frames
        return []
    return _phones_of(found)


def recognised(search: Any, sound: bytes) -> list[tuple[list[str], float, float]]:
    """Words that a decoder hears in 16-bit sound at 16 kHz: ARPABET names of the phones, start and end in seconds."""
    try:
        _process(search, sound)
        if search.hyp() is None:
            return []
        segments = list(search.seg())
    except RuntimeError:  # no way through these frames
        return []
    return [
        (names.split(), part.start_frame * _FRAME_SECONDS, (part.end_frame + 1) * _FRAME_SECONDS)
        for part in segments
        if part.word[0] not in "<[" and (names := search.lookup_word(part.word))
    ]


def _phones_of(alignment: Any) -> list[PhoneSpan]:
    spans: list[PhoneSpan] = []
    for word in alignment or ():
        for phone in word:
            start = phone.start * _FRAME_SECONDS
            spans += _spans(phone.name, start, start + phone.duration * _FRAME_SECONDS)
    return spans


def words_of(transcript: str) -> list[str]:
    """The words of a text as the dictionary writes them: small letters, numbers spelt out, brackets left out."""
    text = re.sub(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>", " ", transcript.lower())
    text = numbers_in_words(text.replace("’", "'").replace("‘", "'"))
    return [word for word in (found.strip("'") for found in re.findall(r"[a-z']+", text)) if word]


def _phones_alone(sound: bytes, seconds: float) -> list[PhoneSpan]:
    import pocketsphinx

    language_model = pocketsphinx.get_model_path("en-us/en-us-phone.lm.bin")
    search = decoder(allphone=language_model, lm=None, lw=2.0, beam=1e-20, pbeam=1e-20)
    _process(search, sound)
    spans: list[PhoneSpan] = []
    for part in search.seg() or ():
        spans += _spans(part.word, part.start_frame * _FRAME_SECONDS, (part.end_frame + 1) * _FRAME_SECONDS)
    return tidy(spans, seconds)


def _sound(samples: np.ndarray, sample_rate: int) -> tuple[bytes, float]:
    sound, seconds = sixteen_bit(samples, sample_rate, longest=_LONGEST_SECONDS)
    return sound.tobytes(), seconds


def _spans(name: str, start: float, end: float) -> list[PhoneSpan]:
    return spread(from_arpabet(name) or ("_",), start, end)


def sixteen_bit(
    samples: np.ndarray, sample_rate: int, *, longest: float = float("inf")
) -> tuple[np.ndarray, float]:
    """16-bit samples (M,) at the model's 16 kHz, at an even level, and the length in seconds.

    Raises:
        InputError: not mono, not finite, too short, longer than ``longest`` seconds, or silent.
    """
    given = np.asarray(samples, np.float32)
    if given.ndim != 1 or not np.isfinite(given).all():
        raise input_error(
            InputError, "speech to align must be finite mono samples", given.shape, "mix it down"
        )
    seconds = len(given) / sample_rate
    if not _SHORTEST_SECONDS <= seconds <= longest:
        raise input_error(
            InputError,
            f"speech to align must last {_SHORTEST_SECONDS:g} s to {longest / 60.0:g} minutes",
            f"{seconds:.2f} s",
            "cut it into parts",
        )
    peak = float(np.abs(given).max())
    if peak < 1e-4:
        raise input_error(
            InputError, "there is nothing to hear", f"peak {peak:.1e}", "give a recording of speech"
        )
    resampler, generator = StreamResampler(sample_rate), np.random.default_rng(0)
    pieces = []
    # A second at a time; the last, empty block brings the rest.
    for start in range(0, len(given) + sample_rate, sample_rate):
        block = given[start : start + sample_rate] * (0.7 / peak)
        even = resampler.push(block) if len(block) else resampler.finish()
        even = even + generator.normal(0.0, 2e-5, len(even))  # digital silence upsets the model
        pieces.append((np.clip(even, -1.0, 1.0) * 32767.0).astype(np.int16))
    return np.concatenate(pieces), seconds


def decoder(**options: Any) -> Any:
    """A decoder of pocketsphinx's English model.

    Raises:
        MissingDependencyError: pocketsphinx is not installed.
    """
    return pocketsphinx_module().Decoder(samprate=SAMPLE_RATE, loglevel="FATAL", **options)


def pocketsphinx_module() -> Any:
    """The recogniser.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import pocketsphinx
    except ImportError as error:
        raise MissingDependencyError(
            "pocketsphinx",
            purpose="to hear words and to align speech with its transcript",
            install="pip install pocketsphinx",
        ) from error
    return pocketsphinx


def _process(search: Any, sound: bytes) -> None:
    search.start_utt()
    search.process_raw(sound, full_utt=True)
    search.end_utt()


def _no_fit(transcript: str) -> InputError:
    return input_error(
        InputError,
        "the transcript does not fit the recording",
        repr(transcript),
        "check that it is what is said, in English, from beginning to end",
    )
