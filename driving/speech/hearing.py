"""English words heard in a recording, fast: what is spoken is cut at its pauses and shared out to two processes.

pocketsphinx does not let go of Python's lock, so threads gain nothing; a process of its own per core does, and the
network works meanwhile. The search is a narrow one among frequent words (a sixth of the default's work; on clear
English it finds p, b, m and f, v as often). It makes up words for other languages, too: :func:`sureness` asks the
network's own ear.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import numpy as np

from driving.speech.alignment import decoder, pocketsphinx_module, recognised, sixteen_bit
from driving.speech.layout import MOTION_FPS
from driving.speech.loudness import RATE, level_db, speech_level_db
from driving.speech.phones import BILABIAL_SEALS, INDEX, SILENCE, PhoneSpan
from driving.speech.placing import HeardWord
from driving.speech.resampling import SAMPLE_RATE
from driving.speech.vocabulary import dictionary_text
from flame.easing import smoothstep

_log = logging.getLogger(__name__)
_PROCESSES = 2
_NARROW: dict[str, Any] = {
    "maxhmmpf": 1000, "maxwpf": 5, "topn": 2, "pl_window": 5, "ds": 2, "fwdflat": False, "bestpath": False,
    "beam": 1e-46, "pbeam": 1e-46, "wbeam": 1e-24, "lpbeam": 1e-36, "lponlybeam": 1e-24,
}  # fmt: skip
_DICTIONARY = "words.dict"
_QUIET_DB = 32.0  # under the level of the speech
_GAP_SECONDS, _MARGIN_SECONDS = 0.35, 0.15
_WHOLE_SECONDS, _LONGEST_SECONDS, _SHORTEST_SECONDS = 16.0, 20.0, 0.3
_SLACK_FRAMES, _AROUND_SECONDS, _FAR_SECONDS = 2, 1.2, 10.0
# How far the words' phones may fall behind the network's best guess: nothing and all of the trust.
_UNSURE, _SURE = 0.62, 0.68
# Chances of p, b, m from which on the network does and surely does hear one that the words lack, and about where.
_FAINT, _CLEAR, _ABOUT_SECONDS, _BESIDE_FRAMES = 0.7, 0.9, 0.08, 2


class Hearing:
    """Words being recognised while other things are done; a context, so that nothing is left running.

    Args:
        samples: (N,) mono in [-1, 1].
        sample_rate: Hz.

    Raises:
        MissingDependencyError: pocketsphinx is not installed.
        InputError: no usable sound.
    """

    def __init__(self, samples: np.ndarray, sample_rate: int) -> None:
        pocketsphinx_module()
        sound, _ = sixteen_bit(samples, sample_rate)
        self._folder = tempfile.TemporaryDirectory(prefix="hearing-")
        self._workers: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        parts = spoken_parts(sound)
        self._starts = [begin / SAMPLE_RATE for begin, _ in parts]
        folder = Path(self._folder.name)
        for number, (begin, end) in enumerate(parts):
            np.save(folder / f"{number}.npy", sound[begin:end])
        (folder / _DICTIONARY).write_text(dictionary_text(), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        for name, numbers in enumerate(_shared_out([end - begin for begin, end in parts])):
            output = (folder / f"{name}.out").open("w+b")
            command = [sys.executable, "-m", "driving.speech.hearing", str(folder), *map(str, numbers)]
            worker = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL, env=environment)
            self._workers.append((worker, output))

    def __enter__(self) -> Hearing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker, output in self._workers:
            worker.kill()
            worker.wait()
            output.close()
        self._folder.cleanup()

    def words(self) -> list[HeardWord]:
        """Wait for it: the words in order; there may be time between them."""
        words: list[HeardWord] = []
        for worker, output in self._workers:
            if worker.wait():
                _log.warning("words were not recognised: the recogniser ended with %d", worker.returncode)
            output.seek(0)
            for line in output:
                found = json.loads(line)
                shift = self._starts[found["part"]]
                words += [HeardWord(tuple(names), a + shift, b + shift) for names, a, b in found["words"]]
        return sorted(words, key=lambda word: word.start)


def spoken_parts(sound: np.ndarray) -> list[tuple[int, int]]:
    """Where somebody may be speaking: samples from and to, cut in pauses, of up to 20 s.

    Args:
        sound: (N,) int16 at 16 kHz.
    """
    level = level_db(sound, SAMPLE_RATE) - 20.0 * np.log10(32768.0)
    loud = level > speech_level_db(level) - _QUIET_DB
    runs: list[list[int]] = []
    for frame in np.flatnonzero(loud):
        if runs and frame - runs[-1][1] <= _GAP_SECONDS * RATE:
            runs[-1][1] = int(frame)
        else:
            runs.append([int(frame), int(frame)])
    joined: list[list[int]] = []
    for run in runs:
        near = joined and run[0] - joined[-1][1] < 2.0 * RATE
        if near and run[1] - joined[-1][0] < _WHOLE_SECONDS * RATE:
            joined[-1][1] = run[1]
        else:
            joined.append(run)
    parts: list[tuple[int, int]] = []
    margin, step = int(_MARGIN_SECONDS * SAMPLE_RATE), int(SAMPLE_RATE / RATE)
    for first, last in joined:
        while last - first > _LONGEST_SECONDS * RATE:
            low, high = first + int(0.6 * _LONGEST_SECONDS * RATE), first + int(_LONGEST_SECONDS * RATE)
            cut = low + int(np.argmin(level[low:high]))
            parts.append((max(first * step - margin, 0), cut * step))
            first = cut
        begin, end = max(first * step - margin, 0), min(last * step + margin, len(sound))
        if end - begin > _SHORTEST_SECONDS * SAMPLE_RATE:
            parts.append((begin, end))
    return parts


def sureness(phones: list[PhoneSpan], merged: np.ndarray) -> np.ndarray:
    """(F,) 0 to 1: how far words are to be trusted, by what the network hears at 50 frames a second.

    Their phones' probability (p, b, m and f, v are one each) is set against the network's best guess, over a
    second or so and over ten. Made-up words fall far behind it, whatever the language; words of an accent that the
    network does not know well fall behind little, since its own guesses are unsure, too.

    Args:
        phones: of the words, silences included.
        merged: (F, 59) probabilities of phones, by :func:`driving.speech.placing.lips_as_one`.
    """
    from scipy.ndimage import gaussian_filter1d

    frames = np.arange(len(merged))
    said = np.zeros(len(merged), np.int64)
    for span in phones:
        said[int(np.ceil(span.start * MOTION_FPS)) : int(np.ceil(span.end * MOTION_FPS))] = INDEX[span.symbol]
    steps = range(-_SLACK_FRAMES, _SLACK_FRAMES + 1)
    own = np.max([merged[np.clip(frames + step, 0, len(merged) - 1), said] for step in steps], axis=0)
    silent = INDEX[SILENCE]
    own = np.where(said == silent, merged[:, silent], own)  # a phone may be some frames off, silence not
    counts = np.where(
        (said != silent) | (merged[:, silent] < 0.5), 1.0, 1e-6
    )  # that nobody speaks is no proof
    own, best = own * counts, merged.max(axis=1) * counts
    near, far = (
        gaussian_filter1d(own, seconds * MOTION_FPS)
        / np.maximum(gaussian_filter1d(best, seconds * MOTION_FPS), 1e-9)
        for seconds in (_AROUND_SECONDS, _FAR_SECONDS)
    )
    behind = 0.5 * (near + far)  # a word is trusted in a recording whose words are
    return smoothstep(behind, _UNSURE, _SURE)


def missed(phones: list[PhoneSpan], merged: np.ndarray) -> np.ndarray:
    """(F,) 0 to 1: where the network clearly hears p, b or m and the words have none about there.

    Recognisers mistake words in noise, on the telephone and from unusual voices; such lips close as the network says.

    Args:
        phones: of the words.
        merged: (F, 59) probabilities of phones, by :func:`driving.speech.placing.lips_as_one`.
    """
    clear = np.clip((merged[:, INDEX[min(BILABIAL_SEALS)]] - _FAINT) / (_CLEAR - _FAINT), 0.0, 1.0)
    for span in phones:
        if span.symbol in BILABIAL_SEALS:
            first = max(int((span.start - _ABOUT_SECONDS) * MOTION_FPS), 0)
            clear[first : int((span.end + _ABOUT_SECONDS) * MOTION_FPS) + 1] = 0.0
    beside = 2 * _BESIDE_FRAMES + 1
    padded = np.pad(clear, _BESIDE_FRAMES)
    return np.max([padded[step : step + len(clear)] for step in range(beside)], axis=0)


def _shared_out(lengths: list[int]) -> list[list[int]]:
    """Numbers of the parts for each process, about as long together."""
    shares: list[list[int]] = [[] for _ in range(min(_PROCESSES, len(lengths)))]
    loads = [0] * len(shares)
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        lightest = loads.index(min(loads))
        shares[lightest].append(number)
        loads[lightest] += lengths[number]
    return shares


def main(arguments: Sequence[str] | None = None) -> None:
    """A worker: ``python -m driving.speech.hearing FOLDER NUMBER...``; a line of JSON for each part."""
    folder, *numbers = sys.argv[1:] if arguments is None else arguments
    listener = decoder(dict=str(Path(folder) / _DICTIONARY), **_NARROW)
    for number in map(int, numbers):
        words = recognised(listener, np.load(Path(folder) / f"{number}.npy").tobytes())
        sys.stdout.write(json.dumps({"part": number, "words": words}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
