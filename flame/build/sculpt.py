"""Tools for sculpting displacement fields on the mean head: masks, sides, mirrored copies."""

from __future__ import annotations

import numpy as np

from flame.build.cut import CutMesh
from flame.build.macro import expression_unit
from flame.build.skin import neighbour_average
from flame.build.source import Targets
from flame.easing import smoothstep

MM = 1e-3


class Sculptor:
    """The mean head with named masks. Fields are (V, 3) metres, masks (V,) in [0, 1]."""

    def __init__(self, mesh: CutMesh, targets: Targets, jaw: np.ndarray):
        """jaw: (V,) skinning weight of the jaw."""
        self.mesh, self.targets, self.jaw = mesh, targets, jaw
        self.mean = mesh.mean
        self.x, self.y, self.z = mesh.mean.T
        self.skin = (mesh.part == "skin").astype(float)
        self.average = neighbour_average(mesh.faces, len(self.x))
        self.inner = np.isin(np.arange(len(self.x)), mesh.faces[mesh.island == "mouth"])
        upper = self.support("mouth/mouth-upperlip-volume-incr")
        lower = self.support("mouth/mouth-lowerlip-volume-incr")
        self.upper_lip, self.lower_lip = upper * self.skin, lower * self.skin
        corner = np.argmax(np.where((upper + lower > 0.3) & (self.skin > 0), self.x, -1))
        self.corner = self.mean[corner]

    def support(self, target: str) -> np.ndarray:
        """(V,) how strongly a morph target moves each vertex, 1 at the most moved."""
        size = np.linalg.norm(self.mesh.carry @ self.targets.dense(target), axis=1)
        return size / size.max()

    def unit(self, name: str) -> np.ndarray:
        """A legacy expression unit on skin and lashes only; made symmetric unless it names a side."""
        field = self.mesh.carry @ expression_unit(self.targets, name)
        moving = (self.skin > 0) | np.char.startswith(self.mesh.part, "lashes")
        field = np.where(moving[:, None], field, 0)
        return field if "left" in name or "right" in name else self.symmetric(field)

    def mirrored(self, field: np.ndarray) -> np.ndarray:
        """The same field on the other side of the face."""
        return field[self.mesh.mirror] * [-1, 1, 1]

    def symmetric(self, field: np.ndarray) -> np.ndarray:
        """Mean of the field and its mirror image."""
        return 0.5 * (field + self.mirrored(field))

    def left(self, blend: float = 10 * MM) -> np.ndarray:
        """(V,) mask of the subject's left side; left + mirrored left is one everywhere."""
        return smoothstep((self.x + blend) / (2 * blend))

    def ball(self, centre, radius) -> np.ndarray:
        """(V,) smooth bump: 1 at centre, 0 beyond radius (a number or one per axis), metres."""
        distance = np.linalg.norm((self.mean - np.asarray(centre)) / np.asarray(radius), axis=1)
        return smoothstep(1 - distance)

    def smooth(self, values: np.ndarray, rounds: int) -> np.ndarray:
        """Average with the neighbours, ``rounds`` times."""
        for _ in range(rounds):
            values = self.average @ values
        return values

    def slide(self, mask: np.ndarray, angle: float, *, axis_z: float) -> np.ndarray:
        """Skin sliding sideways over the dental arch: a turn about the vertical axis at z = axis_z, radians."""
        sin, cos = np.sin(angle * mask), np.cos(angle * mask)
        depth = self.z - axis_z
        dx = self.x * (cos - 1) + depth * sin
        dz = -self.x * sin + depth * (cos - 1)
        return np.stack([dx, np.zeros_like(dx), dz], axis=1)

    def normals(self) -> np.ndarray:
        """(V, 3) unit normals of the mean head."""
        a, b, c = (self.mean[self.mesh.faces[:, k]] for k in range(3))
        face = np.cross(b - a, c - a)
        out = np.zeros_like(self.mean)
        for k in range(3):
            np.add.at(out, self.mesh.faces[:, k], face)
        return out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
