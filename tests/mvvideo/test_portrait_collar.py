"""Where clothes end on the neck, measured in front and continued round the back."""

from __future__ import annotations

import numpy as np
import pytest

from flame.head import load_head
from mvvideo.portrait.collar import collar_clearance, covered_neck, find_collar, tucked_in
from mvvideo.portrait.views import drawn_triangles, view_head
from renderer.cameras import Cameras

SIZE = 192
EDGE_METRES = -0.14
"""Height in front at which the shirt of these tests ends."""


@pytest.fixture(scope="module")
def head():
    return load_head()


@pytest.fixture(scope="module")
def camera():
    world_to_camera = np.eye(4)
    world_to_camera[:3, 3] = (0, 0.06, -1.0)
    return Cameras(
        world_to_camera=world_to_camera[None],
        focal_px=np.array([3.2 * SIZE]),
        principal_px=np.array([[SIZE / 2, SIZE / 2]]),
        height=SIZE,
        width=SIZE,
        names=("front",),
    )


@pytest.fixture(scope="module")
def dressed(head, camera):
    """Vertices, view, where the skin is bare, and how far above the collar every vertex lies."""
    vertices = head.v_template.astype(np.float32)
    view = view_head(head, vertices, camera, drawn_triangles(head))
    row = camera.project(np.array([[0.0, EDGE_METRES, -0.04]]))[0][0, 0, 1]
    bare = (view.mask & (np.arange(SIZE)[:, None] < row)).astype(np.float32)
    return vertices, view, bare, collar_clearance(head, vertices, view, bare, camera)


def test_the_edge_is_where_the_photo_shows_it(head, dressed):
    clearance = dressed[3]
    neck = head.region_vertices("neck")
    throat = neck[(head.v_template[neck, 2] > -0.05) & (np.abs(head.v_template[neck, 0]) < 0.03)]
    assert np.abs(clearance[throat] - (head.v_template[throat, 1] - EDGE_METRES)).max() < 0.012


def test_behind_the_edge_is_a_little_higher_than_in_front(head, dressed):
    clearance = dressed[3]
    neck = head.region_vertices("neck")
    nape = neck[(head.v_template[neck, 2] < -0.12) & (np.abs(head.v_template[neck, 0]) < 0.02)]
    edge = head.v_template[nape, 1] - clearance[nape]
    assert EDGE_METRES + 0.005 < edge.min()
    assert edge.max() < EDGE_METRES + 0.05


def test_what_is_covered_is_not_drawn_and_bare_skin_is(head, dressed):
    _, view, bare, clearance = dressed
    covered = covered_neck(head, view, clearance)
    assert covered.any()
    shown = view.triangle[(view.triangle >= 0) & (bare > 0.5)]
    assert covered[shown].mean() < 0.002
    neck = np.isin(view.drawn, head.region_faces("neck"))
    assert not covered[~neck].any()


def test_a_neck_without_clothes_stays_whole_in_front(head, camera, dressed):
    vertices, view, _, _ = dressed
    bare = view.mask.astype(np.float32)
    clearance = collar_clearance(head, vertices, view, bare, camera)
    covered = covered_neck(head, view, clearance)
    middle = head.v_template[view.faces].mean(axis=1)
    assert not covered[middle[:, 2] > -0.08].any()


def test_a_neck_of_which_nothing_shows_ends_at_its_top(head, camera, dressed):
    vertices, view, _, _ = dressed
    bare = np.zeros((SIZE, SIZE), np.float32)
    clearance = collar_clearance(head, vertices, view, bare, camera)
    neck = np.isin(view.drawn, head.region_faces("neck"))
    assert covered_neck(head, view, clearance).sum() > 0.6 * neck.sum()


def test_shoulders_are_tucked_into_the_clothes(head, dressed):
    """Below the collar the mesh is no wider than the neck; above it nothing moves."""
    vertices, _, _, clearance = dressed
    move = tucked_in(head, vertices, clearance)
    assert not move[clearance >= 0].any()
    neck = head.region_vertices("neck")
    at_edge = neck[np.abs(clearance[neck]) < 0.01]
    below = neck[clearance[neck] < -0.01]
    widest = np.abs(vertices[at_edge, 0]).max()
    assert np.abs(vertices[below, 0]).max() > widest + 0.01
    assert np.abs((vertices + move)[below, 0]).max() < widest + 0.003


def test_maps_know_the_collar_in_front_and_behind(head, camera, dressed):
    vertices, view, _, clearance = dressed
    collar = find_collar(head, vertices, view, clearance, camera)
    assert collar.back.shape == collar.above.shape == collar.above_behind.shape == (SIZE, SIZE)
    both = ~np.isnan(collar.back) & view.mask
    assert (collar.back[both] <= view.front[both] + 1e-4).all()
    assert np.nanmin(collar.above) < 0 < np.nanmax(collar.above)
