"""How heads move when nobody asks them to: real clips, the corpus's idle life and the models', band by band.

``python -m benchmarks.head_motion CLIP.mp4 ... [--models] [--cache FOLDER]`` tracks the clips without any
smoothing and prints the root mean square of head and gaze angles in four frequency bands, in degrees, of the
whole clips and of their calmest stretches (a clip may show somebody talking); beside them the corpus's idle life and,
with ``--models``, what the trained models make of no prompt at all.

A tracker trembles where a head does not: heads have next to no motion above 9 Hz, so what is measured there
is taken for white noise and its share is taken off every band (``floor`` is what it amounts to in the highest band).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from flame.rotations import axis_angle_to_matrix, compose, yaw_pitch_roll
from flame.sequence import FlameSequence

BANDS_HZ = ((0.05, 0.5), (0.5, 2.0), (2.0, 5.0), (5.0, 12.0))
ANGLES = ("yaw", "pitch", "roll", "gaze_yaw", "gaze_pitch")
_NOISE_FROM_HZ = 9.0
_CALM_SECONDS = 2.0
_CALM_SHARE = 25.0  # percent of the stretches, the calmest


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--cache", type=Path, default=None, help="keep tracked motion here")
    parser.add_argument("--models", action="store_true", help="also the trained models on an empty plan")
    parser.add_argument("--seeds", type=int, default=12)
    options = parser.parse_args(arguments)
    real = [angles_of(tracked(path, options.cache)) for path in options.clips]
    rows = {}
    if real:
        rows["real clips, whole"] = whole_bands(real, denoise=True)
        rows["real clips, calm"] = calm_bands(real, denoise=True)
        rows["real clips, floor"] = floor_bands(real)
    made = [angles_of(sequence) for sequence in corpus_idle(options.seeds)]
    rows["corpus idle, whole"], rows["corpus idle, calm"] = whole_bands(made), calm_bands(made)
    if options.models:
        made = [angles_of(sequence) for sequence in model_idle(options.seeds)]
        rows["models idle, whole"], rows["models idle, calm"] = whole_bands(made), calm_bands(made)
    print("| RMS, degrees | " + " | ".join(f"{low:g}-{high:g} Hz" for low, high in BANDS_HZ) + " |")
    print("|---" * (1 + len(BANDS_HZ)) + "|")
    for angle in range(len(ANGLES)):
        for name, table in rows.items():
            cells = " | ".join("-" if np.isnan(v) else f"{v:.3f}" for v in table[angle])
            print(f"| {ANGLES[angle]}: {name} | {cells} |")


def tracked(path: Path, cache: Path | None = None) -> FlameSequence:
    """The motion of the face in a clip as tracked frame by frame, nothing smoothed, held under ``cache``."""
    kept = None if cache is None else cache / f"{path.stem}.npz"
    if kept is not None and kept.exists():
        return FlameSequence.load(kept)
    from flame.fitting import fit_landmarks
    from flame.fitting.track import FaceTracker
    from flame.fitting.track_smoothing import Smoothing
    from flame.head import load_head
    from mvportrait.media.clips import open_clip
    from mvvideo.evaluation.faces import FaceFollower
    from mvvideo.portrait.detect import default_face_finder

    clip, head = open_clip(path), load_head("open")
    follower, tracker = FaceFollower(default_face_finder()), None
    raw = Smoothing(pose_hz=None, expression_hz=None, gaze_hz=None)
    for frame in clip.frames():
        points = follower.find(frame)
        if tracker is None:
            if points is None:
                continue
            fit = fit_landmarks(points[None], height=frame.shape[0], width=frame.shape[1], head=head)
            tracker = FaceTracker.from_fit(fit, points, head=head, fps=clip.fps, smoothing=raw)
        tracker.add(points)
    if tracker is None:
        raise SystemExit(f"no face in {path}")
    sequence = tracker.result().sequence
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        sequence.save(kept)
    return sequence


def corpus_idle(seeds: int, *, seconds: float = 10.0) -> Iterable[FlameSequence]:
    """The corpus with nothing to do."""
    from text2motion.corpus.scenes import perform_plan

    return (perform_plan([], seconds=seconds, seed=seed) for seed in range(seeds))


def model_idle(seeds: int, *, seconds: float = 10.0) -> Iterable[FlameSequence]:
    """The trained models with nothing to do."""
    from text2motion.generation import default_models

    head, face = default_models()
    for seed in range(seeds):
        options = {"seconds": seconds, "seed": seed}
        made = {**head.generate([], **options), **face.generate([], **options)}
        yield FlameSequence.neutral(len(made["neck"])).replace(**made)


def angles_of(sequence: FlameSequence) -> tuple[np.ndarray, float]:
    """(T, 5) head and gaze angles in degrees, in the order of ``ANGLES``, and the rate."""
    head = axis_angle_to_matrix(compose(sequence.rotation, sequence.neck))
    left, right = (yaw_pitch_roll(axis_angle_to_matrix(sequence.eyes[:, k : k + 3])) for k in (0, 3))
    gaze = [(left[k] + right[k]) / 2 for k in (0, 1)]
    return np.degrees(np.stack([*yaw_pitch_roll(head), *gaze], axis=1)), sequence.fps


def spectrum(angles: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (T - 1,) and mean squares (T - 1, A) of a cosine transform: no jump where the ends meet."""
    from scipy.fft import dct

    power = dct(angles - angles.mean(axis=0), norm="ortho", axis=0)[1:] ** 2 / len(angles)
    return np.arange(1, len(angles)) * fps / (2 * len(angles)), power


def band_squares(angles: np.ndarray, fps: float, *, floor: np.ndarray | None = None) -> np.ndarray:
    """(A, B) mean squares in ``BANDS_HZ``, less ``floor`` (A,), a mean square per Hz."""
    hz, power = spectrum(angles, fps)
    rows = []
    for low, high in BANDS_HZ:
        inside = (hz >= low) & (hz < high)
        total = power[inside].sum(axis=0)
        if floor is not None:
            total = np.maximum(total - floor * (min(high, hz[-1]) - low), 0.0)
        rows.append(total)
    return np.stack(rows, axis=1)


def noise_floor(angles: np.ndarray, fps: float) -> np.ndarray:
    """(A,) mean square per Hz above the frequencies of heads; the median, which blinks do not lift."""
    hz, power = spectrum(angles, fps)
    density = power[hz >= _NOISE_FROM_HZ] / (hz[1] - hz[0])
    return np.median(density, axis=0) / 0.455  # the median of a squared normal variable


def whole_bands(clips: list[tuple[np.ndarray, float]], *, denoise: bool = False) -> np.ndarray:
    """(A, B) RMS over all clips; the median clip stands for them."""
    squares = [band_squares(a, fps, floor=noise_floor(a, fps) if denoise else None) for a, fps in clips]
    return np.sqrt(np.median(squares, axis=0))


def calm_bands(clips: list[tuple[np.ndarray, float]], *, denoise: bool = False) -> np.ndarray:
    """(A, B) RMS of the calmest stretches of all clips; NaN in the band that they are too short for."""
    rows = []
    for angles, fps in clips:
        floor = noise_floor(angles, fps) if denoise else None
        length = round(_CALM_SECONDS * fps)
        for start in range(0, len(angles) - length + 1, length // 4):
            rows.append(band_squares(angles[start : start + length], fps, floor=floor))
    found = np.sqrt(np.percentile(rows, _CALM_SHARE, axis=0))
    found[:, 0] = np.nan
    return found


def floor_bands(clips: list[tuple[np.ndarray, float]]) -> np.ndarray:
    """(A, B) RMS of the noise that was taken off."""
    floors = np.median([noise_floor(a, fps) for a, fps in clips], axis=0)
    return np.sqrt(np.stack([floors * (high - low) for low, high in BANDS_HZ], axis=1))


if __name__ == "__main__":
    main()
