"""A prepared portrait, motion and cameras to frames: the video model as the product uses it.

Presets: ``preview`` shows the appearance as geometry moves it (no network), ``fast`` corrects it in one
denoising step, ``quality`` in four. Frames are streamed window by window; memory does not grow with the clip.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import CameraError, ConfigError, input_error
from mvvideo.windows import Window, fade_in, plan_windows

if TYPE_CHECKING:
    import torch

    from flame.sequence import FlameSequence
    from mvvideo.networks.composite import Layers, Plates
    from mvvideo.networks.denoiser import MultiViewDenoiser, ReferenceFeatures
    from mvvideo.portrait import Portrait
    from renderer.cameras import Cameras

__all__ = ["PRESETS", "WEIGHTS_DIRECTORY", "Preset", "VideoModel", "find_preset"]

WEIGHTS_DIRECTORY = Path(__file__).parent / "weights"
_PREVIEW_WINDOW = 8


@dataclass(frozen=True)
class Preset:
    """How much work is put into a frame; ``steps`` 0 means no network."""

    name: str
    steps: int
    description: str


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("preview", 0, "the photo moved by geometry alone"),
        Preset("fast", 1, "corrected by the network in one step"),
        Preset("quality", 4, "corrected by the network in four steps"),
    )
}


def find_preset(name: str) -> Preset:
    """The preset called ``name``; an unknown name fails and names the near ones."""
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=2, cutoff=0.4) or list(PRESETS)
        raise input_error(ConfigError, "unknown preset", name, "did you mean " + " or ".join(near) + "?")
    return PRESETS[name]


class VideoModel:
    """The multi-view video model with its weights; make it with :meth:`load`."""

    def __init__(
        self, preset: Preset, network: MultiViewDenoiser | None, *, window_frames: int, device: str
    ) -> None:
        self.preset = preset
        self.network = network
        self.window_frames = window_frames
        self.device = device

    @classmethod
    def load(
        cls, preset: str = "fast", *, weights: Path | str = WEIGHTS_DIRECTORY, device: str = "auto"
    ) -> VideoModel:
        """Load a preset.

        Args:
            preset: a name in :data:`PRESETS`.
            weights: folder with a manifest, as training writes it; the package's own by default.
            device: ``cpu``, ``cuda`` or ``auto``.

        Raises:
            ConfigError: unknown preset.
            AssetError: weights missing or changed (``preview`` needs none).
        """
        chosen = find_preset(preset)
        if chosen.steps == 0:
            return cls(chosen, None, window_frames=_PREVIEW_WINDOW, device="cpu")
        import torch

        from mvvideo.networks.storage import load_network, read_manifest

        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        network = load_network(weights).to(device, memory_format=torch.channels_last)
        frames = int(read_manifest(weights)["training"]["window_frames"])
        return cls(chosen, network, window_frames=frames, device=device)

    def generate(
        self,
        portrait: Portrait,
        sequence: FlameSequence,
        cameras: Cameras,
        *,
        size: int,
        seed: int = 0,
        camera_per_frame: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Iterator[np.ndarray]:
        """Frames of every view, in order, as they are done.

        Args:
            portrait: the prepared reference.
            sequence: absolute motion in the portrait head's basis, T frames.
            cameras: N views; with ``camera_per_frame`` instead one camera for each frame of a single view.
            size: height and width of the frames in pixels.
            seed: of the noise; the same seed gives the same frames.
            camera_per_frame: the camera travels (turntable).
            progress: called with (frames done, frames in all).

        Yields:
            ``(n, N, size, size, 3)`` uint8; the n sum to T.
        """
        if camera_per_frame and len(cameras) != len(sequence):
            given = f"{len(cameras)} cameras for {len(sequence)} frames"
            raise input_error(
                CameraError, "a travelling camera needs one camera per frame", given, "match them"
            )
        if size < 16:
            raise input_error(ConfigError, "size must be at least 16 pixels", size, "use for example 512")
        scene = _Scene(portrait, sequence, cameras, size=size, camera_per_frame=camera_per_frame)
        frames = self._corrected(scene, seed) if self.network is not None else self._moved(scene)
        return _reported(frames, len(sequence), progress)

    def _moved(self, scene: _Scene) -> Iterator[np.ndarray]:
        """``preview``: the appearance over its plate."""
        for window in plan_windows(len(scene.sequence), length=self.window_frames, overlap=0):
            rgb, alpha, background = scene.appearance(window.start, window.stop)
            yield _to_bytes(alpha * rgb + (1 - alpha) * background)

    def _corrected(self, scene: _Scene, seed: int) -> Iterator[np.ndarray]:
        """Windows of network output, neighbours cross-faded where they overlap."""
        overlap = max(1, self.window_frames // 8) if self.window_frames > 1 else 0
        windows = plan_windows(len(scene.sequence), length=self.window_frames, overlap=overlap)
        sampler = _WindowSampler(self, scene, seed)
        tail: np.ndarray | None = (
            None  # (overlap, N, H, W, 3) float32 of the window before, still to be faded
        )
        for number, window in enumerate(windows):
            pictures = sampler.pictures(window)  # (T, N, H, W, 3)
            if tail is not None:
                weight = fade_in(window.overlap)[:, None, None, None, None]
                pictures[: window.overlap] = (1 - weight) * tail + weight * pictures[: window.overlap]
            keep = windows[number + 1].overlap if number + 1 < len(windows) else 0
            done = len(pictures) - keep
            tail = pictures[done:].copy()
            yield _to_bytes(pictures[:done])


class _Scene:
    """What is to be shown: renders any stretch of frames at any size, in ``(T, N, …)`` layout."""

    def __init__(
        self,
        portrait: Portrait,
        sequence: FlameSequence,
        cameras: Cameras,
        *,
        size: int,
        camera_per_frame: bool,
    ) -> None:
        self.portrait, self.sequence, self.size = portrait, sequence, size
        self._cameras = cameras
        self._camera_per_frame = camera_per_frame
        self.views = 1 if camera_per_frame else len(cameras)

    def _stretches(self, start: int, stop: int) -> list[tuple[FlameSequence, Cameras]]:
        """Pieces of motion with cameras that stand still."""
        if not self._camera_per_frame:
            return [(self.sequence[start:stop], self._cameras)]
        return [(self.sequence[t : t + 1], self._cameras[t : t + 1]) for t in range(start, stop)]

    def appearance(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Colour and plate ``(T, N, H, W, 3)``, alpha ``(T, N, H, W, 1)`` at output size."""
        parts = []
        for motion, cameras in self._stretches(start, stop):
            vertices = self.portrait.head.pose(motion)
            shown = self.portrait.appearance.render(vertices, cameras.resized(self.size, self.size))
            parts.append((shown.rgb, shown.alpha, np.broadcast_to(shown.background[None], shown.rgb.shape)))
        rgb, alpha, background = (np.concatenate(values) for values in zip(*parts, strict=True))
        return rgb, alpha, background

    def guidance(self, start: int, stop: int, size: int) -> np.ndarray:
        """``(T, N, C, size, size)`` float32."""
        from mvvideo.guidance import Guidance

        return np.concatenate(
            [
                Guidance.compute(self.portrait, motion, cameras, size)
                for motion, cameras in self._stretches(start, stop)
            ]
        )


class _WindowSampler:
    """Runs the network over windows of a scene; the photo is encoded once, the noise is one picture."""

    def __init__(self, model: VideoModel, scene: _Scene, seed: int) -> None:
        import torch

        assert model.network is not None
        self.network, self.steps, self.device = model.network, model.preset.steps, torch.device(model.device)
        self.scene = scene
        self.size = self.network.config.image_size
        generator = torch.Generator(device="cpu").manual_seed(seed)
        # The same noise for every frame and view: nothing flickers, and no view invents what others do not.
        self.noise = torch.randn((1, 1, 1, 3, self.size, self.size), generator=generator).to(self.device)
        self.reference = self._encode(scene.portrait)

    def _encode(self, portrait: Portrait) -> ReferenceFeatures:
        import torch
        from torch.nn import functional

        from mvvideo.denoising import half_precision
        from mvvideo.guidance import Guidance

        photo = torch.from_numpy(np.ascontiguousarray(portrait.image)).permute(2, 0, 1)[None].float()
        photo = functional.interpolate(photo, size=(self.size, self.size), mode="area").to(self.device)
        own = Guidance.compute(portrait, portrait.fit, portrait.camera, self.size)[0]  # (1, C, H, W)
        with torch.inference_mode(), half_precision(self.device):
            return self.network.encode_reference(photo, torch.from_numpy(own).to(self.device))

    def _layers(self, guidance: torch.Tensor) -> Layers:
        """Denoise one window: guidance ``(1, V, T, C, h, w)`` -> layers of the last step."""
        from mvvideo.denoising import denoise_layers

        noise = self.noise.expand(*guidance.shape[:3], -1, -1, -1)
        return denoise_layers(self.network, noise, guidance, self.reference, steps=self.steps)

    def pictures(self, window: Window) -> np.ndarray:
        """``(T, N, H, W, 3)`` float32 in [0, 1] at output size."""
        import torch

        from mvvideo.networks.composite import Plates, compose

        size = self.scene.size
        packed = torch.from_numpy(self.scene.guidance(window.start, window.stop, self.size)).to(self.device)
        guidance = packed.transpose(0, 1)[None].contiguous()  # (1, V, T, C, h, w)
        with torch.inference_mode():
            layers = self._layers(guidance).resized(size, size)
            plates = (
                Plates.from_guidance(guidance.flatten(0, 2)) if size == self.size else self._plates(window)
            )
            rgb = compose(layers, plates).rgb.clamp(0, 1)
        rgb = rgb.unflatten(0, (self.scene.views, len(window))).permute(1, 0, 3, 4, 2)
        return rgb.float().cpu().contiguous().numpy()

    def _plates(self, window: Window) -> Plates:
        """The appearance at output size, views outer and frames inner as the layers are."""
        import torch

        from mvvideo.networks.composite import Plates

        def flat(values: np.ndarray) -> torch.Tensor:
            moved = np.ascontiguousarray(np.moveaxis(values, (1, 4), (0, 2)))  # (N, T, C, H, W)
            return torch.from_numpy(moved).flatten(0, 1).to(self.device)

        rgb, alpha, background = self.scene.appearance(window.start, window.stop)
        return Plates(rgb=flat(rgb), alpha=flat(alpha), background=flat(background))


def _to_bytes(pictures: np.ndarray) -> np.ndarray:
    """[0, 1] float → uint8, rounded."""
    return (np.clip(pictures, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)


def _reported(
    chunks: Iterator[np.ndarray], total: int, progress: Callable[[int, int], None] | None
) -> Iterator[np.ndarray]:
    done = 0
    for chunk in chunks:
        done += len(chunk)
        yield chunk
        if progress is not None:
            progress(done, total)
