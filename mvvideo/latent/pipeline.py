"""A prepared portrait, motion and cameras to frames by a latent model; used like ``mvvideo.VideoModel``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import ConfigError, input_error
from mvvideo.latent.config import LatentConfig, with_weights
from mvvideo.scene import Scene, to_bytes
from mvvideo.windows import Window, fade_in, plan_windows

if TYPE_CHECKING:
    import torch

    from flame.sequence import FlameSequence
    from mvvideo.latent.loading import ModelParts
    from mvvideo.latent.photo import EncodedPhoto
    from mvvideo.portrait import Portrait
    from renderer.cameras import Cameras

__all__ = ["LatentVideoModel"]


class LatentVideoModel:
    """A latent model with its weights; make it with :meth:`load`."""

    def __init__(self, parts: ModelParts, config: LatentConfig, *, device: torch.device) -> None:
        self.parts = parts
        self.config = config
        self.device = device

    @classmethod
    def load(
        cls,
        preset: str,
        *,
        weights: Path | str,
        device: str = "auto",
        views: int = 3,
        size: int | None = None,
        note: Callable[[str], None] | None = None,
    ) -> LatentVideoModel:
        """Load a preset from local folders, after saying how much memory it will need.

        Args:
            preset: ``sd15`` or ``svd``.
            weights: see :func:`mvvideo.latent.config.with_weights`.
            device: ``cpu``, ``cuda`` or ``auto``.
            views: that will be made at once, for the estimate.
            size: of the frames that will be made, for the estimate.
            note: told the estimate.

        Raises:
            AssetError: a folder or file that cannot be used.
            ConfigError: more memory is needed than the device has.
        """
        config = with_weights(preset, weights)
        import torch

        from mvvideo.latent.loading import load_parts, skeleton_parts
        from mvvideo.latent.memory import Workload, check_memory, device_bytes, estimate_memory

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        place = torch.device(device)
        bf16 = config.precision == "bf16" or (config.precision == "auto" and place.type == "cuda")
        skeleton = skeleton_parts(config)
        frames = config.sampling.window_frames
        if frames > skeleton.model.max_frames:
            rule = f"the motion modules know windows of at most {skeleton.model.max_frames} frames"
            raise input_error(ConfigError, rule, frames, "lower sampling.window_frames")
        pixels = _network_size(size, config, skeleton.model.size_multiple)
        work = Workload(clips=1, views=views, frames=frames, size=pixels, bf16=bf16)
        line = check_memory(
            estimate_memory(skeleton, work, cuda=place.type == "cuda"),
            what=f"{preset}, {views} views of {frames} frames at {pixels} pixels",
            available=config.max_device_gigabytes * 1e9 or device_bytes(place),
            smaller="use fewer --views, a smaller --size or sampling.window_frames",
        )
        if note is not None:
            note(line)
        del skeleton
        parts = load_parts(config, dtype=torch.bfloat16 if bf16 else torch.float32)
        parts.model.to(place)
        parts.codec.to(place)
        return cls(parts, config, device=place)

    def generate(
        self,
        portrait: Portrait,
        sequence: FlameSequence,
        cameras: Cameras,
        *,
        size: int,
        seed: int = 0,
        camera_per_frame: bool = False,
        start: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[np.ndarray]:
        """Frames of every view, in order, as they are done; as ``VideoModel.generate``.

        Args:
            portrait: the prepared reference.
            sequence: absolute motion in the portrait head's basis, T frames.
            cameras: N views; with ``camera_per_frame`` instead one camera for each frame of a single view.
            size: height and width of the frames in pixels.
            seed: of the noise; the same seed gives the same frames.
            camera_per_frame: the camera travels (turntable).
            start: first frame to make; it and those after it are as they are without this.
            progress: called with (frames done, frames in all).

        Yields:
            ``(n, N, size, size, 3)`` uint8; the n sum to T − start.
        """
        scene = Scene(portrait, sequence, cameras, camera_per_frame=camera_per_frame)
        sampler = _WindowSampler(self, scene, size=size, seed=seed)
        sampling = self.config.sampling
        windows = plan_windows(len(sequence), length=sampling.window_frames, overlap=sampling.window_overlap)
        return _faded(sampler, windows, start, len(sequence), progress)


def _network_size(size: int | None, config: LatentConfig, multiple: int) -> int:
    """Pixels that the network works at: those asked for, up to what it was trained at."""
    wanted = min(size or config.model.image_size, config.model.image_size)
    return -(-wanted // multiple) * multiple


def _faded(
    sampler: _WindowSampler,
    windows: list[Window],
    start: int,
    total: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[np.ndarray]:
    """Windows one after the other, neighbours cross-faded where they overlap; frames from ``start`` on."""
    tail: np.ndarray | None = None  # (overlap, N, H, W, 3) of the window before, still to be faded
    for number, window in enumerate(windows):
        if number + 1 < len(windows) and start >= windows[number + 1].start + windows[number + 1].overlap:
            continue  # nothing of this window is shown
        pictures = sampler.pictures(window)  # (T, N, H, W, 3)
        if tail is not None:
            weight = fade_in(window.overlap)[:, None, None, None, None]
            pictures[: window.overlap] = (1 - weight) * tail + weight * pictures[: window.overlap]
        keep = windows[number + 1].overlap if number + 1 < len(windows) else 0
        done = len(pictures) - keep
        tail = pictures[done:].copy()
        ready = pictures[max(0, start - window.start) : done]
        if len(ready):
            yield to_bytes(ready)
        finished = window.start + done
        if progress is not None and len(ready):
            progress(finished, total)


class _WindowSampler:
    """Runs the model over windows of a scene; the photo is looked at once."""

    def __init__(self, model: LatentVideoModel, scene: Scene, *, size: int, seed: int) -> None:
        import torch

        from mvvideo.latent.diffusion import scheduler_options

        self.parts, self.sampling = model.parts, model.config.sampling
        self.device, self.scene, self.seed, self.size = model.device, scene, seed, size
        self.network_size = _network_size(size, model.config, self.parts.model.size_multiple)
        self.options = scheduler_options(self.parts.scheduler, model.config.diffusion)
        noise = model.config.model.photo_noise if model.config.preset == "svd" else 0.0
        with torch.inference_mode():
            self.photo = self._encode(scene.portrait, noise)
            self.seen = self.parts.model.look_at(self.photo)

    def _encode(self, portrait: Portrait, seen_noise: float) -> EncodedPhoto:
        import torch
        from torch.nn import functional

        from mvvideo.guidance import Guidance

        side = self.network_size
        photo = torch.from_numpy(np.ascontiguousarray(portrait.image)).permute(2, 0, 1)[None].float()
        photo = functional.interpolate(photo, size=(side, side), mode="area").to(self.device)
        own = Guidance.compute(portrait, portrait.fit, portrait.camera, side)[0]  # (1, C, H, W)
        return self.parts.codec.photo(photo, torch.from_numpy(own).to(self.device), seen_noise=seen_noise)

    def _noise(self, window: Window, views: int, channels: int, side: int) -> torch.Tensor:
        """``(1, V, T, c, h, w)``: each frame's own, whichever window it is in."""
        import torch

        frames = []
        for t in range(window.start, window.stop):
            generator = torch.Generator(device="cpu").manual_seed(self.seed * 1_000_003 + t)
            frames.append(torch.randn((views, channels, side, side), generator=generator))
        return torch.stack(frames, 1)[None].to(self.device)

    def pictures(self, window: Window) -> np.ndarray:
        """``(T, N, size, size, 3)`` float32 in [0, 1]."""
        import torch

        from mvvideo.latent.sampling import make_scheduler, sample_latents

        model = self.parts.model
        packed = torch.from_numpy(
            self.scene.guidance(range(window.start, window.stop), self.network_size)
        ).to(self.device)
        guidance = packed.transpose(0, 1)[None].contiguous()  # (1, V, T, C, H, W)
        views = guidance.shape[1]
        side = self.photo.latents.shape[-1]

        def predict(noisy: torch.Tensor, time: torch.Tensor, with_photo: bool) -> torch.Tensor:
            seen = self.seen if with_photo else None
            return model.denoise(noisy, time, guidance, self.photo, seen)

        with torch.inference_mode():
            latents = sample_latents(
                predict,
                self._noise(window, views, model.latent_channels, side),
                make_scheduler(self.options, self.sampling),
                steps=self.sampling.steps,
                guidance_scale=self.sampling.guidance_scale,
            )
            rows = []
            for view in latents[0]:  # (T, c, h, w): neighbours in time are decoded together
                rgb = torch.cat([self._sized(part) for part in self.parts.codec.decode(view)])
                rows.append(rgb.permute(0, 2, 3, 1).cpu())
        return np.ascontiguousarray(torch.stack(rows, 1).numpy())

    def _sized(self, rgb: torch.Tensor) -> torch.Tensor:
        """Brought to the size of the frames."""
        from torch.nn import functional

        if rgb.shape[-1] == self.size:
            return rgb
        return functional.interpolate(
            rgb, size=(self.size, self.size), mode="bicubic", antialias=True, align_corners=False
        ).clamp(0, 1)
