"""What detectors, mattes, cameras and painters do to a picture: noise on landmarks, mattes and photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Look", "degrade_reference", "noisy_landmarks", "noisy_matte", "sample_look"]

LANDMARK_SIGMA = 0.015
"""Spread of a landmark as a share of the distance between the eyes; measured detectors: 3 % against renders."""


def noisy_landmarks(
    points: np.ndarray, canonical: np.ndarray, rng: np.random.Generator, *, yaw_radians: float
) -> np.ndarray:
    """Landmarks as a detector would give them: errors that vary smoothly over the face and grow with the turn.

    Args:
        points: (478,3) true pixels, third coordinate depth in pixels. canonical: (478,3) places on a neutral face, m.
        rng: randomness. yaw_radians: turn of the head against the camera.
    """
    spread = float(np.linalg.norm(points[:, :2].max(0) - points[:, :2].min(0))) * 0.3  # about eye to eye
    growth = 1.0 + (yaw_radians / 0.7) ** 2
    waves = rng.normal(0, 1 / 0.05, (12, 3))  # features of about 5 cm
    phase = rng.uniform(0, 2 * np.pi, 12)
    smooth = np.sin(canonical @ waves.T + phase) @ rng.normal(0, 1, (12, 3)) / np.sqrt(6)  # (478, 3)
    error = LANDMARK_SIGMA * growth * smooth + 0.003 * rng.normal(0, 1, points.shape)
    error += rng.normal(0, 0.006, 3)  # the whole face a little off
    error[:, 2] *= 2.5
    scale = 1 + rng.normal(0, 0.006)
    middle = points.mean(0)
    return middle + (points - middle) * scale + error * spread


def noisy_matte(alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(S,S) f32 matte as a segmenter gives it: too wide or narrow, soft, wobbly, sometimes a bite or a blob."""
    import cv2

    size = alpha.shape[0]
    low = int(rng.integers(8, 32))
    wobble = cv2.resize(
        rng.standard_normal((low, low)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    soft = cv2.GaussianBlur(alpha, (0, 0), max(0.4, size / 256 * rng.uniform(0.6, 2.5)))
    threshold = 0.5 + rng.normal(0, 0.12) + 0.14 * wobble
    sharp = rng.uniform(1.5, 6.0)
    matte = np.clip((soft - threshold) * sharp + 0.5, 0, 1)
    keep = rng.uniform(0.0, 0.7)  # share of the true soft edge, as good mattes have it
    matte = keep * alpha + (1 - keep) * matte
    near = cv2.GaussianBlur(alpha, (0, 0), size * 0.02)  # far from the outline even poor mattes are right
    matte = 1 - (1 - matte * np.clip(near * 15, 0, 1)) * np.clip((1 - near) * 15, 0, 1)
    if rng.random() < 0.08:
        blob = np.zeros_like(matte)
        place = tuple(int(v) for v in rng.integers(0, size, 2))
        cv2.circle(blob, place, int(size * rng.uniform(0.02, 0.07)), 1.0, -1, cv2.LINE_AA)
        edge = cv2.GaussianBlur(4 * alpha * (1 - alpha), (0, 0), size * 0.03)
        matte = np.clip(
            matte + np.sign(rng.normal()) * cv2.GaussianBlur(blob, (0, 0), 2) * (edge > 0.02), 0, 1
        )
    return matte.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Look:
    """How all pictures of one clip are developed: gain (3,), gamma, saturation, blur_px, painted, canvas (S,S)."""

    gain: np.ndarray
    gamma: float
    saturation: float
    blur_px: float
    painted: float
    canvas: np.ndarray

    def apply(self, image: np.ndarray) -> np.ndarray:
        """(S,S,3) sRGB in [0,1], developed; the same everywhere in a clip, so that only the subject moves."""
        import cv2

        out = np.clip(image * self.gain.astype(np.float32), 0, 1) ** np.float32(self.gamma)
        grey = out @ np.array([0.3, 0.59, 0.11], np.float32)
        out = grey[..., None] + (out - grey[..., None]) * np.float32(self.saturation)
        out = np.clip(out, 0, 1).astype(np.float32)
        if self.painted > 0:
            smooth = cv2.bilateralFilter(out, 7, 0.10 + 0.15 * self.painted, 4.0)
            smooth = cv2.bilateralFilter(smooth, 7, 0.10 + 0.15 * self.painted, 4.0)
            strokes = cv2.medianBlur((smooth * 255).astype(np.uint8), 3).astype(np.float32) / 255
            out = np.clip(strokes * (1 + 0.06 * self.canvas[..., None]), 0, 1)
        if self.blur_px > 0.3:
            out = cv2.GaussianBlur(out, (0, 0), self.blur_px)
        return out.astype(np.float32)


def sample_look(rng: np.random.Generator, size: int) -> Look:
    """Draw a development: mostly near neutral, sometimes black and white, faded, painted or a little blurred."""
    import cv2

    saturation = float(
        rng.choice([rng.uniform(0.75, 1.25), 0.0, rng.uniform(0.2, 0.7)], p=[0.88, 0.05, 0.07])
    )
    painted = float(rng.uniform(0.3, 1.0)) if rng.random() < 0.12 else 0.0
    canvas = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), 0.8)
    blur = float(rng.uniform(0.3, 0.9)) * size / 256 if rng.random() < 0.2 else 0.0
    return Look(
        np.exp(rng.normal(0, 0.08)) * np.exp(rng.normal(0, 0.05, 3)),
        float(np.exp(rng.normal(0, 0.12))),
        saturation,
        blur,
        painted,
        canvas,
    )


def degrade_reference(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(S,S,3) sRGB: what only the reference suffers: sensor noise, resampling, JPEG."""
    import cv2

    size = image.shape[0]
    out = image
    if rng.random() < 0.35:
        small = max(32, int(size * rng.uniform(0.5, 0.95)))
        out = cv2.resize(
            cv2.resize(out, (small, small), interpolation=cv2.INTER_AREA),
            (size, size),
            interpolation=cv2.INTER_CUBIC,
        )
    if rng.random() < 0.5:
        out = out + rng.normal(0, rng.uniform(0.002, 0.018), out.shape)
    out = np.clip(out, 0, 1)
    if rng.random() < 0.6:
        quality = int(rng.integers(55, 96))
        data = cv2.imencode(
            ".jpg", np.round(out[..., ::-1] * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )[1]
        out = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1] / 255.0
    return np.ascontiguousarray(out, np.float32)
