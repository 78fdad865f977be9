"""Light on an actor: a sky as second-order spherical harmonics and up to three directional lights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Lighting", "sample_lighting", "sky_lobes"]


@dataclass(frozen=True, eq=False)
class Lighting:
    """sh (9,3) convolved sky; directions (L,3) towards the lights, colors (L,3) linear; light 0 casts the shadow.

    softness: blur of that shadow in metres; exposure: factor on the linear picture.
    """

    sh: np.ndarray
    directions: np.ndarray
    colors: np.ndarray
    softness: float
    exposure: float


def sky_lobes(directions: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """(9,3): irradiance coefficients of a sky made of broad lobes, in the basis of :mod:`mvvideo.actors.shading`.

    Each lobe of colour c towards d adds ``c (1/4 + (d.n)/2 + 5/32 (3 (d.n)^2 - 1))`` (Ramamoorthi & Hanrahan, 2001).

    Args:
        directions: (N,3) unit; colors: (N,3) linear.
    """
    x, y, z = np.asarray(directions, np.float64).T
    quadratic = 15.0 / 16.0
    basis = np.stack(
        [
            np.full_like(x, 0.25),
            y / 2,
            z / 2,
            x / 2,
            quadratic * x * y,
            quadratic * y * z,
            quadratic / 4 * (z * z - 1 / 3),
            quadratic * x * z,
            quadratic / 4 * (x * x - y * y),
        ]
    )  # (9, N)
    return (basis @ colors).astype(np.float32)


def _direction(azimuth: float, elevation: float) -> np.ndarray:
    return np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    )


def _tint(rng: np.random.Generator, spread: float) -> np.ndarray:
    """(3,) colour of about unit brightness between warm and cool."""
    warm = rng.normal(0, spread)
    color = np.exp(np.array([warm, 0.15 * rng.normal(0, spread), -warm]))
    return color / color.mean()


def sample_lighting(
    rng: np.random.Generator,
    background_mean: np.ndarray | None = None,
    *,
    albedo: float = 0.3,
    front: float = 0.0,
) -> Lighting:
    """Draw a light: from flat overcast to one hard key, sometimes a rim or a coloured fill.

    Args:
        rng: randomness.
        background_mean: (3,) linear mean of the background; the sky leans to its colour.
        albedo: brightness of the skin, for the exposure (cameras adapt, but not fully).
        front: yaw in radians of the camera around which the key is placed.
    """
    hardness = rng.beta(1.2, 1.2)
    azimuth = front + rng.normal(0, 0.75)
    elevation = rng.uniform(0.05, 1.0)
    key = _direction(azimuth, elevation)
    key_color = _tint(rng, 0.12) * (0.25 + 1.1 * hardness)
    around = rng.normal(size=(6, 3))
    around /= np.linalg.norm(around, axis=1, keepdims=True)
    sky_tint = _tint(rng, 0.15)
    if background_mean is not None:
        sky_tint = sky_tint * (0.4 + 0.6 * background_mean / max(float(background_mean.mean()), 1e-3))
    colors = rng.gamma(1.2, 0.35, (6, 1)) * sky_tint * np.exp(rng.normal(0, 0.12, (6, 3)))
    up = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0], key])
    base = np.stack(
        [
            rng.uniform(0.5, 1.4) * sky_tint,
            rng.uniform(0.1, 0.5) * _tint(rng, 0.2) * sky_tint,
            rng.uniform(0.3, 1.2) * key_color,
        ]
    )
    sh = sky_lobes(np.concatenate([around, up]), np.concatenate([colors, base])) * (1.15 - 0.75 * hardness)
    directions, lights = [key], [key_color]
    if rng.random() < 0.5:
        directions.append(
            _direction(azimuth + rng.choice([-1, 1]) * rng.uniform(0.8, 1.6), rng.uniform(-0.1, 0.6))
        )
        lights.append(_tint(rng, 0.25) * rng.uniform(0.05, 0.35))
    if rng.random() < 0.3:
        directions.append(_direction(azimuth + np.pi + rng.normal(0, 0.6), rng.uniform(0.1, 0.8)))
        lights.append(_tint(rng, 0.25) * rng.uniform(0.2, 0.9))
    direction_table, color_table = np.array(directions, np.float32), np.array(lights, np.float32)
    forward = _direction(front, 0.1)
    facing = np.maximum(0, direction_table @ forward) @ color_table
    level = float((facing + _sky_at(sh, forward)).mean())
    exposure = 0.50 / (level * max(albedo, 0.02) ** 0.35) * np.exp(rng.normal(0, 0.18))
    return Lighting(
        sh, direction_table, color_table, float(rng.uniform(0.002, 0.014)), float(np.clip(exposure, 0.3, 4.0))
    )


def _sky_at(sh: np.ndarray, n: np.ndarray) -> np.ndarray:
    x, y, z = n
    basis = np.array([1, y, z, x, x * y, y * z, 3 * z * z - 1, x * z, x * x - y * y])
    return basis @ sh
