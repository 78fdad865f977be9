"""A prepared portrait, motion and cameras to frames: the video model as the product uses it.

Presets: ``preview`` shows the appearance as geometry moves it (no network), ``fast`` corrects it in one
denoising step, ``quality`` in four. Frames are streamed window by window; memory does not grow with the clip,
and a stream can begin at any frame.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import ConfigError, input_error
from mvvideo.scene import Scene, Shots, to_bytes

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from mvvideo.networks.denoiser import MultiViewDenoiser
    from mvvideo.portrait import Portrait
    from renderer.cameras import Cameras

__all__ = ["PRESETS", "WEIGHTS_DIRECTORY", "Preset", "VideoModel", "find_preset"]

WEIGHTS_DIRECTORY = Path(__file__).parent / "weights"
_PREVIEW_WINDOW = 8
Pictures = list[np.ndarray]


@dataclass(frozen=True)
class Preset:
    """How much work is put into a frame.

    Attributes:
        steps: of sampling; 0 means no network.
        cyclic: windows of a long clip lie side by side and move by one frame with every step (see
            ``mvvideo.windows.CyclicPlan``); otherwise each takes all steps by itself and neighbours are
            cross-faded. With one step there is nothing to move.
    """

    name: str
    steps: int
    description: str
    cyclic: bool = False


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("preview", 0, "the photo moved by geometry alone"),
        Preset("fast", 1, "corrected by the network in one step"),
        Preset("quality", 4, "corrected by the network in four steps", cyclic=True),
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
        start: int = 0,
        cyclic: bool | None = None,
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
            start: first frame to make; it and those after it are as they are without this.
            cyclic: how windows of a long clip are joined; None: as the preset says.
            progress: called with (frames done, frames in all).

        Yields:
            ``(n, N, size, size, 3)`` uint8; the n sum to T − start.
        """
        views = tuple(range(1 if camera_per_frame else len(cameras)))
        chunks = self.generate_shots(
            portrait,
            sequence,
            cameras,
            shots=(Shots(views, size),),
            seed=seed,
            camera_per_frame=camera_per_frame,
            start=start,
            cyclic=cyclic,
        )
        return _reported((pictures for (pictures,) in chunks), start, len(sequence), progress)

    def generate_shots(
        self,
        portrait: Portrait,
        sequence: FlameSequence,
        cameras: Cameras,
        *,
        shots: Sequence[Shots],
        seed: int = 0,
        camera_per_frame: bool = False,
        start: int = 0,
        cyclic: bool | None = None,
    ) -> Iterator[Pictures]:
        """Like :meth:`generate`, with pictures of several sizes: the network looks once, each shot is drawn.

        Args:
            shots: which views to draw at which size.

        Yields:
            for each of ``shots`` ``(n, N, size, size, 3)`` uint8.
        """
        scene = Scene(portrait, sequence, cameras, camera_per_frame=camera_per_frame)
        if any(shot.size < 16 for shot in shots):
            smallest = min(shot.size for shot in shots)
            raise input_error(ConfigError, "size must be at least 16 pixels", smallest, "use for example 512")
        if not 0 <= start < len(sequence):
            given = f"frame {start} of {len(sequence)}"
            raise input_error(ConfigError, "the first frame must lie in the motion", given, "start earlier")
        if self.network is None:
            return _moved(scene, shots, start)
        from mvvideo.streaming import WindowStream

        stream = WindowStream(
            self.network,
            scene,
            shots,
            steps=self.preset.steps,
            length=self.window_frames,
            seed=seed,
            device=self.device,
        )
        together = self.preset.cyclic if cyclic is None else cyclic
        return stream.cyclic(start) if together and self.preset.steps > 1 else stream.overlapping(start)


def _moved(scene: Scene, shots: Sequence[Shots], start: int) -> Iterator[Pictures]:
    """``preview``: the appearance over its plate."""
    step = min(_PREVIEW_WINDOW, *(shot.at_once() for shot in shots))
    for first in range(start, len(scene.sequence), step):
        frames = range(first, min(first + step, len(scene.sequence)))
        pictures = []
        for shot in shots:
            rgb, alpha, background = scene.appearance(shot, frames)
            pictures.append(to_bytes(alpha * rgb + (1 - alpha) * background))
        yield pictures


def _reported(
    chunks: Iterator[np.ndarray], done: int, total: int, progress: Callable[[int, int], None] | None
) -> Iterator[np.ndarray]:
    for chunk in chunks:
        done += len(chunk)
        yield chunk
        if progress is not None:
            progress(done, total)
