"""Mouths of actors: rigid teeth where the drawn head has them, and light by the gap of the lips."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from flame.rig import ARKIT_NAMES, to_parameters
from flame.sequence import FlameSequence
from mvvideo.actors.actor import Actor, bind_rig, project_shape
from mvvideo.actors.assembly import PARTS
from mvvideo.actors.mouth import SHADES, make_mouth
from mvvideo.portrait.synthetic import tooth_coordinates


def posed(actor: Actor, **weights: float) -> FlameSequence:
    row = np.zeros((1, len(ARKIT_NAMES)), np.float32)
    for name, value in weights.items():
        row[0, ARKIT_NAMES.index(name)] = value
    return actor.neutral().replace(**to_parameters(row))


def part(actor: Actor, name: str, points: np.ndarray) -> np.ndarray:
    return points[actor.mesh.part == PARTS.index(name)]


def test_teeth_do_not_stretch_when_the_jaw_opens(actor):
    shut, opened = (
        part(actor, "teeth", actor.pose(posed(actor, jawOpen=value))[0].points) for value in (0.0, 0.9)
    )
    moved = np.linalg.norm(opened - shut, axis=1)
    upper = moved < 1e-4
    assert 0.3 < upper.mean() < 0.7  # one row stays with the skull …
    assert moved[~upper].min() > 0.004  # … the other goes with the jaw,
    for row in (upper, ~upper):  # each in one piece
        assert np.allclose(pdist(shut[row]), pdist(opened[row]), atol=1e-5)


@pytest.mark.parametrize("weights", [{"jawOpen": 0.7}, {"jawLeft": 1.0, "jawOpen": 0.2}, {"tongueOut": 1.0}])
def test_teeth_and_tongue_move_as_the_heads_do(actor, head, weights):
    rows = {"teeth": head.region_vertices("teeth", "gums"), "tongue": head.region_vertices("tongue")}
    rest, sequence = posed(actor), posed(actor, **weights)
    for name, own in rows.items():
        wanted = head.pose(sequence)[0][own] - head.pose(rest)[0][own]
        given = [part(actor, name, actor.pose(s)[0].points) for s in (rest, sequence)]
        assert np.allclose(given[1] - given[0], wanted, atol=1.5e-3)


def test_a_mouth_lies_between_its_own_lips(actor, head):
    lips = np.isin(actor._rig.head_rows, head.region_vertices("lips"))
    lips = actor.base[actor._rig.base_rows[lips]]
    teeth = part(actor, "teeth", actor.mesh.rest)
    assert abs(teeth[:, 0].mean() - lips[:, 0].mean()) < 0.002
    assert teeth[:, 2].max() < lips[:, 2].max()
    assert lips[:, 1].min() < np.median(teeth[:, 1]) < lips[:, 1].max()


def test_wider_lips_let_more_light_in(actor):
    light = [actor.pose(posed(actor, jawOpen=value))[0].mouth_light for value in (0.0, 0.12, 0.6)]
    assert 0 < light[0] < light[1] < light[2] <= 1
    grin = {f"mouth{name}{side}": 0.7 for name in ("UpperUp", "LowerDown") for side in ("Left", "Right")}
    assert actor.pose(posed(actor, **grin))[0].mouth_light > light[0]  # with the jaw as good as shut


def test_mouths_differ_by_person_and_shade(kit, head):
    rig = bind_rig(kit, head)
    betas = np.zeros(10, np.float32)
    base = kit.identity(kit.person(0))

    def made(shade: int, seed: int):
        return make_mouth(head, rig, base, betas, shade, np.random.default_rng(seed))[0]

    bright = [made(shade, 0).image[-8:, :16, :3].mean() for shade in range(len(SHADES))]
    assert bright[0] > bright[-1] + 20
    apart = np.abs(made(0, 1).rest - made(0, 2).rest).max()
    assert 1e-4 < apart < 0.006
    assert np.array_equal(made(3, 4).rest, made(3, 4).rest)


def test_a_tongue_elsewhere_does_not_move_the_face(kit, head):
    """The kit's tongue lies higher than the head's: fitted to it, lips went up by 3 mm."""
    rig = bind_rig(kit, head)
    base = kit.identity(kit.person(1)).astype(np.float32)
    raised = base.copy()
    tongue = rig.base_rows[np.isin(rig.head_rows, head.region_vertices("tongue"))]
    raised[tongue, 1] += 0.008
    assert np.array_equal(project_shape(head, rig, base), project_shape(head, rig, raised))


def test_tooth_coordinates_run_from_edge_to_gum_and_from_middle_to_gap(head):
    across, root = tooth_coordinates(head)
    teeth, gums = head.region_vertices("teeth"), head.region_vertices("gums")
    elsewhere = np.setdiff1d(np.arange(len(root)), np.concatenate([teeth, gums]))
    assert not across[elsewhere].any() and not root[elsewhere].any()
    assert (root[gums] == 1).all()
    assert root[teeth].min() == 0 and root[teeth].max() == 1 and across[teeth].max() == 1
    upper = teeth[head.weights[teeth, 2] < 0.5]
    assert np.corrcoef(root[upper], head.v_template[upper, 1])[0, 1] > 0.8  # upper teeth hang down


def test_an_unknown_shade_wraps_round(kit, head):
    rig = bind_rig(kit, head)
    arguments = (head, rig, kit.identity(kit.person(0)), np.zeros(4, np.float32))
    first, again = (make_mouth(*arguments, shade, np.random.default_rng(0)) for shade in (1, 1 + len(SHADES)))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(first, again, strict=True))
