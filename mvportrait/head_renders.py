"""``render``: a motion shown as buffers of the FLAME head alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import ConfigError, input_error
from mvportrait.drive import motion_from_file
from mvportrait.manifest import sha256_of_file, write_manifest
from mvportrait.media.sinks import ViewSink
from mvportrait.outputs import check_output_folder, output_folder
from mvportrait.provenance import Provenance
from mvportrait.reporting import Reporter, Stopwatch
from mvportrait.store import head_of_basis
from mvportrait.views import check_views, choose_cameras, view_file_name

if TYPE_CHECKING:
    from renderer.cameras import Cameras

__all__ = ["render_motion"]

# Short names that people type → names of renderer.BUFFERS.
_ALIASES = {"normals": "normals_camera", "canonical_coordinates": "canonical", "preview": "shaded"}
_CHUNK_FRAMES = 8
_CANONICAL_METRES = 0.25  # template coordinates of the whole head lie within ± this
_DEPTH_METRES = 0.15  # depth is shown this far before and behind the pivot


def render_motion(
    motion: Path,
    out: Path,
    *,
    views: str,
    cameras_file: Path | None,
    orbit_degrees: float,
    buffers: Sequence[str],
    size: int,
    reporter: Reporter,
) -> dict[str, Any]:
    """Write one video per view and buffer, the cameras, the motion and a manifest into ``out``.

    Returns:
        The manifest.

    Raises:
        InputError: a bad motion file, view, camera file, buffer name or output folder.
    """
    watch = Stopwatch()
    check_views(views, cameras_file)
    check_output_folder(out)
    sequence = motion_from_file(motion)
    from renderer import render_buffers, save_cameras

    chosen = _buffer_names(buffers)
    head: Any = head_of_basis(sequence.basis)
    with watch.stage("pose"), reporter.track("posing"):
        vertices = head.pose(sequence)  # (T, V, 3)
    front = _front_camera(vertices, size)
    pivot = vertices[0].mean(axis=0)
    cameras = choose_cameras(
        front, pivot, views=views, cameras_file=cameras_file, orbit_degrees=(orbit_degrees, orbit_degrees)
    )
    rows = [(name, view) for name in chosen for view in range(len(cameras))]
    file_names = [f"{view_file_name(view, cameras.names[view])[:-4]}_{name}.mp4" for name, view in rows]
    provenance = Provenance("render", "flame", 0)
    with output_folder(out) as folder:
        sink = ViewSink(
            folder,
            names=[f"{cameras.names[view]} {name}" for name, view in rows],
            file_name=lambda index, _: file_names[index],
            frames=sequence.frames,
            fps=sequence.fps,
            size=size,
            provenance=provenance,
        )
        with sink, watch.stage("render"), reporter.track("rendering", sequence.frames) as advance:
            for start in range(0, sequence.frames, _CHUNK_FRAMES):
                part = vertices[start : start + _CHUNK_FRAMES]
                drawn = render_buffers(part, head, cameras, buffers=[*chosen, "mask"])
                pictures = np.concatenate([_picture(name, drawn, cameras) for name in chosen], axis=1)
                sink.write(pictures)
                advance(len(part))
        sequence.save(folder / "motion.npz")
        save_cameras(cameras, folder / "cameras.json")
        return write_manifest(
            folder,
            command="render",
            options={"views": views, "orbit_degrees": orbit_degrees, "buffers": list(chosen), "size": size},
            seed=0,
            inputs={"motion": {"path": str(motion), "sha256": sha256_of_file(motion)}},
            crop=None,
            timings_seconds=watch.finish(),
            provenance=provenance.manifest_entry(),
            warnings=reporter.warnings,
        )


def _buffer_names(given: Sequence[str]) -> tuple[str, ...]:
    from renderer import BUFFERS

    names = tuple(dict.fromkeys(_ALIASES.get(name, name) for name in given))
    for name in names:
        if name not in BUFFERS:
            known = ", ".join(BUFFERS)
            raise input_error(ConfigError, "there is no such buffer", name, f"use any of {known}")
    return names


def _front_camera(vertices: np.ndarray, size: int) -> Cameras:
    """A camera in front that holds the whole motion, with room around it."""
    from renderer import fit_camera

    low, high = vertices.min(axis=(0, 1)), vertices.max(axis=(0, 1))
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T  # (8, 3)
    return fit_camera(corners, height=size, width=size).renamed(["front"])


def _picture(name: str, drawn: dict[str, np.ndarray], cameras: Cameras) -> np.ndarray:
    """Buffer (t, N, H, W, C) → something to look at, (t, N, H, W, 3) uint8."""
    values, mask = drawn[name], drawn["mask"]
    if name == "depth":
        distance = np.linalg.norm(cameras.center, axis=-1)[None, :, None, None, None]
        shown = np.clip(0.5 - (values - distance) / (2 * _DEPTH_METRES), 0.05, 1.0) * mask
    elif name.startswith("normals"):
        shown = (values * 0.5 + 0.5) * mask
    elif name == "canonical":
        shown = (np.clip(values / _CANONICAL_METRES, -1, 1) * 0.5 + 0.5) * mask
    elif name == "uv":
        shown = np.concatenate([values, np.zeros_like(values[..., :1])], axis=-1)
    elif name == "regions":
        from flame.regions import REGIONS
        from renderer.palette import paint_regions

        shown = paint_regions(values, REGIONS)
    else:
        shown = values
    shown = np.broadcast_to(shown, (*shown.shape[:-1], 3))
    return (np.clip(shown, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
