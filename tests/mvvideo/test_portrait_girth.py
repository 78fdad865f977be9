"""How deep bodies and hair are taken to be."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mvvideo.portrait.girth import behind_cheeks, chest_metres, hair_metres, limited, torso_half_depth
from mvvideo.portrait.hull import build_hull
from mvvideo.portrait.views import signed_distance

METRES = 0.001


def _grid(width: int) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(width), np.arange(width)), axis=-1).astype(np.float32)


def _disc(width: int, radius: float) -> np.ndarray:
    return np.linalg.norm(_grid(width) - (width // 2, width // 2), axis=-1) < radius


def test_a_limit_is_kept_and_what_is_far_below_it_stays() -> None:
    depth = np.array([0.0, 0.01, 0.05, 0.2, 1.0], np.float32)
    shallow = limited(depth, np.full(5, 0.1, np.float32))
    assert shallow.max() <= 0.1 and np.all(np.diff(shallow) > 0)
    assert np.allclose(shallow[:2], depth[:2], atol=1e-5)


def test_a_torso_is_deepest_under_the_head_and_a_head_is_not_limited() -> None:
    mask = np.zeros((400, 400), bool)
    mask[50:200, 150:250] = True
    nodes = np.array([[[200.0, 300.0], [350.0, 300.0], [500.0, 300.0]]], np.float32)
    for part, least in ((0.0, 0.05), (1.0, 0.3)):
        half = torso_half_depth(
            SimpleNamespace(mask=mask),
            nodes,
            chin_row=200.0,
            metres_per_pixel=METRES,
            head_part=np.full((1, 3), part),
        )
        assert half[0, 0] > least and np.all(np.diff(half[0]) < 0)
    assert half[0, 2] > 0.3


def test_hair_is_as_thick_over_the_head_as_at_its_outline() -> None:
    width = 256
    canvas = SimpleNamespace(matte=_disc(width, 100).astype(np.float32), size=width, width=width)
    view = SimpleNamespace(mask=_disc(width, 80), room=signed_distance(_disc(width, 80)))
    place = {"chin_row": float(width), "metres_per_pixel": METRES}
    nodes = _grid(width)[64:192:16, 64:192:16]
    hair = hair_metres(canvas, view, np.zeros((width, width), np.float32), nodes, **place)
    assert np.allclose(hair, 0.0185, atol=0.003)
    skin = np.ones((width, width), np.float32)  # a bald head's outline says nothing of hair
    assert hair_metres(canvas, view, skin, nodes, **place).max() == 0.0


def test_only_what_hangs_beside_the_neck_lies_further_back() -> None:
    mask = np.zeros((400, 400), bool)
    mask[50:300, 150:250] = True
    nodes = np.array([[[200.0, 260.0], [300.0, 260.0], [300.0, 100.0], [300.0, 399.0]]], np.float32)
    back = behind_cheeks(
        SimpleNamespace(mask=mask, room=signed_distance(mask)), nodes, chin_row=250.0, metres_per_pixel=METRES
    )
    assert back[0, 0] == 0.0 and back[0, 2] == 0.0 and back[0, 3] == 0.0
    assert back[0, 1] > 0.02


def test_shoulders_cut_by_the_picture_are_not_a_slab(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mediapipe")
    from flame.head import load_head
    from mvvideo.portrait import Portrait, build

    kept = {}

    def spy(*arguments):
        kept["hull"], kept["anatomy"] = build_hull(*arguments), arguments[3]
        return kept["hull"]

    monkeypatch.setattr(build, "build_hull", spy)
    photo = pytest.importorskip("skimage.data").astronaut()
    Portrait.from_image(photo, head=load_head(), size=192, warn=lambda message: None)
    front, back, anatomy = kept["hull"].front, kept["hull"].back, kept["anatomy"]
    chest = front.pixels[:, 1] > anatomy.neck_row + 0.04 / anatomy.metres_per_pixel
    aside = np.abs(front.positions[:, 0] - front.positions[chest, 0].mean())
    depth = front.positions[:, 2] - back.positions[:, 2]
    assert np.median(depth[chest & (aside < 0.05)]) < 0.21
    assert np.median(depth[chest & (aside > 0.15)]) < 0.17


def test_a_chest_comes_forward_in_the_middle_and_the_more_the_lower() -> None:
    mask = np.zeros((400, 400), bool)
    mask[50:200, 150:250] = True
    nodes = np.array([[[200.0, 250.0], [300.0, 250.0], [200.0, 399.0]]], np.float32)
    front = chest_metres(SimpleNamespace(mask=mask), nodes, chin_row=200.0, metres_per_pixel=METRES)
    assert front[0, 0] == pytest.approx(0.03, abs=1e-3)
    assert front[0, 1] < 0.5 * front[0, 0] < front[0, 0] < front[0, 2]
