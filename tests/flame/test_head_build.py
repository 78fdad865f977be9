"""The head builder's geometry, on small made-up inputs (the assets themselves are not in the repository)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flame.build.assemble import write_deterministic
from flame.build.identity import principal_shapes
from flame.build.landmarks import FROM_478_TO_68, closest_on_triangles
from flame.build.parts import IRIS_ANGLE, eyeball, fit_sphere, ride
from flame.build.skin import convex_weights, fit_jaw, rotation_x
from flame.build.source import read_base
from flame.build.teeth import denture
from flame.errors import AssetError


def test_new_parts_follow_any_affine_motion_of_their_carrier():
    rng = np.random.default_rng(0)
    carrier, points = rng.normal(size=(30, 3)), rng.normal(size=(7, 3))
    weights = ride(points, carrier)
    np.testing.assert_allclose(weights.sum(1), 1)
    matrix, shift = rng.normal(size=(3, 3)), rng.normal(size=3)
    np.testing.assert_allclose(weights @ (carrier @ matrix + shift), points @ matrix + shift, atol=1e-9)


def test_eyeball_is_a_sphere_with_an_exact_iris_facing_front():
    part = eyeball(np.array([0.03, 0, 0]), 0.015)
    centre, radius = fit_sphere(part.vertices[len(part.vertices) // 2 :])
    np.testing.assert_allclose(centre, [0.03, 0, 0], atol=1e-9)
    assert radius == pytest.approx(0.015)
    rim = np.intersect1d(part.faces[part.face_kind == "iris"], part.faces[part.face_kind == "sclera"])
    offset = part.vertices[rim] - centre
    angle = np.arctan2(np.linalg.norm(offset[:, :2], axis=1), offset[:, 2])
    np.testing.assert_allclose(angle, IRIS_ANGLE, atol=1e-6)
    a, b, c = (part.vertices[part.faces[:, k]] for k in range(3))
    outward = (np.cross(b - a, c - a) * (a - centre)).sum(1)
    assert (outward > 0).all()
    mirrored = eyeball(np.array([-0.03, 0, 0]), 0.015)
    np.testing.assert_allclose(mirrored.vertices[part.mirror] * [-1, 1, 1], part.vertices, atol=1e-12)


@pytest.mark.parametrize("upper", [True, False])
def test_denture_is_symmetric_and_faces_outwards(upper):
    part = denture(upper=upper)
    np.testing.assert_allclose(part.vertices[part.mirror] * [-1, 1, 1], part.vertices, atol=1e-12)
    assert 0.02 < part.vertices[:, 0].max() < 0.04
    front = (np.abs(part.vertices[part.faces].mean(1)[:, 0]) < 0.01) & (part.face_kind == "tooth")
    a, b, c = (part.vertices[part.faces[front][:, k]] for k in range(3))
    labial = part.vertices[part.faces[front]].mean(1)[:, 2] > 0.0185 - 0.002 * (not upper)
    assert (np.cross(b - a, c - a)[labial, 2] > 0).mean() > 0.8
    assert part.uv.min() >= 0
    assert part.uv.max() <= 1


def test_overbite():
    upper, lower = denture(upper=True).vertices, denture(upper=False).vertices
    assert upper[:, 2].max() > lower[:, 2].max() + 0.001
    assert upper[:, 1].min() < lower[np.abs(lower[:, 0]) < 0.004, 1].max()


@given(angle=st.floats(0.1, 0.6), y=st.floats(-0.08, 0.0), z=st.floats(-0.08, 0.0))
@settings(max_examples=25, deadline=None)
def test_the_jaw_s_axis_is_recovered(angle, y, z):
    teeth = np.random.default_rng(0).normal(0, 0.02, (40, 3))
    pivot = np.array([0, y, z])
    found, place = fit_jaw(teeth, (teeth - pivot) @ rotation_x(angle).T + pivot)
    assert found == pytest.approx(angle, abs=1e-6)
    np.testing.assert_allclose(place, pivot, atol=1e-6)


def test_convex_weights_reach_a_point_inside():
    points = np.random.default_rng(1).uniform(-1, 1, (50, 3))
    weights = convex_weights(points, np.array([0.1, -0.1, 0.2]))
    assert weights.min() >= 0
    np.testing.assert_allclose(weights @ points, [0.1, -0.1, 0.2], atol=1e-5)


def test_closest_point_on_triangles_against_dense_sampling():
    rng = np.random.default_rng(2)
    triangles, points = rng.normal(size=(12, 3, 3)), rng.normal(size=(20, 3))
    index, weights = closest_on_triangles(points, triangles)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-9)
    assert weights.min() >= -1e-12
    found = np.linalg.norm((triangles[index] * weights[..., None]).sum(1) - points, axis=1)
    grid = rng.dirichlet(np.ones(3), 4000)
    samples = np.einsum("sk,fkd->fsd", grid, triangles).reshape(-1, 3)
    sampled = np.linalg.norm(samples[None] - points[:, None], axis=2).min(1)
    assert (found <= sampled + 1e-9).all()


def test_principal_shapes_have_unit_coefficients():
    rng = np.random.default_rng(3)
    modes = rng.normal(size=(3, 20 * 3))
    fields = (rng.normal(size=(400, 3)) @ modes).reshape(400, 20, 3)
    basis, variances = principal_shapes(fields, components=3)
    assert variances.sum() == pytest.approx(1)
    centred = (fields - fields.mean(0)).reshape(400, -1)
    coefficients = np.linalg.lstsq(basis.reshape(-1, 3), centred.T, rcond=None)[0]
    np.testing.assert_allclose(coefficients.std(axis=1, ddof=1), 1, atol=1e-6)


def test_files_are_the_same_byte_for_byte(tmp_path):
    arrays = {"b": np.arange(5), "a": np.array("text")}
    for name in ("one.npz", "two.npz"):
        write_deterministic(tmp_path / name, arrays)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as file:
        assert str(file["a"]) == "text"


def test_ibug_points_use_known_mediapipe_points():
    assert len(FROM_478_TO_68) == 68
    assert len(set(FROM_478_TO_68)) == 68
    assert max(FROM_478_TO_68) < 468


def test_another_mesh_is_refused(tmp_path):
    path = tmp_path / "cube.obj"
    path.write_text(
        "g body\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1 4/1\n", encoding="utf-8"
    )
    with pytest.raises(AssetError, match="19158"):
        read_base(path)
