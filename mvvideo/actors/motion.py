"""Random poses, expressions and short motions of an actor, as FLAME parameters of the open head."""

from __future__ import annotations

import numpy as np

from flame.easing import smoothstep
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence

__all__ = ["EXPRESSIONS", "sample_motion", "sample_reference_pose"]

JAW_OPEN_RADIANS = np.deg2rad(24.4)
BOTH = ("Left", "Right")


def _pair(name: str, value: float) -> dict[str, float]:
    return {name + side: value for side in BOTH}


EXPRESSIONS: dict[str, dict[str, float]] = {
    "smile": _pair("mouthSmile", 0.8) | _pair("cheekSquint", 0.4) | _pair("eyeSquint", 0.25),
    "grin": _pair("mouthSmile", 1.0)
    | _pair("mouthUpperUp", 0.35)
    | _pair("cheekSquint", 0.6)
    | {"jawOpen": 0.12},
    "laugh": _pair("mouthSmile", 0.9)
    | _pair("eyeSquint", 0.5)
    | _pair("cheekSquint", 0.7)
    | {"jawOpen": 0.5},
    "frown": _pair("mouthFrown", 0.8) | _pair("browDown", 0.5) | {"mouthShrugLower": 0.3},
    "anger": _pair("browDown", 0.9)
    | _pair("noseSneer", 0.5)
    | _pair("mouthPress", 0.6)
    | _pair("eyeSquint", 0.3),
    "surprise": _pair("browOuterUp", 0.8) | _pair("eyeWide", 0.8) | {"browInnerUp": 0.8, "jawOpen": 0.5},
    "sad": _pair("mouthFrown", 0.5) | {"browInnerUp": 0.9, "mouthShrugLower": 0.4},
    "disgust": _pair("noseSneer", 0.9) | _pair("mouthUpperUp", 0.5) | _pair("browDown", 0.4),
    "vowel_a": {"jawOpen": 0.7} | _pair("mouthLowerDown", 0.3),
    "vowel_e": {"jawOpen": 0.25} | _pair("mouthStretch", 0.5) | _pair("mouthLowerDown", 0.4),
    "vowel_o": {"jawOpen": 0.45, "mouthFunnel": 0.7},
    "vowel_u": {"jawOpen": 0.15, "mouthPucker": 0.8},
    "closed": {"mouthRollLower": 0.4, "mouthRollUpper": 0.3} | _pair("mouthPress", 0.4),
    "teeth": {"jawOpen": 0.15}
    | _pair("mouthUpperUp", 0.6)
    | _pair("mouthLowerDown", 0.6)
    | _pair("mouthStretch", 0.3),
    "puff": {"cheekPuff": 0.9},
    "neutral": {},
}
"""Rig weights of common faces; motions mix two of them with noise."""


def _weights(rng: np.random.Generator) -> dict[str, float]:
    """A random face: one or two named ones plus a few single shapes, not quite symmetric."""
    out: dict[str, float] = {}
    names = list(EXPRESSIONS)
    for _ in range(int(rng.integers(1, 3))):
        strength = rng.uniform(0.2, 1.15)
        for name, value in EXPRESSIONS[str(rng.choice(names))].items():
            out[name] = out.get(name, 0.0) + strength * value * rng.uniform(0.8, 1.2)
    for _ in range(int(rng.integers(0, 4))):
        name = str(rng.choice(EXPRESSION_NAMES))
        if not name.startswith(("eyeLook", "tongue")):
            out[name] = out.get(name, 0.0) + rng.beta(1, 2.5) * 0.8
    if rng.random() < 0.35:
        out["jawOpen"] = out.get("jawOpen", 0.0) + rng.beta(1, 2)
    return {k: float(np.clip(v, 0, 1)) for k, v in out.items()}


def _parameters(weights: dict[str, float]) -> tuple[np.ndarray, float]:
    """Rig weights to (expression (E,), jaw opening in radians)."""
    expression = np.zeros(len(EXPRESSION_NAMES), np.float32)
    for i, name in enumerate(EXPRESSION_NAMES):
        expression[i] = weights.get(name, 0.0)
    return expression, weights.get("jawOpen", 0.0) * JAW_OPEN_RADIANS


def _gaze_lids(expression: np.ndarray, pitch: np.ndarray, yaw: np.ndarray) -> None:
    """Let the lids follow the gaze (radians; pitch > 0 looks down), in place on (T,E)."""
    index = {n: i for i, n in enumerate(EXPRESSION_NAMES)}
    for side, outward in (("Left", 1.0), ("Right", -1.0)):
        for name, value in (("Down", pitch), ("Up", -pitch), ("Out", outward * yaw), ("In", -outward * yaw)):
            key = f"eyeLook{name}{side}"
            if key in index:
                expression[:, index[key]] = np.clip(value / np.deg2rad(30), 0, 1)


def _track(start: np.ndarray, goal: np.ndarray, frames: int, rng: np.random.Generator) -> np.ndarray:
    """(T,D): from start toward goal along an ease, cut at a random place and speed."""
    place = np.sort(rng.uniform(0, 1, 2)) if frames > 1 else np.array([1.0, 1.0])
    t = np.linspace(place[0], place[1], frames)
    return start + (goal - start) * smoothstep(t)[:, None]


def sample_reference_pose(
    rng: np.random.Generator, betas: np.ndarray, *, yaw_radians: float
) -> FlameSequence:
    """One frame such as portraits show: small pitch and roll, calm or smiling, looking near the camera.

    Args:
        yaw_radians: turn of the head against the camera; part of it turns the whole bust.
    """
    calm = str(rng.choice(["neutral", "smile", "closed"]))
    weights = _weights(rng) if rng.random() < 0.35 else EXPRESSIONS[calm]
    scale = rng.uniform(0.0, 0.8)
    expression, jaw = _parameters({k: v * scale for k, v in weights.items()})
    bust = rng.uniform(0.0, 0.9)
    pitch, roll = rng.normal(0, 0.09), rng.normal(0, 0.06)
    gaze_yaw = np.clip(-0.5 * yaw_radians * rng.random() + rng.normal(0, 0.08), -0.5, 0.5)
    gaze_pitch = np.clip(rng.normal(0, 0.07) - 0.5 * pitch, -0.35, 0.35)
    row = expression[None].copy()
    _gaze_lids(row, np.array([gaze_pitch]), np.array([gaze_yaw]))
    lids = float(np.clip(rng.normal(0.02, 0.08), 0, 0.5))
    return FlameSequence(
        shape=betas,
        expression=row,
        rotation=np.array([[0.0, yaw_radians * bust, 0.0]]),
        neck=np.array([[pitch, yaw_radians * (1 - bust), roll]]),
        jaw=np.array([[jaw, 0.0, 0.0]]),
        eyes=np.array([[gaze_pitch, gaze_yaw, 0.0] * 2]),
        eyelids=np.array([[lids, lids]]),
        translation=np.zeros((1, 3)),
        fps=25.0,
    )


def sample_motion(
    rng: np.random.Generator, reference: FlameSequence, frames: int, *, near: bool
) -> FlameSequence:
    """A few consecutive frames that start from somewhere between the reference and another pose.

    Args:
        reference: one frame. frames: T. near: stay within a hair of the reference (so that good pixels are kept).
    """
    size = 0.06 if near else 1.0
    expression, jaw = _parameters(_weights(rng))
    neck = reference.neck[0] + size * np.array(
        [rng.normal(0, 0.16), rng.normal(0, 0.28), rng.normal(0, 0.10)]
    )
    rotation = reference.rotation[0] + size * np.array(
        [rng.normal(0, 0.03), rng.normal(0, 0.07), rng.normal(0, 0.03)]
    )
    gaze = size * np.array([rng.normal(0, 0.14), rng.normal(0, 0.22)])
    gaze = np.clip(reference.eyes[0, :2] + gaze, -0.6, 0.6)
    share = 0.08 if near else 1.0
    face = reference.expression[0] * (1 - share) + expression * share
    jaw_goal = np.array([reference.jaw[0, 0] * (1 - share) + jaw * share, size * rng.normal(0, 0.02), 0.0])
    shift = size * rng.normal(0, [0.012, 0.008, 0.012])
    count = len(expression)
    start_expression = np.zeros(count, np.float32)
    start_expression[:] = reference.expression[0, :count]
    expressions = np.clip(_track(start_expression, face[:count], frames, rng), 0, 1).astype(np.float32)
    eyes = np.clip(_track(reference.eyes[0, :2], gaze, frames, rng), -0.6, 0.6)
    _gaze_lids(expressions, eyes[:, 0], eyes[:, 1])
    blink = rng.beta(0.5, 0.5) if rng.random() < 0.3 and not near else float(reference.eyelids[0, 0])
    lids = np.clip(_track(reference.eyelids[0], np.array([blink, blink]), frames, rng), 0, 1)
    if rng.random() < 0.04 and not near:
        lids[:, int(rng.integers(2))] = 0.0  # a wink
    eyes = np.concatenate([eyes, np.zeros((frames, 1))], 1)
    return FlameSequence(
        shape=reference.shape,
        expression=expressions,
        rotation=_track(reference.rotation[0], rotation, frames, rng),
        neck=np.clip(_track(reference.neck[0], neck, frames, rng), -1.0, 1.0),
        jaw=_track(reference.jaw[0], jaw_goal, frames, rng),
        eyes=np.concatenate([eyes, eyes], 1),
        eyelids=lids,
        translation=_track(reference.translation[0], reference.translation[0] + shift, frames, rng),
        fps=25.0,
    )
