"""Smoother outlines for close-ups: Phong tessellation of a posed actor (Boubekeur & Alexa, 2008)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mvvideo.actors.actor import Actor, ActorFrame

__all__ = ["refined"]

PULL = 0.7
"""How far new vertices move from the flat triangle toward the tangent planes of their edge's ends."""


def _split(triangles: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(edges (E,2), (4F,3) triangles): every triangle in four; vertex ``count + e`` is the middle of edge e."""
    pairs = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    edges, place = np.unique(pairs, axis=0, return_inverse=True)
    ab, bc, ca = (count + place.reshape(-1, 3)).T
    a, b, c = triangles.T
    four = np.stack([np.stack(t, 1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))], 1)
    return edges, four.reshape(-1, 3).astype(np.int32)


def refined(actor: Actor, frame: ActorFrame) -> tuple[Actor, ActorFrame]:
    """An actor fit for pictures of this one frame, with four times the triangles, and the frame on it.

    The result can be photographed but not posed again.
    """
    mesh = actor.mesh
    edges, triangles = _split(mesh.triangles, len(frame.points))
    uv_edges, uv_triangles = _split(mesh.uv_triangles, len(mesh.uv))
    a, b = edges.T
    middle = 0.5 * (frame.points[a] + frame.points[b])
    pulled = np.zeros_like(middle)
    for end in (a, b):
        height = ((middle - frame.points[end]) * frame.normals[end]).sum(1, keepdims=True)
        pulled += 0.5 * (middle - height * frame.normals[end])
    bend = (frame.normals[a] * frame.normals[b]).sum(1, keepdims=True)
    points = middle + PULL * np.clip(bend, 0, 1) * (pulled - middle)  # sharp edges stay sharp
    normals = frame.normals[a] + frame.normals[b]
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    finer = object.__new__(Actor)
    finer.__dict__.update(actor.__dict__)
    finer.mesh = replace(
        mesh,
        triangles=triangles,
        uv_triangles=uv_triangles,
        uv=np.concatenate([mesh.uv, 0.5 * (mesh.uv[uv_edges[:, 0]] + mesh.uv[uv_edges[:, 1]])]).astype(
            np.float32
        ),
        material=np.repeat(mesh.material, 4),
        casts=np.repeat(mesh.casts, 4),
    )
    finer.occlusion = np.concatenate([actor.occlusion, 0.5 * (actor.occlusion[a] + actor.occlusion[b])])
    posed = ActorFrame(
        np.concatenate([frame.points, points]).astype(np.float32),
        np.concatenate([frame.normals, normals]).astype(np.float32),
        frame.mouth_light,
    )
    return finer, posed
