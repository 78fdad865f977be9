"""What text to motion costs: seconds of a prompt and of a script, and memory against length.

    python -m benchmarks.text [--threads 2] [--repeats 5] [--steps 10,50] [--memory 60,600]

All numbers come from one process with everything loaded; the first row of each table is the reference, and ``ratio``
compares with it in the same run. ``processor`` is processor time of all threads (trust it on a machine that does
other work), ``clock`` is what a user waits. Every prompt is one whose words the encoder has not seen yet, so that the
text encoder's time counts. Memory is the growth of the process' resident size while a script streams, which is what
has to be there besides the models; the pieces are thrown away as a writer would.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from text2motion.generation import generate
from text2motion.script import generate_script, parse_script, stream_script

_SUBJECTS = (
    "She",
    "He",
    "The woman",
    "The man",
    "A girl",
    "The old man",
    "A boy",
    "The singer",
    "Someone",
    "The host",
)
_ACTIONS = (
    "turns left",
    "nods twice, smiling",
    "looks up",
    "shakes the head",
    "raises both eyebrows",
    "tilts the head to the right",
    "frowns and looks down",
    "laughs",
    "winks with the left eye",
    "talks",
)


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.text",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", default="10,50", help="numbers of sampling steps, the reference first")
    parser.add_argument(
        "--memory", default="60,600", help="lengths of scripts in seconds, the reference first"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore", UserWarning)
    prompts = _prompts()
    generate(next(prompts), seconds=4.0)
    generate_script(_script(10), steps=2)
    steps = [int(part) for part in options.steps.split(",")]
    _times(
        "4 s prompt", lambda count: generate(next(prompts), seconds=4.0, steps=count), steps, options.repeats
    )
    _times(
        "60 s script",
        lambda count: generate_script(_script(60), steps=count),
        steps,
        max(options.repeats // 2, 1),
    )
    _memory([float(part) for part in options.memory.split(",")])
    return 0


def _prompts() -> Iterator[str]:
    """Sentences that differ from each other."""
    for subject, first, then in itertools.product(_SUBJECTS, _ACTIONS, _ACTIONS):
        if first != then:
            yield f"{subject} {first}, then {then}"


def _script(seconds: float) -> list[dict[str, object]]:
    """A segment every 2.5 seconds."""
    starts = [2.5 * index for index in range(int(seconds / 2.5))]
    return [
        {"start": start, "end": start + 2.5, "text": _ACTIONS[index % len(_ACTIONS)]}
        for index, start in enumerate(starts)
    ]


def _times(name: str, run: Callable[[int], object], steps: list[int], repeats: int) -> None:
    reference = None
    for count in steps:
        processor, clock = [], []
        for _ in range(repeats):
            before, started = time.process_time(), time.perf_counter()
            run(count)
            processor.append(time.process_time() - before)
            clock.append(time.perf_counter() - started)
        middle = sorted(processor)[len(processor) // 2]
        reference = reference or middle
        _say(
            f"{name:12s} {count:3d} steps: processor {middle:6.3f} s, clock {sorted(clock)[len(clock) // 2]:6.3f} s, "
            f"ratio {middle / reference:4.1f}"
        )


def _memory(lengths: list[float]) -> None:
    reference = None
    for seconds in lengths:
        script = parse_script(_script(seconds))
        before = _resident_megabytes()
        peak, frames = [before], 0
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(peak, done))
        watcher.start()
        for piece in stream_script(script, steps=4):
            frames += piece.frames
        done.set()
        watcher.join()
        grown = peak[0] - before
        reference = reference or max(grown, 1.0)
        _say(
            f"stream of {seconds:5.0f} s, {frames} frames: memory +{grown:5.1f} MB, ratio {grown / reference:4.1f}"
        )
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    _say(f"whole process at its highest: {whole:.0f} MB")


def _watch(peak: list[float], done: threading.Event) -> None:
    while not done.wait(0.02):
        peak[0] = max(peak[0], _resident_megabytes())


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
