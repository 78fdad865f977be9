"""Region labels of the head's vertices and faces, from UV islands, morph-target supports and geometry."""

from __future__ import annotations

import numpy as np

from flame.build.cut import RED_EDGE, CutMesh
from flame.build.sculpt import Sculptor
from flame.build.skin import neck_weights
from flame.regions import REGION_INDEX

BROW_ARC = np.array([(0.0115, 0.0175), (0.020, 0.0205), (0.033, 0.0240), (0.0425, 0.0215), (0.0495, 0.0165)])
"""(x, y) of the left brow's middle line at the mean, metres."""
BROW_HALF_HEIGHT = np.array([0.0036, 0.0036, 0.0030, 0.0024, 0.0014])
HAIRLINE = np.array(
    [
        (-0.20, -0.070),
        (-0.13, -0.060),
        (-0.085, -0.010),
        (-0.06, 0.012),
        (-0.045, 0.030),
        (-0.02, 0.052),
        (0.03, 0.070),
    ]
)
"""(z, y): skin above this line, seen from the side, is scalp."""
EAR_BOX = (0.0665, -0.055, 0.024, -0.112, -0.045)
"""An ear is what lies further out than |x|, between these heights and depths, metres."""
NOSE_BELOW = -0.0495


def label(mesh: CutMesh, sculptor: Sculptor) -> dict[str, np.ndarray]:
    """``vertex_region`` (V,) and ``face_region`` (F,), uint8 indices into ``flame.regions.REGIONS``."""
    on_faces = {f: np.zeros(len(mesh.faces), bool) for f in REGION_INDEX}
    masks = skin_masks(mesh, sculptor)
    face = np.zeros(len(mesh.faces), np.uint8)
    for name, mask in masks.items():  # later names win
        on_faces[name] = mask[mesh.faces].sum(1) >= 2
        face[on_faces[name]] = REGION_INDEX[name]
    face[mesh.island == "socket"] = REGION_INDEX["eye_socket"]
    for part, name in (
        ("tongue", "tongue"),
        ("teeth_upper", "teeth"),
        ("teeth_lower", "teeth"),
        ("lashes_left", "lashes"),
        ("lashes_right", "lashes"),
    ):
        face[mesh.face_part == part] = REGION_INDEX[name]
    face[mesh.face_kind == "gum"] = REGION_INDEX["gums"]
    face[mesh.lip_ring[mesh.faces].min(1) < RED_EDGE] = REGION_INDEX["lips"]
    face[mesh.island == "mouth"] = REGION_INDEX["mouth_inside"]
    for side in ("left", "right"):
        ball = mesh.face_part == f"eye_{side}"
        for kind, name in (("sclera", "eye"), ("iris", "iris"), ("pupil", "pupil")):
            face[ball & (mesh.face_kind == kind)] = REGION_INDEX[f"{name}_{side}"]
    return {"face_region": face, "vertex_region": vertex_labels(mesh, face, masks)}


def skin_masks(mesh: CutMesh, sculptor: Sculptor) -> dict[str, np.ndarray]:
    """Boolean (V,) masks of the regions of the outer skin, symmetric; where they overlap the later one holds."""
    x, y, z = mesh.mean.T
    skin = mesh.part == "skin"
    neck = neck_weights(mesh)
    left = x > 0
    scalp = y > np.interp(z, HAIRLINE[:, 0], HAIRLINE[:, 1])
    ear = (np.abs(x) > EAR_BOX[0]) & (y > EAR_BOX[1]) & (y < EAR_BOX[2]) & (z > EAR_BOX[3]) & (z < EAR_BOX[4])
    nose = (sculptor.support("nose/nose-trans-forward") > 0.62) & (y > NOSE_BELOW)
    brow_y = np.interp(np.abs(x), BROW_ARC[:, 0], BROW_ARC[:, 1])
    brow_half = np.interp(np.abs(x), BROW_ARC[:, 0], BROW_HALF_HEIGHT)
    brow = (
        (np.abs(y - brow_y) < brow_half)
        & (np.abs(x) > BROW_ARC[0, 0])
        & (np.abs(x) < BROW_ARC[-1, 0])
        & (z > -0.02)
    )
    masks = {
        "neck": (neck < 0.9) | ((y < -0.098) & (z < -0.005)),
        "shoulders": neck < 0.03,
        "scalp": scalp,
        "nose": nose,
        "ear_left": ear & left,
        "ear_right": ear & ~left,
        "brow_left": brow & left,
        "brow_right": brow & ~left,
    }
    return {name: mask & skin for name, mask in masks.items()}


def vertex_labels(mesh: CutMesh, face: np.ndarray, masks: dict[str, np.ndarray]) -> np.ndarray:
    """(V,) each vertex takes the commonest label of its faces (the lower index on a tie)."""
    votes = np.zeros((len(mesh.mean), len(REGION_INDEX)), np.int32)
    for corner in range(3):
        np.add.at(votes, (mesh.faces[:, corner], face), 1)
    return votes.argmax(1).astype(np.uint8)
