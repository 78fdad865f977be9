"""An actor's teeth, gums and tongue: those of the embedded head, in the actor's own proportions and shade.

The kit's own dentures hang on the lips around them and stretch like rubber when the jaw opens, and its tongue fills
the mouth. The head's do neither, and lie where the drawn head's lie, give or take the millimetre by which people
differ. So what guidance shows between the lips tells a model something about the picture it is to make, as it does
in use.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mvvideo.actors.rigging import JAW, BaseRig
from mvvideo.portrait.synthetic import tooth_coordinates

__all__ = ["SHADES", "MouthPart", "make_mouth"]

SHADES = (
    (0.95, 0.93, 0.88),
    (0.93, 0.89, 0.81),
    (0.90, 0.86, 0.76),
    (0.88, 0.82, 0.70),
    (0.85, 0.80, 0.73),
    (0.80, 0.72, 0.58),
)
"""sRGB of enamel, bleached to stained."""
GUM, TONGUE = (0.66, 0.38, 0.36), (0.74, 0.42, 0.40)
SIZE_SPREAD, HEIGHT_SPREAD_METRES, DEPTH_SPREAD_METRES = 0.03, 0.0007, 0.0006
"""Standard deviations of a mouth's size (a share), of where each row of teeth stands, and of how far back both are."""
FIRST_OF_GUM = 0.72
"""Share of a tooth's height, from its edge, at which its gum begins."""
PARTS = {"teeth": ("teeth", "gums"), "tongue": ("tongue",)}
_TEXTURE = 64


@dataclass(frozen=True, eq=False)
class MouthPart:
    """name; rows (M,) of the rig's ``mouth_rows``; rest (M,3) metres, weights (M,5), triangles (F,3) i32 into them, uv
    (M,2) v up, image (64,64,4) u8."""

    name: str
    rows: np.ndarray
    rest: np.ndarray
    weights: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    image: np.ndarray


def make_mouth(
    head, rig: BaseRig, base: np.ndarray, betas: np.ndarray, shade: int, rng: np.random.Generator
) -> list[MouthPart]:
    """Teeth with gums, and tongue, of one actor.

    Args:
        head: with the regions of ``PARTS``. rig: of that head and the actor's kit. base: (K,3) rest base mesh.
        betas: (S,) the actor's shape in the head's space. shade: index into ``SHADES``. rng: for the proportions.
    """
    rows = rig.mouth_rows
    basis = head.shape_basis[..., : len(betas)]
    rest = head.v_template[rows] + basis[rows] @ betas
    # The mouth of the actor is where its own lips are, not where the nearest betas have them.
    lips = np.isin(rig.head_rows, head.region_vertices("lips"))
    if lips.any():
        own, fitted = rig.base_rows[lips], rig.head_rows[lips]
        rest = rest + (base[own] - head.v_template[fitted] - basis[fitted] @ betas).mean(0)
    middle = rest.mean(0)
    rest = middle + (rest - middle) * (1 + SIZE_SPREAD * rng.standard_normal())
    upper, lower = HEIGHT_SPREAD_METRES * rng.standard_normal(2)
    rest[:, 1] += np.where(head.weights[rows, JAW] > 0.5, lower, upper)
    rest[:, 2] += DEPTH_SPREAD_METRES * rng.standard_normal()
    across, root = tooth_coordinates(head)
    images = {"teeth": _teeth_image(np.array(SHADES[shade % len(SHADES)]), rng), "tongue": _tongue_image(rng)}
    parts = []
    for name, regions in PARTS.items():
        chosen = np.nonzero(np.isin(rows, head.region_vertices(*regions)))[0]
        local = np.full(len(head.v_template), -1, np.int32)
        local[rows[chosen]] = np.arange(len(chosen), dtype=np.int32)
        triangles = np.concatenate([head.faces[head.region_faces(region)] for region in regions])
        uv = 0.02 + 0.96 * np.stack([across, root], 1)[rows[chosen]]
        if name == "tongue":
            uv = _from_above(rest[chosen])
        parts.append(
            MouthPart(
                name,
                chosen,
                rest[chosen].astype(np.float32),
                head.weights[rows[chosen]].astype(np.float32),
                local[triangles],
                uv.astype(np.float32),
                images[name],
            )
        )
    return parts


def _from_above(points: np.ndarray) -> np.ndarray:
    """(M,2) in [0,1]: where points (M,3) lie across and along."""
    flat = points[:, [0, 2]]
    return (flat - flat.min(0)) / np.maximum(np.ptp(flat, axis=0), 1e-6)


def _flesh(color: tuple[float, ...], rng: np.random.Generator) -> np.ndarray:
    """(3,) sRGB of one person's gums or tongue."""
    return np.clip(np.array(color) * np.exp(rng.normal(0, 0.12)) * np.exp(rng.normal(0, 0.05, 3)), 0, 1)


def _teeth_image(enamel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(64,64,4) u8: columns from the middle of a tooth to the gap, rows from the gum (on top) to the edge."""
    across = np.linspace(0, 1, _TEXTURE)[None, :, None]
    root = np.linspace(1, 0, _TEXTURE)[:, None, None]
    enamel = np.clip(enamel * np.exp(rng.normal(0, 0.04)) * np.exp(rng.normal(0, 0.015, 3)), 0, 1)
    tooth = enamel * (1 - 0.10 * root) * (1 - rng.uniform(0.15, 0.45) * np.clip((across - 0.55) / 0.4, 0, 1))
    share = np.clip((root - FIRST_OF_GUM) / 0.12, 0, 1)
    return _opaque(tooth * (1 - share) + _flesh(GUM, rng) * share)


def _tongue_image(rng: np.random.Generator) -> np.ndarray:
    """(64,64,4) u8: one colour, mottled, with a darker line along the middle."""
    across = np.abs(np.linspace(-1, 1, _TEXTURE))[None, :, None]
    mottled = 1 + 0.04 * rng.standard_normal((_TEXTURE, _TEXTURE, 1))
    return _opaque(_flesh(TONGUE, rng) * mottled * (1 - 0.12 * np.exp(-((across / 0.12) ** 2))))


def _opaque(color: np.ndarray) -> np.ndarray:
    out = np.full((_TEXTURE, _TEXTURE, 4), 255, np.uint8)
    out[..., :3] = np.clip(color * 255 + 0.5, 0, 255)
    return out
