"""From what a network drew to motion worth showing: smoothing without lag, any frame rate, plausible limits.

Everything works on a stream: chunks of frames come in, chunks go out, and the result does not depend on how
the frames were cut.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

import numpy as np

from flame.easing import smoothstep
from flame.timing import frame_count

#: Half-width of the smoothing kernels in frames of the network.
HALF_WIDTH = 6
#: Frequency in hertz that passes at half strength, by the beginning of a column's name; 0 smooths nothing.
#: Chosen so that the corpus' own motion changes by about 1 to 2 % (root mean square of each group): talking is
#: 5 Hz, a fast nod 3 Hz, and a blink needs all there is; what a network adds above is tremble.
CUTOFF_HZ: tuple[tuple[str, float], ...] = (
    ("neck", 6.0),
    ("rotation", 4.0),
    ("translation", 5.0),
    ("eyelid", 0.0),
    ("eyeBlink", 0.0),
    ("eye_", 7.0),
    ("brow", 4.5),
    ("cheek", 4.5),
    ("mouthSmile", 4.5),
    ("mouthFrown", 4.5),
    ("mouthDimple", 4.5),
    ("lipsPart", 10.0),
    ("", 7.0),
)

#: (knee, limit) of rotation angles in radians: beyond the knee they are pressed together, below the limit.
NECK_LIMIT = (np.radians(70.0), np.radians(85.0))
BUST_LIMIT = (np.radians(25.0), np.radians(40.0))
GAZE_LIMIT = (np.radians(28.0), np.radians(35.0))
JAW_LIMIT = (np.radians(24.4), np.radians(29.0))
TRANSLATION_LIMIT = (0.06, 0.12)  # metres


def cutoff_of(name: str) -> float:
    """Cut-off frequency of a feature column in hertz; 0 where nothing is smoothed."""
    return next(cutoff for start, cutoff in CUTOFF_HZ if name.startswith(start))


@functools.lru_cache(maxsize=32)
def low_pass(cutoff_hz: float, fps: float) -> np.ndarray:
    """Symmetric kernel (2 * HALF_WIDTH + 1,): a windowed sinc, gain 1 at rest and 1/2 at the cut-off.

    Cut-offs from half the frame rate on, and 0, give the kernel that changes nothing.
    """
    taps = np.arange(-HALF_WIDTH, HALF_WIDTH + 1)
    if cutoff_hz <= 0.0 or cutoff_hz >= 0.5 * fps:
        return (taps == 0).astype(np.float32)
    kernel = np.sinc(2.0 * cutoff_hz / fps * taps) * np.kaiser(len(taps), 4.0)
    return (kernel / kernel.sum()).astype(np.float32)


def finish_stream(
    chunks: Iterator[np.ndarray], names: Sequence[str], *, own_fps: float, fps: float, seconds: float
) -> Iterator[np.ndarray]:
    """Smooth features and bring them to another frame rate.

    Args:
        chunks: (n, D) features at the network's rate, covering at least ``seconds``.
        names: of the D columns; they decide how much is smoothed.
        own_fps: the network's rate.
        fps: rate of the result; any rate shows the same motion (cubic interpolation).
        seconds: length of the result.

    Yields:
        (n, D), together ``frame_count(seconds, fps=fps)`` frames. Frame 0 is not smoothed.
    """
    return _resampled(
        _smoothed(chunks, names, own_fps), frames=frame_count(seconds, fps=fps), step=own_fps / fps
    )


def _smoothed(chunks: Iterator[np.ndarray], names: Sequence[str], fps: float) -> Iterator[np.ndarray]:
    """Zero-phase low-pass per column; the ends are continued by point reflection, which keeps them exact."""
    kernels = np.stack([low_pass(cutoff_of(name), fps) for name in names], axis=1)  # (2h+1, D)
    held: np.ndarray | None = None
    for chunk in chunks:
        if held is None:
            if len(chunk) <= HALF_WIDTH:
                chunk = np.concatenate([chunk, *chunks])
            held = np.concatenate([_reflected(chunk, HALF_WIDTH)[::-1], chunk])
        else:
            held = np.concatenate([held, chunk])
        if len(held) > 2 * HALF_WIDTH:
            yield _convolved(held, kernels)
            held = held[len(held) - 2 * HALF_WIDTH :]
    if held is not None:
        held = np.concatenate([held, _reflected(held[::-1], HALF_WIDTH)])
        yield _convolved(held, kernels)


def _reflected(frames: np.ndarray, count: int) -> np.ndarray:
    """(count, D) frames continued beyond the first one, nearest first, as if turned about it."""
    index = np.minimum(np.arange(1, count + 1), len(frames) - 1)
    return 2.0 * frames[0] - frames[index]


def _convolved(frames: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    count = len(frames) - len(kernels) + 1
    result = np.zeros((count, frames.shape[1]), np.float32)
    for tap, weights in enumerate(kernels):
        result += weights * frames[tap : tap + count]
    return result


def _resampled(chunks: Iterator[np.ndarray], *, frames: int, step: float) -> Iterator[np.ndarray]:
    """Catmull-Rom interpolation at positions ``i * step``, i < frames; a step of 1 passes frames through."""
    held, first, done = np.zeros((0, 0), np.float32), 0, 0  # ``first``: index of held[0] in the clip
    for chunk in chunks:
        held = chunk if not held.size else np.concatenate([held, chunk])
        ready = min(frames, int(np.floor((first + len(held) - 2.5) / step)))
        if ready > done:
            yield interpolated(held, np.arange(done, ready) * step - first)
            done = ready
            drop = min(max(int(done * step) - first - 2, 0), len(held) - 1)
            held, first = held[drop:], first + drop
    if done < frames:
        yield interpolated(held, np.arange(done, frames) * step - first)


def interpolated(held: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Catmull-Rom interpolation of (T, D) at fractional frames (N,); the ends are held."""
    last = len(held) - 1
    low = np.clip(np.floor(at + 1e-9).astype(int), 0, last)
    part = np.clip(at - low, 0.0, 1.0)[:, None].astype(np.float32)
    a, b, c, d = (held[np.clip(low + k, 0, last)] for k in (-1, 0, 1, 2))
    slope_b, slope_c = 0.5 * (c - a), 0.5 * (d - b)
    ramp = smoothstep(part)
    curve = b + (c - b) * ramp + part * (1.0 - part) ** 2 * slope_b - part * part * (1.0 - part) * slope_c
    return np.asarray(curve, np.float32)


# ------------------------------------------------------------------------------------------------- limits


def within(vectors: np.ndarray, knee_and_limit: tuple[float, float]) -> np.ndarray:
    """Vectors (..., 3) whose length stays below a limit; up to the knee nothing changes."""
    knee, limit = knee_and_limit
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    pressed = knee + (limit - knee) * np.tanh((length - knee) / (limit - knee))
    return (vectors * np.where(length > knee, pressed / np.maximum(length, 1e-9), 1.0)).astype(np.float32)


def limited(channels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Channels of a FlameSequence within what a person can do.

    Head, bust, gaze (±35°) and jaw are pressed together beyond a knee; the mouth never opens upwards;
    eyelids and rig weights stay in [0, 1].
    """
    result = dict(channels)
    limits = {"neck": NECK_LIMIT, "rotation": BUST_LIMIT, "jaw": JAW_LIMIT, "translation": TRANSLATION_LIMIT}
    for name, limit in limits.items():
        if name in result:
            result[name] = within(result[name], limit)
    if "eyes" in result:
        eyes = result["eyes"]
        result["eyes"] = within(eyes.reshape(-1, 2, 3), GAZE_LIMIT).reshape(eyes.shape)
    if "jaw" in result:
        result["jaw"][:, 0] = np.maximum(result["jaw"][:, 0], 0.0)
    for name in ("eyelids", "expression"):
        if name in result:
            result[name] = np.clip(result[name], 0.0, 1.0)
    return result
