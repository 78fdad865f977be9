"""Clips in memory, and batches of them as floats on the training device."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from flame.errors import AssetError, input_error
from mvvideo.guidance import CHANNEL_COUNT, Guidance, channel_slice
from mvvideo.intensity import clip_intensity
from mvvideo.training.shards import ARRAY_FIELDS, list_shards, read_shard

__all__ = ["ClipBatch", "ClipStore", "jitter_colours", "mirror", "to_and_fro"]


@dataclass(frozen=True)
class ClipBatch:
    """B clips as float tensors in [0, 1] (guidance in its table's ranges)."""

    reference: torch.Tensor  # (B, 3, H, W)
    reference_guidance: torch.Tensor  # (B, C, H, W)
    target: torch.Tensor  # (B, V, T, 3, H, W)
    alpha: torch.Tensor  # (B, V, T, 1, H, W)
    seen: torch.Tensor  # (B, V, T, 1, H, W)
    guidance: torch.Tensor  # (B, V, T, C, H, W)
    yaw_degrees: torch.Tensor  # (B, V, T)
    intensity: torch.Tensor | None = None  # (B, 2) of the whole clip, see mvvideo.intensity; where asked for

    def resized(self, size: int) -> ClipBatch:
        """The same clips at ``size`` × ``size`` pixels, areas averaged; themselves where they have it."""
        if self.reference.shape[-1] == size:
            return self
        pictures = {
            field.name: _averaged(getattr(self, field.name), size)
            for field in fields(self)
            if field.name not in ("yaw_degrees", "intensity")
        }
        return replace(self, **pictures)


def _averaged(pictures: torch.Tensor, size: int) -> torch.Tensor:
    """``(…, C, H, W)`` floats brought to ``size`` × ``size``."""
    flat = pictures.reshape(-1, *pictures.shape[-3:])
    return functional.interpolate(flat, size=(size, size), mode="area").reshape(
        *pictures.shape[:-2], size, size
    )


def to_and_fro(total: int, *, start: int, count: int) -> list[int]:
    """``count`` frame numbers from ``start`` on, turning round at both ends of ``total`` frames."""
    period = max(1, 2 * (total - 1))
    places = [(start + i) % period for i in range(count)]
    return [min(place, period - place) if total > 1 else 0 for place in places]


class ClipStore:
    """All clips of a folder, held as uint8 on one device; new shards are picked up by :meth:`refresh`.

    Args:
        directory: folder of shards.
        device: where the bytes live; batches come out there.
        max_gigabytes: shards beyond this are left on disk, unused.
        discard: delete every shard once it is loaded (where memory is larger than the disk).
        size: keep the pictures at this height and width instead of their own; ``None`` leaves them.
        intensities: give batches the intensity of every clip's motion.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        device: torch.device,
        max_gigabytes: float,
        discard: bool = False,
        size: int | None = None,
        intensities: bool = False,
    ) -> None:
        self.directory = Path(directory)
        self.device = device
        self._max_bytes = max_gigabytes * 1e9
        self._discard = discard
        self._size = size
        self._intensities = intensities
        self._bytes = 0
        self._seen: set[Path] = set()
        self._clips: list[dict[str, torch.Tensor]] = []
        zero, gain = Guidance.dequantise_constants()
        self._zero = torch.from_numpy(zero).to(device)[:, None, None]
        self._gain = torch.from_numpy(gain).to(device)[:, None, None]
        self.refresh()

    def __len__(self) -> int:
        return len(self._clips)

    def refresh(self) -> int:
        """Load shards that appeared since; returns how many clips were added."""
        before = len(self._clips)
        for path in list_shards(self.directory):
            if path in self._seen:
                continue
            shard = read_shard(path)
            size = sum(array.nbytes for array in shard.arrays.values())
            if self._bytes + size > self._max_bytes:
                break
            self._seen.add(path)
            self._bytes += size
            on_device = {
                name: self._kept(torch.from_numpy(np.array(shard.arrays[name])).to(self.device))
                for name in ARRAY_FIELDS
            }
            self._clips.extend(
                {name: values[i] for name, values in on_device.items()} for i in range(len(shard))
            )
            if self._discard:
                shutil.rmtree(path)
        return len(self._clips) - before

    def _kept(self, array: torch.Tensor) -> torch.Tensor:
        """Pictures at the size they are kept at, still uint8; other arrays as they are."""
        if self._size is None or array.dtype != torch.uint8 or array.shape[-1] == self._size:
            return array
        clips = [_averaged(clip.float(), self._size).round().to(torch.uint8) for clip in array]
        return torch.stack(clips)

    def require(self) -> None:
        """Fail when there is nothing to train on."""
        if not self._clips:
            raise input_error(
                AssetError, "no training clips", self.directory, "render some with mvvideo.actors"
            )

    def sample(self, count: int, *, frames: int, views: int, generator: np.random.Generator) -> ClipBatch:
        """Random clips, each cut to ``frames`` consecutive frames and ``views`` views (or all there are).

        Clips shorter than ``frames`` are played to and fro: 0 1 2 1 0 1 …, which is motion as good as any.
        """
        chosen = []
        for index in generator.integers(0, len(self._clips), count):
            clip = self._clips[index]
            frame_total, view_total = clip["yaw_degrees"].shape
            start = int(generator.integers(0, frame_total))
            if frames <= frame_total:
                start = int(generator.integers(0, frame_total - frames + 1))
            picked = generator.permutation(view_total)[:views].tolist()
            chosen.append((clip, to_and_fro(frame_total, start=start, count=frames), picked))
        return self._batch(chosen)

    def clip(self, index: int) -> ClipBatch:
        """One whole clip as a batch of one."""
        clip = self._clips[index]
        frame_total, view_total = clip["yaw_degrees"].shape
        return self._batch([(clip, list(range(frame_total)), list(range(view_total)))])

    def _batch(self, chosen: list[tuple[dict[str, torch.Tensor], list[int], list[int]]]) -> ClipBatch:
        def pick(name: str) -> torch.Tensor:
            # (T, N, …) -> (B, V, T, …). Single pictures: an index list would make the GPU wait for the CPU.
            pictures = [clip[name][t, view] for clip, when, which in chosen for view in which for t in when]
            return torch.stack(pictures).unflatten(0, (len(chosen), -1, len(chosen[0][1])))

        for clip, _, _ in chosen if self._intensities else ():
            if "intensity" not in clip:
                measured = clip_intensity(clip["guidance"].cpu().numpy())
                clip["intensity"] = torch.from_numpy(measured).to(self.device)

        def whole(name: str) -> torch.Tensor:
            return torch.stack([clip[name] for clip, _, _ in chosen])

        return ClipBatch(
            reference=whole("reference_rgb").float() / 255,
            reference_guidance=(whole("reference_guidance").float() - self._zero) / self._gain,
            target=pick("target_rgb").float() / 255,
            alpha=pick("target_alpha").float() / 255,
            seen=pick("seen").float() / 255,
            guidance=(pick("guidance").float() - self._zero) / self._gain,
            yaw_degrees=pick("yaw_degrees"),
            intensity=whole("intensity") if self._intensities else None,
        )


def _map_colours(batch: ClipBatch, change: Callable[[torch.Tensor], torch.Tensor]) -> ClipBatch:
    """Apply ``change`` (which takes (B, …, 3, H, W)) to everything that is a colour, leaving the rest."""

    def in_guidance(guidance: torch.Tensor) -> torch.Tensor:
        guidance = guidance.clone()
        for name in ("appearance_rgb", "background_rgb"):
            where = channel_slice(name)
            guidance[..., where, :, :] = change(guidance[..., where, :, :])
        return guidance

    return replace(
        batch,
        reference=change(batch.reference),
        target=change(batch.target),
        guidance=in_guidance(batch.guidance),
        reference_guidance=in_guidance(batch.reference_guidance),
    )


def jitter_colours(batch: ClipBatch, *, strength: float, generator: torch.Generator) -> ClipBatch:
    """One random gain per channel, gamma and saturation per clip, the same for all its pictures.

    Stretches few skins and hair tints to many; ``strength`` 0.25 means factors in 0.75 … 1.25.
    """
    device, count = batch.target.device, len(batch.target)

    def factors(*shape: int) -> torch.Tensor:
        return 1 + strength * (2 * torch.rand(shape, generator=generator, device=device) - 1)

    gain, gamma, saturation = factors(count, 3, 1, 1), factors(count, 1, 1, 1), factors(count, 1, 1, 1)

    def change(x: torch.Tensor) -> torch.Tensor:
        extra = x.ndim - 4
        g, p, s = (f.view(count, *[1] * extra, *f.shape[1:]) for f in (gain, gamma, saturation))
        x = x.clamp(min=1e-4) ** p * g
        grey = x.mean(-3, keepdim=True)
        return (grey + (x - grey) * s).clamp(0, 1)

    return _map_colours(batch, change)


_SIDEWAYS = torch.ones(CHANNEL_COUNT)
for _name in ("normals", "canonical"):
    _SIDEWAYS[channel_slice(_name).start] = -1  # x points to the subject's left: the mirror image swaps it


def mirror(batch: ClipBatch) -> ClipBatch:
    """The mirror image of every clip: pictures flipped, sideways guidance channels negated."""
    sign = _SIDEWAYS.to(batch.guidance.device)[:, None, None]
    return replace(
        batch,
        reference=batch.reference.flip(-1),
        reference_guidance=batch.reference_guidance.flip(-1) * sign,
        target=batch.target.flip(-1),
        alpha=batch.alpha.flip(-1),
        seen=batch.seen.flip(-1),
        guidance=batch.guidance.flip(-1) * sign,
        yaw_degrees=-batch.yaw_degrees,
    )
