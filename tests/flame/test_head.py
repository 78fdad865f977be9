"""The embedded head: its file, posing against the reference and smplx, landmarks, regions, rig."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from flame import FlameSequence, load_head
from flame.errors import HeadFileError, InputError
from flame.head import LandmarkEmbedding
from flame.regions import REGIONS, mirrored_region
from flame.rig import ARKIT_NAMES, EXPRESSION_NAMES, JAW_OPEN_RADIANS
from flame.skinning import pose_fast, pose_reference

SIDED = [n for n in ARKIT_NAMES if n.endswith("Left")]


@pytest.fixture(scope="module")
def head():
    return load_head()


def random_pose(head, frames, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "shape": rng.normal(size=head.shape_dims).astype(np.float32),
        "expression": rng.uniform(0, 0.6, (frames, head.expression_dims)).astype(np.float32),
        "rotation": rng.normal(0, 0.3, (frames, 3)).astype(np.float32),
        "neck": rng.normal(0, 0.3, (frames, 3)).astype(np.float32),
        "jaw": rng.normal(0, 0.2, (frames, 3)).astype(np.float32),
        "eyes": rng.normal(0, 0.2, (frames, 6)).astype(np.float32),
        "eyelids": rng.uniform(0, 1, (frames, 2)).astype(np.float32),
        "translation": rng.normal(0, 0.1, (frames, 3)).astype(np.float32),
    }


def test_file_is_small_and_shapes_agree(head):
    from importlib.resources import files

    assert (files("flame") / "data" / "open_head.npz").stat().st_size <= 15e6
    vertices, faces = len(head.v_template), len(head.faces)
    assert head.shape_basis.shape == (vertices, 3, 100)
    assert head.expression_basis.shape == (vertices, 3, len(EXPRESSION_NAMES))
    assert head.shapedirs.shape == (vertices, 3, 100 + len(EXPRESSION_NAMES))
    assert head.face_region.shape == (faces,)
    assert head.uv_faces.shape == (faces, 3)
    assert head.faces.max() == vertices - 1
    assert head.uv_faces.max() == len(head.uv) - 1
    assert head.uv.min() >= 0
    assert head.uv.max() <= 1


def test_zero_pose_is_the_template(head):
    posed = head.pose(FlameSequence.neutral(2))
    assert posed.dtype == np.float32
    np.testing.assert_allclose(posed[1], head.v_template, atol=1e-7)


@pytest.mark.parametrize("frames", [1, 3])
def test_fast_posing_equals_the_reference(head, frames):
    pose = random_pose(head, frames)
    np.testing.assert_allclose(pose_fast(head, **pose), pose_reference(head, **pose), atol=2e-6)


def test_fewer_coefficients_are_zero_padded(head):
    short = head.pose_frames(np.ones(3), np.full((1, 5), 0.5))
    shape, expression = np.zeros(100), np.zeros((1, len(EXPRESSION_NAMES)))
    shape[:3], expression[:, :5] = 1, 0.5
    np.testing.assert_allclose(short, head.pose_frames(shape, expression), atol=1e-7)


def test_smplx_poses_the_same_vertices(head, tmp_path):
    pytest.importorskip("smplx")
    torch = pytest.importorskip("torch")
    from flame.smplx_bridge import create_smplx

    model = create_smplx(head, tmp_path, batch_size=2)
    pose = random_pose(head, 2)
    pose["eyelids"][:] = 0  # smplx has no eyelids
    betas, expression = np.zeros((2, 300), np.float32), np.zeros((2, 100), np.float32)
    betas[:, :100] = pose["shape"]
    expression[:, : head.expression_dims] = pose["expression"]
    with torch.no_grad():
        out = model(
            betas=torch.tensor(betas),
            expression=torch.tensor(expression),
            global_orient=torch.tensor(pose["rotation"]),
            neck_pose=torch.tensor(pose["neck"]),
            jaw_pose=torch.tensor(pose["jaw"]),
            leye_pose=torch.tensor(pose["eyes"][:, :3]),
            reye_pose=torch.tensor(pose["eyes"][:, 3:]),
            transl=torch.tensor(pose["translation"]),
        )
    posed = pose_fast(head, **pose)
    np.testing.assert_allclose(posed, out.vertices.numpy(), atol=1e-5)
    np.testing.assert_allclose(head.landmarks(posed, "68")[:, 17:], out.joints.numpy()[:, -51:], atol=1e-5)


def test_smplx_gives_the_contour_too(head, tmp_path):
    pytest.importorskip("smplx")
    torch = pytest.importorskip("torch")
    from flame.smplx_bridge import create_smplx

    model = create_smplx(head, tmp_path, face_contour=True)
    with torch.no_grad():
        points = model().joints.numpy()[0, -68:]
    neutral = head.landmarks(head.v_template, "68")
    np.testing.assert_allclose(points[:51], neutral[17:], atol=1e-5)
    np.testing.assert_allclose(points[51:], neutral[:17], atol=1e-5)


def test_weights_and_regressor_are_convex(head):
    np.testing.assert_allclose(head.weights.sum(1), 1, atol=1e-6)
    assert head.weights.min() >= 0
    np.testing.assert_allclose(head.J_regressor.sum(1), 1, atol=1e-5)
    assert head.J_regressor.min() >= -1e-7
    joints = head.joints(np.zeros(100))
    np.testing.assert_allclose(joints[3] + joints[4], 0, atol=1e-4)  # the eye midpoint is the origin
    assert joints[3, 0] > 0.02 > -0.02 > joints[4, 0]


def test_mirror_index_is_a_symmetry_of_the_template(head):
    np.testing.assert_array_equal(head.mirror_index[head.mirror_index], np.arange(len(head.v_template)))
    np.testing.assert_allclose(head.v_template[head.mirror_index] * [-1, 1, 1], head.v_template, atol=1e-6)
    names = np.array(REGIONS)[head.vertex_region]
    mirrored = np.array([mirrored_region(n) for n in names[head.mirror_index]])
    assert (names == mirrored).mean() > 0.99


@pytest.mark.parametrize("name", SIDED)
def test_right_shapes_mirror_left_ones(head, name):
    other = name.replace("Left", "Right")
    if name.startswith("eyeBlink"):
        left, right = head.eyelid_basis
    else:
        left = head.expression_basis[:, :, head.expression_column(name)]
        right = head.expression_basis[:, :, head.expression_column(other)]
    np.testing.assert_allclose(left[head.mirror_index] * [-1, 1, 1], right, atol=2e-5)


@pytest.mark.parametrize("name", EXPRESSION_NAMES)
def test_every_shape_moves_something_by_a_plausible_amount(head, name):
    size = np.linalg.norm(head.expression_basis[:, :, head.expression_column(name)], axis=1)
    assert 0.5e-3 < size.max() < 45e-3
    assert size[head.region_vertices("shoulders")].max() < 5e-3
    assert size[head.region_vertices("eye_left", "eye_right", "iris_left", "iris_right")].max() < 1e-6


def test_jaw_opens_the_mouth_downwards_and_neck_turns_left(head):
    neutral = head.landmarks(head.v_template, "68")
    opened = head.landmarks(head.pose_frames([], np.zeros((1, 0)), jaw=[[JAW_OPEN_RADIANS, 0, 0]])[0], "68")
    gap = opened[62, 1] - opened[66, 1]
    assert gap > 0.025
    assert neutral[62, 1] - neutral[66, 1] < 0.006
    assert opened[8, 1] < neutral[8, 1] - 0.02
    turned = head.landmarks(head.pose_frames([], np.zeros((1, 0)), neck=[[0, 0.5, 0]])[0], "68")
    assert turned[30, 0] > 0.02  # the nose goes to the subject's own left
    still = head.pose_frames([], np.zeros((1, 0)), neck=[[0, 0.7, 0]])[0]
    shoulders = head.region_vertices("shoulders")
    assert np.abs(still - head.v_template)[shoulders].max() < 4e-3


def test_eyelids_shut_and_stay_outside_the_eyeball(head):
    upper, lower = 386, 374  # MediaPipe: middle of the left lids
    opened = head.landmarks(head.v_template, "478")
    shut = head.landmarks(head.pose_frames([], np.zeros((1, 0)), eyelids=[[1, 0]])[0], "478")
    assert opened[upper, 1] - opened[lower, 1] > 5e-3
    assert abs(shut[upper, 1] - shut[lower, 1]) < 2.5e-3
    np.testing.assert_allclose(shut[159], opened[159], atol=1e-6)  # the right eye stays open


def test_landmarks_lie_where_they_belong(head):
    for which, count in (("68", 68), ("478", 478)):
        embedding = {"68": head.landmarks_68, "478": head.landmarks_478}[which]
        assert isinstance(embedding, LandmarkEmbedding)
        assert len(embedding) == count
        np.testing.assert_allclose(embedding.barycentric.sum(1), 1, atol=1e-5)
        assert embedding.barycentric.min() >= -1e-6
    points = head.landmarks(head.v_template, "478")
    regions = np.array(REGIONS)[head.face_region[head.landmarks_478.face_index]]
    assert set(regions[[13, 14, 0, 17]]) == {"lips"}
    assert set(regions[468:478]) <= {
        "iris_left",
        "iris_right",
        "pupil_left",
        "pupil_right",
        "eye_left",
        "eye_right",
    }
    assert points[473, 0] > 0.02
    assert points[468, 0] < -0.02
    assert points[152, 1] == points[:, 1].min()  # the chin is lowest
    batch = head.landmarks(np.stack([head.v_template, head.v_template + 1]), "68")
    np.testing.assert_allclose(batch[1] - batch[0], 1, atol=1e-6)


def test_vertex_normals_point_outwards(head):
    normals = head.vertex_normals(np.stack([head.v_template, head.v_template]))
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1, atol=1e-4)
    nose = head.region_vertices("nose")
    tip = nose[np.argmax(head.v_template[nose, 2])]
    assert normals[0, tip, 2] > 0.5
    scalp = head.region_vertices("scalp")
    outward = head.v_template[scalp] - head.v_template[scalp].mean(0)
    assert ((normals[0, scalp] * outward).sum(1) > 0).mean() > 0.98


def test_rig_roundtrip(head):
    weights = np.zeros((2, 52), np.float32)
    weights[0] = np.linspace(0, 1, 52)
    for up, _down in (("eyeLookUp", "eyeLookDown"), ("eyeLookIn", "eyeLookOut")):
        for side in ("Left", "Right"):
            weights[0, ARKIT_NAMES.index(up + side)] = 0  # opposite gazes cancel
    parameters = head.rig.to_parameters(weights)
    sequence = FlameSequence.neutral(2).replace(**parameters)
    np.testing.assert_allclose(head.rig.from_parameters(sequence), weights, atol=1e-5)


def test_gaze_weights_turn_both_eyes_to_the_same_side(head):
    weights = np.zeros((1, 52), np.float32)
    weights[0, [ARKIT_NAMES.index("eyeLookOutLeft"), ARKIT_NAMES.index("eyeLookInRight")]] = 1
    eyes = head.rig.to_parameters(weights)["eyes"][0]
    assert eyes[1] > 0.3
    assert eyes[4] > 0.3


def test_wrong_input_is_refused(head, tmp_path):
    with pytest.raises(HeadFileError, match="basis"):
        head.pose(FlameSequence.neutral(1).replace(basis="flame2020", expression=np.zeros((1, 100))))
    with pytest.raises(HeadFileError, match="at most 100"):
        head.pose_frames(np.zeros(101), np.zeros((1, 0)))
    with pytest.raises(HeadFileError, match="jaw"):
        head.pose_frames(np.zeros(1), np.zeros((2, 0)), jaw=np.zeros((1, 3)))
    with pytest.raises(HeadFileError, match="landmarks"):
        head.landmarks(head.v_template, "70")
    with pytest.raises(HeadFileError, match="region"):
        head.region_faces("horns")
    with pytest.raises(HeadFileError, match="no such head"):
        load_head("no_such_head")
    with pytest.raises(InputError, match="52"):
        head.rig.to_parameters(np.zeros((1, 51)))
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"not a zip")
    with pytest.raises(HeadFileError, match="readable"):
        load_head(str(broken))
    np.savez(tmp_path / "other.npz", v_template=np.zeros((1, 3)))
    with pytest.raises(HeadFileError, match="version"):
        load_head(str(tmp_path / "other.npz"))


def test_arrays_cannot_be_written(head):
    with pytest.raises(ValueError):
        head.v_template[0, 0] = 1


def test_loading_needs_no_heavy_package():
    code = (
        "import sys; from flame import load_head; load_head();"
        "assert not {'torch', 'smplx', 'mediapipe', 'numba', 'cv2'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
