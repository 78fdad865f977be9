"""Meshes to draw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from renderer.cameras import Cameras, fit_camera


def grid_sphere(rings: int, *, radius: float = 0.12) -> tuple[np.ndarray, np.ndarray]:
    """A closed sphere of 2·rings² triangles: vertices (V, 3), triangles (F, 3), counter-clockwise outside."""
    polar, around = np.meshgrid(
        np.linspace(0, np.pi, rings + 1), np.linspace(0, 2 * np.pi, rings + 1), indexing="ij"
    )
    vertices = radius * np.stack(
        [np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], axis=-1
    )
    first = np.arange(rings)[:, None] * (rings + 1) + np.arange(rings)
    below = first + rings + 1
    triangles = np.concatenate(
        [np.stack([first, below, first + 1], -1).reshape(-1, 3),
         np.stack([first + 1, below, below + 1], -1).reshape(-1, 3)]
    )  # fmt: skip
    return vertices.reshape(-1, 3), triangles.astype(np.int32)


@pytest.fixture
def sphere() -> tuple[np.ndarray, np.ndarray]:
    return grid_sphere(24)


@pytest.fixture
def front() -> Cameras:
    return fit_camera(grid_sphere(8)[0], height=96, width=80)


@pytest.fixture
def open_head():
    flame = pytest.importorskip("flame")
    if not (Path(flame.__file__).parent / "data" / "open_head.npz").is_file():
        pytest.skip("the embedded head is not built")
    from flame.head import load_head

    return load_head("open")
