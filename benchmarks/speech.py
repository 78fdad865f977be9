"""What speech to motion costs: against real time, with and without the words, and memory against length.

    python -m benchmarks.speech RECORDING [--seconds 15,60,600] [--threads N]

The recording (anything that ``--audio`` takes) is repeated to each length. Every row drives the whole of it with a
driver that is loaded: by the network alone, with English words heard beside it (the default), and as the named
alternative the recogniser by itself as it comes, in one process with its full vocabulary. ``ratio`` compares with the
network alone in the same run; ``processor`` is the time of all processes (trust it on a machine that does other work),
``clock`` is what a user waits. Memory is the resident size of the process after the row; it only grows.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from driving.speech import SpeechDriver, SpeechRequest
from driving.speech.alignment import decode_phones
from flame.errors import MVPortraitError
from mvportrait.media.audio import DRIVER_SAMPLE_RATE, open_audio


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speech",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("recording", type=Path)
    parser.add_argument("--seconds", default="15,60,600")
    parser.add_argument("--threads", type=int, default=0, help="of PyTorch, 0 for its own choice")
    given = parser.parse_args(arguments)
    if given.threads:
        import torch

        torch.set_num_threads(given.threads)
    try:
        sound = open_audio(given.recording).read(DRIVER_SAMPLE_RATE)
    except MVPortraitError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    driver = SpeechDriver()
    driver.drive(_request(sound[: 2 * DRIVER_SAMPLE_RATE], recognise=False))
    print(f"{os.cpu_count()} processors")
    print(
        f"{'seconds':>8} {'':22} {'clock':>8} {'times real':>11} {'processor':>10} {'ratio':>6} {'memory, MB':>11}"
    )
    for seconds in (float(text) for text in given.seconds.split(",")):
        repeated = np.resize(sound, round(seconds * DRIVER_SAMPLE_RATE))
        rows: dict[str, Callable[[], object]] = {
            "network alone": lambda: driver.drive(_request(repeated, recognise=False)),  # noqa: B023
            "words heard": lambda: driver.drive(_request(repeated, recognise=True)),  # noqa: B023
        }
        if seconds <= 60:
            rows["full recogniser alone"] = lambda: decode_phones(repeated, DRIVER_SAMPLE_RATE)  # noqa: B023
        reference = 0.0
        for name, work in rows.items():
            processor, clock = _processor_seconds(), time.perf_counter()
            work()
            clock, processor = time.perf_counter() - clock, _processor_seconds() - processor
            reference = reference or clock
            print(
                f"{seconds:8.0f} {name:22} {clock:8.2f} {seconds / clock:11.1f} {processor:10.2f} "
                f"{clock / reference:6.2f} {_resident_mb():11.0f}",
                flush=True,
            )
    return 0


def _request(sound: np.ndarray, *, recognise: bool) -> SpeechRequest:
    return SpeechRequest(samples=sound, sample_rate=DRIVER_SAMPLE_RATE, recognise=recognise)


def _processor_seconds() -> float:
    """Of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


if __name__ == "__main__":
    sys.exit(main())
