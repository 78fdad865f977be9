"""Time of the CPU renderer per view, beside ray casting (embree) and pytorch3d where they are installed.

``python -m benchmarks.renderer [--views 4] [--threads 2]``: the embedded head (a sphere of as many triangles
while there is none), at 256² and 512², the best of several runs. Absolute times move with the machine and its
load; the ratios in one run are what to read.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable

import numpy as np

from renderer import Cameras, Texturing, arc, fit_camera, shade
from renderer.normals import vertex_normals
from renderer.rasterize import rasterize

ATTRIBUTES = 5  # normals and two more, beside a bilinear RGB texture


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--views", type=int, default=4, help="views drawn in one call")
    parser.add_argument("--threads", type=int, default=None, help="threads (default: all)")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args(arguments)

    vertices, triangles, name = mesh()
    print(f"{name}: {len(triangles)} triangles, {options.views} views a call")
    print(f"{'':34}{'256²':>12}{'512²':>12}   ms per view (times the shaded one)")
    cameras = {side: views(vertices, side, options.views) for side in (256, 512)}
    rows: list[tuple[str, dict[int, float]]] = []
    for label, build in (
        ("raster", lambda c: raster(vertices, triangles, c, options.threads)),
        ("raster + 5 attributes + texture", lambda c: shaded(vertices, triangles, c, options.threads)),
        ("the same, one view a call", lambda c: shaded(vertices, triangles, c[:1], options.threads)),
        ("embree ray casting", lambda c: embree(vertices, triangles, c)),
        ("pytorch3d", lambda c: pytorch3d(vertices, triangles, c)),
    ):
        times = {}
        for side, rig in cameras.items():
            call = build(rig)
            if call is not None:
                count = 1 if "one view" in label else len(rig)
                times[side] = best(call, options.repeats) * 1e3 / count
        rows.append((label, times))
    base = rows[1][1]
    for label, times in rows:
        if not times:
            print(f"{label:34}{'not installed':>24}")
            continue
        cells = [f"{times[side]:7.2f} ({times[side] / base[side]:4.1f}x)" for side in (256, 512)]
        print(f"{label:34}" + "".join(f"{cell:>18}" for cell in cells))


def mesh() -> tuple[np.ndarray, np.ndarray, str]:
    """Vertices (V, 3), triangles (F, 3) and a name."""
    try:
        from flame.head import load_head

        head = load_head("open")
        return head.v_template, head.faces, "embedded head"
    except (ImportError, OSError, ValueError):
        polar, around = np.meshgrid(np.linspace(0, np.pi, 72), np.linspace(0, 2 * np.pi, 72), indexing="ij")
        sphere = np.stack([np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1)
        first = (np.arange(71)[:, None] * 72 + np.arange(71)).reshape(-1)
        triangles = np.concatenate(
            [np.stack([first, first + 72, first + 1], -1), np.stack([first + 1, first + 72, first + 73], -1)]
        )
        return 0.12 * sphere.reshape(-1, 3), triangles.astype(np.int32), "sphere"


def views(vertices: np.ndarray, side: int, count: int) -> Cameras:
    front = fit_camera(vertices, height=side, width=side)
    return arc(front, count, pivot=vertices.mean(axis=0))


def raster(
    vertices: np.ndarray, triangles: np.ndarray, cameras: Cameras, threads: int | None
) -> Callable[[], object]:
    size = (cameras.height, cameras.width)
    return lambda: rasterize(cameras.to_clip(vertices), triangles, size, threads=threads)


def shaded(
    vertices: np.ndarray, triangles: np.ndarray, cameras: Cameras, threads: int | None
) -> Callable[[], object]:
    size = (cameras.height, cameras.width)
    values = np.concatenate([vertex_normals(vertices, triangles), vertices[:, :2]], -1).astype(np.float32)
    picture = np.random.default_rng(0).random((512, 512, 3), np.float32)
    texturing = Texturing([picture], uv=vertices[:, :2] * 2 + 0.5)
    assert values.shape[1] == ATTRIBUTES
    return lambda: shade(
        cameras.to_clip(vertices), triangles, values, resolution=size, texturing=texturing, threads=threads
    )


def embree(vertices: np.ndarray, triangles: np.ndarray, cameras: Cameras) -> Callable[[], object] | None:
    """First hits of one ray per pixel: ids alone, no shading."""
    if importlib.util.find_spec("embreex") is None or importlib.util.find_spec("trimesh") is None:
        return None
    import trimesh
    from trimesh.ray.ray_pyembree import RayMeshIntersector

    rows, columns = np.meshgrid(np.arange(cameras.height), np.arange(cameras.width), indexing="ij")
    pixels = np.stack([columns, rows], -1).reshape(1, -1, 2) + 0.5
    pixels = np.repeat(pixels, len(cameras), axis=0)
    target = cameras.unproject(pixels, np.ones(pixels.shape[:2]))  # (N, H·W, 3)
    origin = np.broadcast_to(cameras.center[:, None], target.shape)

    def cast() -> None:  # a deforming head needs a new tree each frame; its cost is shared by the views
        caster = RayMeshIntersector(trimesh.Trimesh(vertices, triangles, process=False))
        for view in range(len(cameras)):
            caster.intersects_first(origin[view], target[view] - origin[view])

    return cast


def pytorch3d(vertices: np.ndarray, triangles: np.ndarray, cameras: Cameras) -> Callable[[], object] | None:
    """pytorch3d's rasteriser on the CPU, on positions already in its own image coordinates."""
    if importlib.util.find_spec("pytorch3d") is None:
        return None
    import torch
    from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
    from pytorch3d.structures import Meshes

    clip = torch.from_numpy(cameras.to_clip(vertices))
    points = torch.cat([-clip[..., :1] / clip[..., 3:], clip[..., 1:2] / clip[..., 3:], clip[..., 3:]], -1)
    meshes = Meshes(list(points), [torch.from_numpy(triangles).long()] * len(cameras))
    return lambda: rasterize_meshes(meshes, (cameras.height, cameras.width), 0.0, 1)


def best(call: Callable[[], object], repeats: int) -> float:
    """Seconds of the fastest of ``repeats`` calls (fewer when they are slow), after one to warm up."""
    call()
    fastest, spent = float("inf"), 0.0
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        seconds = time.perf_counter() - start
        fastest, spent = min(fastest, seconds), spent + seconds
        if spent > 20.0:
            break
    return fastest


if __name__ == "__main__":
    main()
