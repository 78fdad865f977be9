"""The mouth's lining stays behind the cheeks."""

from __future__ import annotations

import numpy as np
import pytest

import renderer.buffers
from flame.head import load_head
from flame.regions import REGION_INDEX
from flame.rig import ARKIT_NAMES, to_parameters
from flame.sequence import FlameSequence
from renderer import render_buffers
from renderer.framing import frame_head
from renderer.lining import lining_of, tuck_lining

SCREAM = {
    "jawOpen": 0.95, "mouthLowerDownLeft": 0.8, "mouthLowerDownRight": 0.8, "mouthUpperUpLeft": 0.75,
    "mouthUpperUpRight": 0.75, "mouthSmileLeft": 0.5, "mouthSmileRight": 0.5,
}  # fmt: skip


@pytest.fixture(scope="module")
def head():
    return load_head("open")


def _posed(head, **weights: float) -> np.ndarray:
    rig = np.zeros((1, len(ARKIT_NAMES)), np.float32)
    for name, weight in weights.items():
        rig[0, ARKIT_NAMES.index(name)] = weight
    return head.pose(FlameSequence.neutral(1).replace(**to_parameters(rig)))


def _regions(head, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Labels (H, W), and columns of the mouth's corners."""
    camera, _ = frame_head(vertices, head, height=256, width=256)
    labels = render_buffers(vertices, head, camera, buffers=("regions",))["regions"][0, 0, :, :, 0]
    corners = camera.project(head.landmarks(vertices, "68")[0][[48, 54]])[0][0, :, 0]
    return labels, np.sort(corners)


def test_a_scream_does_not_push_the_lining_through_the_cheeks(head, monkeypatch) -> None:
    vertices = _posed(head, **SCREAM)

    def streaks() -> tuple[int, int]:
        labels, (left, right) = _regions(head, vertices)
        inside = labels == REGION_INDEX["mouth_inside"]
        columns = np.arange(labels.shape[1]) + 0.5
        beside = (columns < left) | (columns > right)
        return int(inside[:, beside].sum()), int(inside.sum())

    beside, seen = streaks()
    monkeypatch.setattr(renderer.buffers, "tuck_lining", lambda clip, *others: clip)
    beside_before, _ = streaks()
    assert beside_before > 20 and beside <= 0.3 * beside_before
    assert seen - beside > 40  # between the lips it is still there


def test_nothing_else_changes(head, monkeypatch) -> None:
    for weights in ({}, {"jawOpen": 0.5}):
        vertices = _posed(head, **weights)
        with monkeypatch.context() as patch:
            tucked, _ = _regions(head, vertices)
            patch.setattr(renderer.buffers, "tuck_lining", lambda clip, *others: clip)
            before, _ = _regions(head, vertices)
        assert (tucked != before).mean() < 2e-4


def test_places_in_the_picture_stay(head) -> None:
    vertices = _posed(head, **SCREAM)
    camera, _ = frame_head(vertices, head, height=64, width=64)
    clip = camera.to_clip(vertices)
    lining = lining_of(head)
    assert lining is not None
    tucked = tuck_lining(clip.copy(), vertices, camera, lining)
    assert np.array_equal(tucked[..., [0, 1, 3]], clip[..., [0, 1, 3]])
    moved = np.flatnonzero(tucked[0, 0, :, 2] != clip[0, 0, :, 2])
    assert len(moved) and set(moved) <= set(lining.vertices)
    assert (tucked[..., 2] >= clip[..., 2] - 1e-6).all()


def test_a_head_without_a_lining_is_left_alone(head) -> None:
    class Bare:
        faces = head.faces
        face_region = np.zeros(len(head.faces), np.int64)

    clip = np.ones((1, 1, 3, 4), np.float32)
    assert lining_of(Bare()) is None
    assert tuck_lining(clip, np.zeros((1, 3, 3), np.float32), None, None) is clip
