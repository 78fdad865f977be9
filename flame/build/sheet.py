"""``python -m flame.build.sheet``: the contact sheet docs/open_head.png, poses above, the rig's shapes below."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from flame.build.portraits import render
from flame.head import FlameHead, load_head
from flame.rig import ARKIT_NAMES, EXTRA_NAMES

TILE, LARGE = 176, 264
COLUMNS, LARGE_COLUMNS = 9, 6
SUPERSAMPLING = 2
HELPED = {"mouthClose": {"jawOpen": 1.0}, "tongueOut": {"jawOpen": 0.4}, "tongueUp": {"jawOpen": 0.5}}
"""Shapes that only make sense, or only show, with an open jaw."""


def rig_vertices(head: FlameHead, weights: dict[str, float], shape: np.ndarray | None = None) -> np.ndarray:
    """Vertices (V, 3) for named ARKit weights or extra shapes."""
    row = np.zeros((1, len(ARKIT_NAMES)))
    for name, value in weights.items():
        if name in ARKIT_NAMES:
            row[0, ARKIT_NAMES.index(name)] = value
    parameters = head.rig.to_parameters(row)
    for name, value in weights.items():
        if name in EXTRA_NAMES:
            parameters["expression"][0, head.expression_column(name)] = value
    return head.pose_frames(np.zeros(0) if shape is None else shape, **parameters)[0]


def posed(head: FlameHead, shape: np.ndarray | None = None, **degrees: list[float]) -> np.ndarray:
    """Vertices (V, 3) for joint rotations in degrees (eyelids in 0..1)."""
    channels = {k: np.array([v], float) if k == "eyelids" else np.radians([v]) for k, v in degrees.items()}
    return head.pose_frames(np.zeros(0) if shape is None else shape, np.zeros((1, 0)), **channels)[0]


def tile(
    head: FlameHead, vertices: np.ndarray, label: str, *, size: int, yaw: float = 0.0, bust: bool = False
) -> np.ndarray:
    """A labelled picture (size, size, 3) of vertices seen from ``yaw`` degrees to the subject's left."""
    import cv2

    centre = np.array([0, -0.065 if bust else -0.032, -0.055])
    cos, sin = np.cos(np.radians(-yaw)), np.sin(np.radians(-yaw))
    turned = (vertices - centre) @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    large = render(
        turned,
        head.faces,
        head.face_region,
        head.v_template,
        size=size * SUPERSAMPLING,
        focal=5.6 if bust else 10.2,
        distance=1.0,
    ).picture
    small = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)
    scale = size / 480
    for colour, thickness in (((40, 40, 40), 3), ((255, 255, 255), 1)):
        cv2.putText(
            small, label, (6, size - 8), cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA
        )
    return small


def pose_tiles(head: FlameHead) -> list[np.ndarray]:
    """Neutral from three sides, jaw, neck, gaze, blink, emotions and random identities."""
    rng = np.random.default_rng(4)
    neutral = head.v_template
    smile = {"mouthSmileLeft": 1, "mouthSmileRight": 1, "cheekSquintLeft": 0.7, "cheekSquintRight": 0.7}
    laugh = {**smile, "jawOpen": 0.45, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.4}
    anger = {
        "browDownLeft": 1,
        "browDownRight": 1,
        "noseSneerLeft": 0.7,
        "noseSneerRight": 0.7,
        "mouthFrownLeft": 0.5,
    }
    surprise = {
        "browInnerUp": 1,
        "browOuterUpLeft": 1,
        "browOuterUpRight": 1,
        "eyeWideLeft": 1,
        "eyeWideRight": 1,
    }
    wanted = [
        (neutral, "neutral", 0.0),
        (neutral, "neutral, 45", 45.0),
        (neutral, "neutral, 90", 90.0),
        (posed(head, jaw=[20, 0, 0]), "jaw 20", 20.0),
        (posed(head, neck=[0, 40, 0]), "neck yaw +40", 0.0),
        (posed(head, neck=[0, -40, 0]), "neck yaw -40", 0.0),
        (posed(head, neck=[20, 0, 0]), "neck pitch 20 down", 40.0),
        (posed(head, neck=[-20, 0, 0]), "neck pitch 20 up", 40.0),
        (posed(head, eyes=[0, 20, 0, 0, 20, 0]), "gaze +20", 0.0),
        (posed(head, eyes=[0, -20, 0, 0, -20, 0]), "gaze -20", 0.0),
        (posed(head, eyelids=[1, 1]), "blink", 0.0),
        (posed(head, eyelids=[0.5, 0.5]), "blink half", 20.0),
        (rig_vertices(head, laugh), "laugh", 20.0),
        (rig_vertices(head, {**anger, "mouthFrownRight": 0.5}), "anger", 20.0),
        (rig_vertices(head, {**surprise, "jawOpen": 0.5}), "surprise", 20.0),
    ]
    wanted += [(rig_vertices(head, smile, rng.normal(size=100)), f"person {k}", 20.0) for k in range(3)]
    busts = ("neutral", "neck", "person")
    return [
        tile(head, vertices, label, size=LARGE, yaw=yaw, bust=label.startswith(busts))
        for vertices, label, yaw in wanted
    ]


def shape_tiles(head: FlameHead) -> list[np.ndarray]:
    """One tile per shape of the rig."""
    return [
        tile(head, rig_vertices(head, {name: 1.0, **HELPED.get(name, {})}), name, size=TILE, yaw=18.0)
        for name in ARKIT_NAMES + EXTRA_NAMES
    ]


def grid(tiles: list[np.ndarray], columns: int) -> np.ndarray:
    """Tiles in rows of ``columns``; the last row is filled up with background."""
    missing = -len(tiles) % columns
    tiles = tiles + [np.full_like(tiles[0], 140)] * missing
    rows = [np.concatenate(tiles[i : i + columns], axis=1) for i in range(0, len(tiles), columns)]
    return np.concatenate(rows)


def contact_sheet(head: FlameHead) -> np.ndarray:
    """The whole sheet (H, W, 3) uint8."""
    return np.concatenate([grid(pose_tiles(head), LARGE_COLUMNS), grid(shape_tiles(head), COLUMNS)])


def main() -> None:
    """Parse the command line, draw, write."""
    import cv2

    parser = argparse.ArgumentParser(
        prog="python -m flame.build.sheet", description="Draw the head's contact sheet."
    )
    parser.add_argument("--head", default="open", help='"open" or a head file')
    parser.add_argument("--out", type=Path, default=Path("docs/open_head.png"), help="picture to write")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(options.out), contact_sheet(load_head(options.head))[..., ::-1])


if __name__ == "__main__":
    main()
