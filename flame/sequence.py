"""`FlameSequence`: the one type in which motion travels through the project.

A sequence says how a head of one identity moves over T frames, in the parameters of FLAME (Li et al.,
SIGGRAPH Asia 2017). It is frozen: arrays are copied, checked, float32 and read-only.

Turning the head against still shoulders is ``neck``; ``rotation`` and ``translation`` move the whole bust.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.easing import smoothstep
from flame.errors import MotionFileError, input_error
from flame.rig import EXPRESSION_NAMES
from flame.rotations import mirror_axis_angle, slerp
from flame.timing import DEFAULT_FPS, check_fps, frame_count

if TYPE_CHECKING:
    from flame.head import FlameHead

MAX_SHAPE = 300
MAX_EXPRESSION = 100
OPEN_EXPRESSIONS = len(EXPRESSION_NAMES)
#: (name, columns or None when free) of every per-frame array, in storage order.
CHANNELS: tuple[tuple[str, int | None], ...] = (
    ("expression", None),
    ("rotation", 3),
    ("neck", 3),
    ("jaw", 3),
    ("eyes", 6),
    ("eyelids", 2),
    ("translation", 3),
)
_ROTATIONS = ("rotation", "neck", "jaw", "eyes")
_ROUNDING = 1e-4  # eyelids this far outside [0, 1] are float noise and are clipped


@dataclass(frozen=True, eq=False, repr=False)
class FlameSequence:
    """Motion of one head over T frames; validated when made.

    Attributes:
        shape: (S ≤ 300,) identity coefficients.
        expression: (T, E ≤ 100) expression coefficients (rig weights 0..1 for basis "open").
        rotation: (T, 3) axis-angle radians of the whole bust.
        neck, jaw: (T, 3) axis-angle radians of the joint against its parent.
        eyes: (T, 6) axis-angle radians, left then right.
        eyelids: (T, 2) left, right, 0 open to 1 shut.
        translation: (T, 3) metres.
        fps: frames per second.
        basis: name of the head the coefficients belong to.

    Raises:
        MotionFileError: an array has the wrong shape, is not finite or is out of range.
    """

    shape: np.ndarray
    expression: np.ndarray
    rotation: np.ndarray
    neck: np.ndarray
    jaw: np.ndarray
    eyes: np.ndarray
    eyelids: np.ndarray
    translation: np.ndarray
    fps: float = DEFAULT_FPS
    basis: str = "open"

    def __post_init__(self) -> None:
        check_fps(self.fps)
        if not isinstance(self.basis, str) or not self.basis:
            raise input_error(
                MotionFileError, "basis must be the name of a head", self.basis, 'give one such as "open"'
            )
        object.__setattr__(self, "fps", float(self.fps))
        shape = _checked("shape", self.shape, dimensions=1)
        if shape.shape[0] > MAX_SHAPE:
            raise input_error(
                MotionFileError, f"shape may have at most {MAX_SHAPE} numbers", shape.shape, "cut it"
            )
        object.__setattr__(self, "shape", shape)
        frames = None
        for name, columns in CHANNELS:
            array = _checked(name, getattr(self, name), dimensions=2)
            frames = array.shape[0] if frames is None else frames
            _check_columns(name, array, columns, frames)
            if name == "eyelids":
                array = _clipped_eyelids(array)
            object.__setattr__(self, name, array)

    # ------------------------------------------------------------------ making

    @classmethod
    def neutral(
        cls,
        frames: int,
        *,
        fps: float = DEFAULT_FPS,
        basis: str = "open",
        expression_dims: int = OPEN_EXPRESSIONS,
        shape: np.ndarray | None = None,
        shape_dims: int = 100,
    ) -> FlameSequence:
        """A head at rest, eyes open, looking straight ahead, for ``frames`` frames."""
        if int(frames) != frames or frames < 1:
            raise input_error(MotionFileError, "a motion needs at least one frame", frames, "give frames ≥ 1")
        arrays = {
            name: np.zeros((frames, columns or expression_dims), np.float32) for name, columns in CHANNELS
        }
        given = np.zeros(shape_dims, np.float32) if shape is None else shape
        return cls(shape=given, fps=fps, basis=basis, **arrays)

    def replace(self, **changes: Any) -> FlameSequence:
        """A copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)

    # ------------------------------------------------------------------ looking

    @property
    def frames(self) -> int:
        """Number of frames T."""
        return int(self.expression.shape[0])

    @property
    def duration_seconds(self) -> float:
        """T / fps."""
        return self.frames / self.fps

    def __len__(self) -> int:
        return self.frames

    def __repr__(self) -> str:
        return (
            f"FlameSequence({self.frames} frames at {self.fps:g} fps, basis {self.basis!r}, "
            f"shape {self.shape.shape[0]}, expression {self.expression.shape[1]})"
        )

    def __getitem__(self, index: slice | int) -> FlameSequence:
        """Frames of a slice (any step > 0 keeps fps as it is), or one frame as a sequence of length 1."""
        if isinstance(index, (int, np.integer)):
            position = int(index)
            if not -self.frames <= position < self.frames:
                raise IndexError(f"frame {position} of a motion of {self.frames} frames")
            index = slice(position % self.frames, position % self.frames + 1)
        chosen = {name: getattr(self, name)[index] for name, _ in CHANNELS}
        if chosen["rotation"].shape[0] == 0:
            raise input_error(
                MotionFileError, "a motion needs at least one frame", f"{index}", "choose frames inside it"
            )
        return self.replace(**chosen)

    def arrays(self) -> dict[str, np.ndarray]:
        """The per-frame arrays by name, in storage order (read-only views)."""
        return {name: getattr(self, name) for name, _ in CHANNELS}

    def allclose(self, other: FlameSequence, *, atol: float = 1e-5) -> bool:
        """Same basis, rate, sizes and numbers up to ``atol``."""
        if (self.basis, self.frames) != (other.basis, other.frames) or abs(self.fps - other.fps) > 1e-6:
            return False
        names = ["shape", *(name for name, _ in CHANNELS)]
        pairs = [(getattr(self, name), getattr(other, name)) for name in names]
        return all(a.shape == b.shape and np.allclose(a, b, atol=atol) for a, b in pairs)

    # ------------------------------------------------------------------ changing

    def resample(self, fps: float) -> FlameSequence:
        """The same motion at another rate: rotations along great arcs, the rest linearly.

        Frames past the last given one hold it, so that the duration stays the same.
        """
        check_fps(fps)
        if fps == self.fps:
            return self
        count = frame_count(self.duration_seconds, fps=fps)
        positions = np.clip(np.arange(count) * (self.fps / fps), 0.0, self.frames - 1)
        return self.at(positions).replace(fps=fps)

    def at(self, positions: np.ndarray) -> FlameSequence:
        """The motion at fractional frame positions (N,) in [0, T − 1]; keeps fps."""
        where = np.asarray(positions, dtype=np.float64)
        lower = np.clip(np.floor(where).astype(np.int64), 0, self.frames - 1)
        upper = np.minimum(lower + 1, self.frames - 1)
        return _blend(self, lower, self, upper, (where - lower).astype(np.float32))

    def mirror(self, head: FlameHead) -> FlameSequence:
        """The motion as a mirror shows it: left and right swapped.

        Args:
            head: the head of this basis; its mirrored vertices carry shape and expression over.
        """
        from flame.mirroring import mirror_coefficients

        shape, expression = mirror_coefficients(head, self.shape, self.expression)
        eyes = np.concatenate(
            [mirror_axis_angle(self.eyes[:, 3:]), mirror_axis_angle(self.eyes[:, :3])], axis=1
        )
        return self.replace(
            shape=shape,
            expression=expression,
            rotation=mirror_axis_angle(self.rotation),
            neck=mirror_axis_angle(self.neck),
            jaw=mirror_axis_angle(self.jaw),
            eyes=eyes,
            eyelids=self.eyelids[:, ::-1],
            translation=self.translation * np.array([-1, 1, 1], np.float32),
        )

    # ------------------------------------------------------------------ storing

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an ``.npz`` motion file, whole or not at all."""
        from flame.storage import save_motion

        save_motion(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FlameSequence:
        """Read an ``.npz`` motion file; MotionFileError when it is not a good one."""
        from flame.storage import load_motion

        return load_motion(path)


def concatenate(sequences: Sequence[FlameSequence]) -> FlameSequence:
    """One sequence after the other; basis, fps, shape and expression size must agree."""
    if not sequences:
        raise input_error(
            MotionFileError, "nothing to concatenate", "an empty list", "give at least one motion"
        )
    first = sequences[0]
    for other in sequences[1:]:
        _check_joinable(first, other)
    joined = {name: np.concatenate([getattr(s, name) for s in sequences]) for name, _ in CHANNELS}
    return first.replace(**joined)


def crossfade(before: FlameSequence, after: FlameSequence, *, frames: int) -> FlameSequence:
    """``before`` into ``after``: their last and first ``frames`` frames overlap and blend smoothly.

    Returns:
        A sequence of ``len(before) + len(after) − frames`` frames.
    """
    _check_joinable(before, after)
    if not 0 <= frames <= min(len(before), len(after)):
        raise input_error(
            MotionFileError,
            f"a cross-fade must fit in both motions ({len(before)} and {len(after)} frames)",
            frames,
            "give fewer frames",
        )
    if frames == 0:
        return concatenate([before, after])
    ramp = (np.arange(frames, dtype=np.float32) + 1) / (frames + 1)
    weight = smoothstep(ramp)
    start = len(before) - frames
    index = np.arange(frames)
    parts = [_blend(before, start + index, after, index, weight)]
    if start:
        parts.insert(0, before[:start])
    if frames < len(after):
        parts.append(after[frames:])
    return concatenate(parts)


def _blend(
    a: FlameSequence, index_a: np.ndarray, b: FlameSequence, index_b: np.ndarray, weight: np.ndarray
) -> FlameSequence:
    """Frames (N,) of ``a`` moved by ``weight`` (N,) towards frames (N,) of ``b``."""
    mixed = {}
    for name, _ in CHANNELS:
        x, y = getattr(a, name)[index_a], getattr(b, name)[index_b]
        if name in _ROTATIONS:
            triples = (-1, x.shape[1] // 3, 3)
            mixed[name] = slerp(x.reshape(triples), y.reshape(triples), weight[:, None]).reshape(x.shape)
        else:
            mixed[name] = x + weight[:, None] * (y - x)
    return a.replace(**mixed)


def _checked(name: str, given: Any, *, dimensions: int) -> np.ndarray:
    """A read-only float32 copy with the right number of dimensions and only finite numbers."""
    try:
        array = np.array(given, dtype=np.float32, order="C")
    except (TypeError, ValueError) as error:
        raise input_error(
            MotionFileError, f"{name} must be numbers", type(given).__name__, "give an array"
        ) from error
    if array.ndim != dimensions:
        form = "(S,)" if dimensions == 1 else "(T, columns)"
        raise input_error(MotionFileError, f"{name} must have the form {form}", array.shape, "reshape it")
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        raise input_error(
            MotionFileError,
            f"{name} must hold finite numbers only",
            f"{bad} NaN or infinite values",
            "mend the motion",
        )
    array.setflags(write=False)
    return array


def _check_columns(name: str, array: np.ndarray, columns: int | None, frames: int) -> None:
    if frames < 1:
        raise input_error(
            MotionFileError, "a motion needs at least one frame", f"{name} {array.shape}", "add frames"
        )
    if array.shape[0] != frames:
        rule = f"all arrays must have as many frames as expression ({frames})"
        raise input_error(MotionFileError, rule, f"{name} {array.shape}", "make them equally long")
    if columns is not None and array.shape[1] != columns:
        raise input_error(MotionFileError, f"{name} must have {columns} columns", array.shape, "reshape it")
    if columns is None and array.shape[1] > MAX_EXPRESSION:
        rule = f"{name} may have at most {MAX_EXPRESSION} columns"
        raise input_error(MotionFileError, rule, array.shape, "cut it")


def _clipped_eyelids(array: np.ndarray) -> np.ndarray:
    low, high = float(array.min()), float(array.max())
    if low < -_ROUNDING or high > 1 + _ROUNDING:
        raise input_error(
            MotionFileError, "eyelids must lie in [0, 1]", f"values from {low:.4g} to {high:.4g}", "clip them"
        )
    clipped = np.clip(array, 0.0, 1.0)
    clipped.setflags(write=False)
    return clipped


def _check_joinable(a: FlameSequence, b: FlameSequence) -> None:
    if a.basis != b.basis:
        raise input_error(
            MotionFileError,
            "motions of different bases do not join",
            f"{a.basis} and {b.basis}",
            "retarget one",
        )
    if abs(a.fps - b.fps) > 1e-6:
        raise input_error(
            MotionFileError, "motions of different fps do not join", f"{a.fps} and {b.fps}", "resample one"
        )
    if a.expression.shape[1] != b.expression.shape[1]:
        given = f"{a.expression.shape[1]} and {b.expression.shape[1]} columns"
        raise input_error(MotionFileError, "expressions of different sizes do not join", given, "pad one")
    if a.shape.shape != b.shape.shape or not np.allclose(a.shape, b.shape, atol=1e-6):
        raise input_error(
            MotionFileError,
            "motions of different people do not join",
            "unequal shape",
            "use replace(shape=…) first",
        )
