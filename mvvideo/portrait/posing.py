"""What moved, read off posed vertices: the head, the shoulders, the lids, the gaze. And the hull moved along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.head import FlameHead

__all__ = ["Motion", "Rigid", "measure_motion", "move_hull", "move_offsets", "rigid_between", "rigid_parts"]

STILL_METRES = 2e-4
"""Vertices that no expression moves more than this follow the skull alone."""
LIPS_PER_JAW_METRES = 0.05
"""Lips that part by this show as much of the mouth as a jaw turned by one radian."""


@dataclass(frozen=True, eq=False)
class Rigid:
    """x → rotation·x + shift; ``rotation (3, 3)``, ``shift (3,)`` metres."""

    rotation: np.ndarray
    shift: np.ndarray

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Move ``(..., 3)``."""
        return points @ self.rotation.T + self.shift

    def inverse(self, points: np.ndarray) -> np.ndarray:
        """Move back ``(..., 3)``."""
        return (points - self.shift) @ self.rotation


@dataclass(frozen=True, eq=False)
class Motion:
    """One frame against the photo's pose: ``head`` and ``bust`` moved rigidly; ``lids (2,)`` how much farther
    shut each eye is (1 = fully), ``gaze (2,)`` how far each eyeball turned in the head, ``jaw`` how far the mouth
    opened, radians of jaw."""

    head: Rigid
    bust: Rigid
    lids: np.ndarray
    gaze: np.ndarray
    jaw: float


def rigid_between(source: np.ndarray, target: np.ndarray) -> Rigid:
    """Least-squares rigid motion of ``(P, 3)`` onto ``(P, 3)`` (Kabsch 1976)."""
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    u, _, vt = np.linalg.svd((source - middle).T @ (target - goal))
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(vt.T @ u.T))])
    rotation = vt.T @ flip @ u.T
    return Rigid(rotation, goal - rotation @ middle)


def rigid_parts(head: FlameHead) -> tuple[np.ndarray, np.ndarray]:
    """Vertices that move with the skull alone, and with the bust alone: two index arrays."""
    travel = np.abs(head.expression_basis).max(axis=(1, 2))
    skull = np.flatnonzero((head.weights[:, 1] > 0.98) & (travel < STILL_METRES))
    if len(skull) < 20:
        skull = np.flatnonzero((head.weights[:, 1] > 0.9) & (travel < 5 * np.median(travel) + STILL_METRES))
    bust = np.flatnonzero(head.weights[:, 0] > 0.98)
    if len(bust) < 20:
        bust = np.argsort(-head.weights[:, 0])[:60]
    return skull, bust


def measure_motion(
    head: FlameHead, reference: np.ndarray, vertices: np.ndarray, parts: tuple[np.ndarray, np.ndarray]
) -> Motion:
    """Compare a frame with the photo's pose.

    Args:
        reference, vertices: ``(V, 3)`` of the photo and of the frame, world metres; parts: :func:`rigid_parts`.
    """
    skull, bust = parts
    moved = rigid_between(reference[skull].astype(np.float64), vertices[skull].astype(np.float64))
    carried = rigid_between(reference[bust].astype(np.float64), vertices[bust].astype(np.float64))
    lids, gaze = np.zeros(2), np.zeros(2)
    for side, name in enumerate(("left", "right")):
        basis = head.eyelid_basis[side]
        travel = (basis**2).sum(axis=1)
        chosen = np.flatnonzero(travel > 0.25 * travel.max()) if travel.max() > 0 else np.zeros(0, int)
        if len(chosen):
            change = moved.inverse(vertices[chosen]) - reference[chosen]
            # In the photo's pose the head may be turned: bring the basis there through the fit's own rotation.
            lids[side] = _lid_change(head, reference, change, basis[chosen], skull)
        ball = head.region_vertices(f"eye_{name}", f"iris_{name}", f"pupil_{name}")
        if len(ball) >= 10:
            gaze[side] = _angle(rigid_between(reference[ball], moved.inverse(vertices[ball])))
    jaw = np.flatnonzero(head.weights[:, 2] > 0.98)
    opened = 0.0
    if len(jaw) >= 10:
        opened = _angle(rigid_between(reference[jaw], moved.inverse(vertices[jaw])))
    opened = max(opened, _lips_part(head, reference, vertices, moved, skull) / LIPS_PER_JAW_METRES)
    return Motion(moved, carried, lids, gaze, opened)


def _lips_part(
    head: FlameHead, reference: np.ndarray, vertices: np.ndarray, moved: Rigid, skull: np.ndarray
) -> float:
    """How much farther apart the middles of the lips are, metres: a smile parts them without the jaw."""
    lips = head.region_vertices("lips")
    middle = lips[np.abs(head.v_template[lips, 0]) < 0.008]
    upper, lower = (middle[head.weights[middle, 2] < 0.3], middle[head.weights[middle, 2] > 0.7])
    if len(upper) < 4 or len(lower) < 4:
        return 0.0
    inner = np.concatenate(
        [
            upper[np.argsort(head.v_template[upper, 1])[:4]],
            lower[np.argsort(-head.v_template[lower, 1])[:4]],
        ]
    )
    change = moved.inverse(vertices[inner]) - reference[inner]
    up = rigid_between(
        head.v_template[skull].astype(np.float64), reference[skull].astype(np.float64)
    ).rotation[:, 1]
    along = change @ up
    return float(along[:4].mean() - along[4:].mean())


def _angle(motion: Rigid) -> float:
    """How far it turns, radians."""
    return float(np.arccos(np.clip((np.trace(motion.rotation) - 1) / 2, -1, 1)))


def _lid_change(
    head: FlameHead, reference: np.ndarray, change: np.ndarray, basis: np.ndarray, skull: np.ndarray
) -> float:
    """How many full lid closings ``change (L, 3)`` amounts to."""
    turn = rigid_between(
        head.v_template[skull].astype(np.float64), reference[skull].astype(np.float64)
    ).rotation
    direction = basis @ turn.T
    return float((change * direction).sum() / max((direction**2).sum(), 1e-12))


def move_offsets(offsets: np.ndarray, follow: np.ndarray, motion: Motion) -> np.ndarray:
    """Turn ``offsets (V, 3)`` with the parts they sit on; follow: ``(V,)`` 1 head, 0 bust."""
    share = follow[:, None]
    turned = share * (offsets @ motion.head.rotation.T) + (1 - share) * (offsets @ motion.bust.rotation.T)
    return turned.astype(np.float32)


def move_hull(points: np.ndarray, follow: np.ndarray, motion: Motion, pivot: np.ndarray) -> np.ndarray:
    """Carry hull points along.

    Args:
        points: ``(P, 3)`` at the photo's pose; follow: ``(P,)`` 1 head, 0 bust; pivot: ``(3,)`` neck joint there.

    The head's turn against the bust is shared out by angle, not by mixing positions, so a half-following lock
    of hair keeps its length.
    """
    from flame.rotations import matrix_to_axis_angle

    relative = motion.bust.rotation.T @ motion.head.rotation
    axis_angle = np.asarray(matrix_to_axis_angle(relative[None])[0], np.float64)
    angle = float(np.linalg.norm(axis_angle))
    slip = motion.bust.inverse(motion.head(pivot)) - pivot
    local = points - pivot
    if angle > 1e-8:
        axis = axis_angle / angle
        part = (angle * follow)[:, None]
        along = (local @ axis)[:, None] * axis
        local = along + np.cos(part) * (local - along) + np.sin(part) * np.cross(axis, local)
    return motion.bust(local + pivot + follow[:, None] * slip).astype(np.float32)
