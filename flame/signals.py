"""What moves when: signals measured on the posed mesh.

Nothing here is read off coefficients. The head's turn is the rigid motion of the skull's vertices; the
face is looked at in the skull's own axes, and every mouth, brow and cheek signal is how far its points
went along the way that the rig's full shape takes them (0 neutral, 1 the full shape), for this identity.

==================  ================================================================================
``head_*_deg``      turn of the skull against the world: yaw > 0 to their own left, pitch > 0 nose up,
                    roll > 0 to their own left shoulder
``gaze_*_deg``      mean turn of the two eyeballs against the skull, same signs
``mouth_open``      inner-lip gap / mouth width; closed lips of this person are 0
``lip_gap_mm``      inner-lip gap beyond the closed lips of this person
``smile, frown``    lift and widening of the mouth corners against the full smile / full frown
``brow_raise, …``   lift / drop of the brows against the rig's full shapes
``eye_open_*``      lid gap: 1 neutral of this identity, 0 shut, above 1 wide
``pucker, …``       lips drawn in and forward; cheeks blown out
==================  ================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flame.fitting.landmark_model import JAW, LEFT_EYE, NECK, RIGHT_EYE, HeadState, landmark_model
from flame.fitting.mediapipe_points import INNER_LIPS, LEFT_BROW, OUTER_LIPS, POINTS, RIGHT_BROW
from flame.rotations import rigid_transform, yaw_pitch_roll
from flame.sequence import FlameSequence

if TYPE_CHECKING:
    from flame.head import FlameHead

SIGNALS: tuple[str, ...] = (
    "head_yaw_deg",
    "head_pitch_deg",
    "head_roll_deg",
    "gaze_yaw_deg",
    "gaze_pitch_deg",
    "mouth_open",
    "lip_gap_mm",
    "smile",
    "frown",
    "brow_raise",
    "brow_lower",
    "eye_open_left",
    "eye_open_right",
    "pucker",
    "cheek_puff",
)

_CHUNK = 64  # frames posed at once
_CORNERS = (61, 291)  # subject's right, left
_INNER_LIP_PAIRS = ((13, 14), (82, 87), (312, 317))  # upper, lower: the middle third of the mouth
_LID_PAIRS = {
    "eye_open_left": ((386, 374), (385, 380), (387, 373)),
    "eye_open_right": ((159, 145), (158, 153), (160, 144)),
}
_BROWS = np.concatenate([LEFT_BROW, RIGHT_BROW])
_LIPS = np.concatenate([OUTER_LIPS, INNER_LIPS])
_FULL_SMILE = ("mouthSmileLeft", "mouthSmileRight")
_FULL_FROWN = ("mouthFrownLeft", "mouthFrownRight")
_FULL_RAISE = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
_FULL_LOWER = ("browDownLeft", "browDownRight")


def measure(sequence: FlameSequence, head: FlameHead | None = None) -> dict[str, np.ndarray]:
    """All signals of a motion, in the order of :data:`SIGNALS`.

    Args:
        sequence: the motion. In the basis of a head without the rig it is first retargeted to the
            embedded head, whose full shapes are the yardstick.
        head: the head of the motion's basis; loaded when not given.

    Returns:
        name -> (T,) float32; degrees, millimetres or fractions (see the module's table).
    """
    from flame.head import load_head

    known = load_head(sequence.basis) if head is None else head
    if "mouthSmileLeft" not in known.expression_names:
        from flame.retargeting import retarget

        embedded = load_head("open")
        sequence, _ = retarget(sequence, embedded, head_from=known)
        known = embedded
    ruler = _Ruler(known, sequence.shape)
    parts = [ruler.measure(sequence[a : a + _CHUNK]) for a in range(0, len(sequence), _CHUNK)]
    return {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in SIGNALS}


@dataclass(frozen=True, eq=False)
class _Way:
    """How points move in a full shape: ``index`` (P,), ``field`` (P, 3) metres at weight 1."""

    index: np.ndarray
    field: np.ndarray

    def progress(self, displacement: np.ndarray) -> np.ndarray:
        """(T,) how far displacements (T, 478, 3) went along the way: 1 is the full shape."""
        along = np.einsum("tpc,pc->t", displacement[:, self.index], self.field)
        return np.maximum(along / max(float(np.sum(self.field**2)), 1e-12), 0.0)


class _Ruler:
    """Everything about one head and identity that measuring needs, worked out once."""

    def __init__(self, head: FlameHead, shape: np.ndarray) -> None:
        self.head = head
        self.shape = shape
        rest = FlameSequence.neutral(
            2, basis=head.name, shape=shape, expression_dims=head.expression_basis.shape[2]
        ).replace(eyelids=[[0.0, 0.0], [1.0, 1.0]])
        vertices = head.pose(rest).astype(np.float64)
        self.neutral = vertices[0]
        self.landmarks, shut = head.landmarks(vertices, "478")
        self.skull = _skull_vertices(head)
        self.balls = [np.flatnonzero(head.weights[:, joint] > 0.99) for joint in (LEFT_EYE, RIGHT_EYE)]
        self.jaw = _stillest(head, np.flatnonzero(head.weights[:, JAW] > 0.95))
        self.lid_rest = {name: _gap_up(self.landmarks[None], pairs)[0] for name, pairs in _LID_PAIRS.items()}
        # the lids' full closing is made for the mean eye: in a narrow one they touch before it is reached
        touching = head.landmarks(head.v_template + head.eyelid_basis.sum(axis=0), "478")
        self.lid_shut = {
            name: max(
                _gap_up(shut[None], pairs)[0],
                min(_gap_up(touching[None], pairs)[0], 0.5 * self.lid_rest[name]),
            )
            for name, pairs in _LID_PAIRS.items()
        }
        self.lip_rest = _gap_up(self.landmarks[None], _INNER_LIP_PAIRS)[0]
        corners = np.array(_CORNERS)
        self.smile = self._way(_FULL_SMILE, corners)
        self.frown = self._way(_FULL_FROWN, corners)
        self.brow_raise = self._way(_FULL_RAISE, _BROWS)
        self.brow_lower = self._way(_FULL_LOWER, _BROWS)
        self.pucker = self._way(("mouthPucker",), _LIPS)
        self.cheeks = self._way(("cheekPuff",), None)

    def measure(self, sequence: FlameSequence) -> dict[str, np.ndarray]:
        """All signals (T,) of a stretch of frames."""
        vertices = self.head.pose(sequence).astype(np.float64)
        turn, offset = rigid_transform(self.neutral[self.skull], vertices[:, self.skull])
        own = np.einsum("tvc,tcd->tvd", vertices - offset[:, None], turn)  # in the skull's axes
        points = self.head.landmarks(own, "478")
        moved = points - self._jaw_only(own)
        yaw, pitch, roll = (np.degrees(a) for a in yaw_pitch_roll(turn))
        gaze_yaw, gaze_pitch = self._gaze(own)
        gap = np.maximum(_gap_up(points, _INNER_LIP_PAIRS) - self.lip_rest, 0.0)
        width = np.linalg.norm(points[:, _CORNERS[0]] - points[:, _CORNERS[1]], axis=-1)
        values = [yaw, pitch, roll, gaze_yaw, gaze_pitch, gap / width, gap * 1000.0]
        values += [self.smile.progress(moved), self.frown.progress(moved)]
        values += [self.brow_raise.progress(moved), self.brow_lower.progress(moved)]
        values += [self._eye_open(points, name) for name in _LID_PAIRS]
        values += [self.pucker.progress(moved), self.cheeks.progress(moved)]
        return dict(zip(SIGNALS, values))

    def _way(self, names: tuple[str, ...], index: np.ndarray | None) -> _Way:
        """The way of a full shape, at given landmarks or (None) where it moves the face most."""
        columns = [self.head.expression_names.index(name) for name in names]
        field = np.asarray(self.head.expression_basis, dtype=np.float64)[:, :, columns].sum(axis=2)
        moved = self.head.landmarks(field, "478")
        if index is None:
            size = np.linalg.norm(moved, axis=1)
            size[_LIPS] = 0.0
            index = np.flatnonzero(size > 0.5 * size.max())
        return _Way(index, moved[index])

    def _jaw_only(self, own: np.ndarray) -> np.ndarray:
        """(T, 478, 3) where this person's landmarks are with the jaw as it is and the face at rest."""
        turn, _ = rigid_transform(self.neutral[self.jaw], own[:, self.jaw])
        frames = len(own)
        model = landmark_model(self.head)
        coefficients = np.zeros((frames, model.basis.shape[2]))
        coefficients[:, : len(self.shape)] = self.shape
        rotations = np.broadcast_to(np.eye(3), (frames, 5, 3, 3)).copy()
        rotations[:, JAW] = turn
        state = HeadState(coefficients, rotations, np.zeros((frames, 2)))
        return model.pose(state, np.zeros((frames, 3))).points[:, :POINTS]

    def _gaze(self, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean yaw and pitch of the eyeballs in degrees, (T,) each."""
        angles = []
        for ball in self.balls:
            turn, _ = rigid_transform(self.neutral[ball], own[:, ball])
            angles.append(yaw_pitch_roll(turn)[:2])
        yaw, pitch = np.degrees(np.mean(angles, axis=0))
        return yaw, pitch

    def _eye_open(self, points: np.ndarray, name: str) -> np.ndarray:
        shut, rest = self.lid_shut[name], self.lid_rest[name]
        return np.maximum((_gap_up(points, _LID_PAIRS[name]) - shut) / max(rest - shut, 1e-6), 0.0)


def _skull_vertices(head: FlameHead) -> np.ndarray:
    """Vertices that move with the head and with nothing else."""
    return _stillest(head, np.flatnonzero(head.weights[:, NECK] > 0.98))


def _stillest(head: FlameHead, pool: np.ndarray) -> np.ndarray:
    """The quarter of ``pool`` (at least 50) that expressions, lids and correctives move least."""
    moved = np.abs(np.asarray(head.expression_basis)[pool]).max(axis=(1, 2))
    moved = moved + np.abs(np.asarray(head.eyelid_basis)[:, pool]).max(axis=(0, 2))
    posedirs = np.asarray(head.posedirs)
    if posedirs.ndim == 3:
        moved = moved + np.abs(posedirs[pool]).max(axis=(1, 2))
    return pool[np.argsort(moved, kind="stable")[: max(50, len(pool) // 4)]]


def _gap_up(points: np.ndarray, pairs: tuple[tuple[int, int], ...]) -> np.ndarray:
    """(T,) mean height of the first over the second landmark of each pair, in the skull's axes."""
    return np.mean([points[:, a, 1] - points[:, b, 1] for a, b in pairs], axis=0)
