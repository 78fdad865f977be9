"""Training clips on disk: raw uint8 arrays, one folder per shard, readable by memory map.

A shard is a folder with one ``.npy`` file per field of :class:`Clip` (clips stacked on axis 0) and an
``index.json``. It is written under a hidden name and renamed when complete, so a reader that lists the
folder while actors are still being rendered sees whole shards only. Nothing is compressed: 64 MB/s would be
lost to it, and the trainer wants the bytes on the GPU as they are.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from flame.errors import AssetError, input_error
from mvvideo.guidance import CHANNEL_COUNT, GUIDANCE_CHANNELS

__all__ = ["FORMAT_VERSION", "Clip", "Shard", "list_shards", "read_shard", "write_shard"]

FORMAT_NAME = "mvportrait-clips"
FORMAT_VERSION = 1
_INDEX = "index.json"


@dataclass(frozen=True, eq=False)
class Clip:
    """One actor, T frames seen by N cameras, and the one photo the model is given. Pictures are uint8.

    ``guidance`` and ``reference_guidance`` are quantised by :meth:`mvvideo.guidance.Guidance.quantise`.
    ``seen`` is 255 where the surface under a target pixel is visible in the reference photo (foreground
    pixels with 0 are what the model has to invent). Checked when made.
    """

    reference_rgb: np.ndarray  # (3, H, W) uint8
    reference_alpha: np.ndarray  # (1, H, W) uint8
    reference_guidance: np.ndarray  # (C, H, W) uint8
    target_rgb: np.ndarray  # (T, N, 3, H, W) uint8
    target_alpha: np.ndarray  # (T, N, 1, H, W) uint8
    seen: np.ndarray  # (T, N, 1, H, W) uint8, 0 or 255
    guidance: np.ndarray  # (T, N, C, H, W) uint8
    yaw_degrees: np.ndarray  # (T, N) float32, head towards camera minus head towards photo camera
    actor: int

    def __post_init__(self) -> None:
        frames, views, _, height, width = self.target_rgb.shape
        size = (height, width)
        expected = {
            "reference_rgb": (3, *size),
            "reference_alpha": (1, *size),
            "reference_guidance": (CHANNEL_COUNT, *size),
            "target_rgb": (frames, views, 3, *size),
            "target_alpha": (frames, views, 1, *size),
            "seen": (frames, views, 1, *size),
            "guidance": (frames, views, CHANNEL_COUNT, *size),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.uint8:
                raise input_error(
                    AssetError,
                    f"clip field {name} must be uint8 of shape {shape}",
                    f"{array.dtype} {array.shape}",
                    "render the clip again",
                )
        if np.shape(self.yaw_degrees) != (frames, views):
            raise input_error(
                AssetError,
                f"yaw_degrees must be {(frames, views)}",
                np.shape(self.yaw_degrees),
                "one per picture",
            )


ARRAY_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Clip))


@dataclass(frozen=True, eq=False)
class Shard:
    """A shard on disk; ``arrays`` are read-only memory maps with the clips on axis 0."""

    path: Path
    split: str
    arrays: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.arrays["actor"])

    def clip(self, index: int) -> Clip:
        """The clip as arrays (still memory maps)."""
        values = {name: self.arrays[name][index] for name in ARRAY_FIELDS}
        values["actor"] = int(values["actor"])
        return Clip(**values)


def write_shard(directory: Path | str, name: str, clips: Sequence[Clip], *, split: str, seed: int) -> Path:
    """Write clips of one common shape as the shard ``directory/name``; replaces an older one of that name.

    Args:
        directory: made if missing.
        name: folder name of the shard, for example ``shard_00012``.
        clips: at least one; all of one T, N and size.
        split: ``train`` or ``heldout``.
        seed: what the clips were rendered with, kept in the index.

    Returns:
        The folder written.
    """
    if not clips:
        raise input_error(AssetError, "a shard needs at least one clip", "none", "render clips first")
    final = Path(directory) / name
    partial = final.with_name(f".{name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for field in ARRAY_FIELDS:
        dtype = {"yaw_degrees": np.float32, "actor": np.int32}.get(field, np.uint8)
        stacked = np.stack([np.asarray(getattr(clip, field), dtype=dtype) for clip in clips])
        np.save(partial / f"{field}.npy", stacked, allow_pickle=False)
    frames, views, _, height, width = clips[0].target_rgb.shape
    index = {
        "format": FORMAT_NAME,
        "version": FORMAT_VERSION,
        "split": split,
        "seed": seed,
        "clips": len(clips),
        "frames": frames,
        "views": views,
        "height": height,
        "width": width,
        "guidance": [[channel.name, channel.count] for channel in GUIDANCE_CHANNELS],
    }
    (partial / _INDEX).write_text(json.dumps(index, indent=1))
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    return final


def read_shard(path: Path | str) -> Shard:
    """Open a shard; fails when it is of another version or made with another guidance table."""
    path = Path(path)
    if not (path / _INDEX).is_file():
        raise input_error(
            AssetError, "not a folder of training clips", path, "give a folder made by the actors"
        )
    index = json.loads((path / _INDEX).read_text())
    if (index.get("format"), index.get("version")) != (FORMAT_NAME, FORMAT_VERSION):
        given = f"{index.get('format')} {index.get('version')} in {path}"
        raise input_error(
            AssetError, f"clips must be {FORMAT_NAME} {FORMAT_VERSION}", given, "render them again"
        )
    if index["guidance"] != [[channel.name, channel.count] for channel in GUIDANCE_CHANNELS]:
        raise input_error(
            AssetError,
            "clips were made with another guidance table",
            path,
            "render them again with this version",
        )
    arrays = {name: np.load(path / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in ARRAY_FIELDS}
    return Shard(path=path, split=index["split"], arrays=arrays)


def list_shards(directory: Path | str) -> list[Path]:
    """Complete shards directly inside ``directory``, sorted by name."""
    return sorted(
        path.parent for path in Path(directory).glob(f"*/{_INDEX}") if not path.parent.name.startswith(".")
    )
