"""The network over a clip of any length: windows in, finished pictures out, in order, from any frame on.

A frame does not depend on where the stream was begun: what a run that was interrupted goes on with is what it
would have made. That holds because everything here is a function of the whole clip's plan, never of what was
computed before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from mvvideo.compositing import compose_pictures, composed_rgb
from mvvideo.denoising import denoise_layers, half_precision, predict_layers
from mvvideo.guidance import Guidance
from mvvideo.intensity import sequence_intensity
from mvvideo.networks.composite import Layers, Plates
from mvvideo.sampling import advance, step_times
from mvvideo.scene import to_bytes
from mvvideo.windows import CyclicPlan, fade_in, plan_windows

if TYPE_CHECKING:
    from mvvideo.networks.denoiser import MultiViewDenoiser, ReferenceFeatures
    from mvvideo.portrait import Portrait
    from mvvideo.scene import Scene, Shots

__all__ = ["WindowStream"]

Pictures = list[np.ndarray]
"""For each ``Shots``: ``(n, N, size, size, 3)``."""


class WindowStream:
    """Runs the network over windows of a scene; the photo is encoded once, the noise is one picture.

    Args:
        network: the denoiser.
        scene: what is to be shown.
        shots: the pictures to make of every frame.
        steps: of sampling.
        length: frames of a window.
        seed: of the noise.
        device: where the network is.
    """

    def __init__(
        self,
        network: MultiViewDenoiser,
        scene: Scene,
        shots: Sequence[Shots],
        *,
        steps: int,
        length: int,
        seed: int,
        device: str,
    ) -> None:
        self.network, self.scene, self.shots = network, scene, tuple(shots)
        self.steps, self.length, self.device = steps, length, torch.device(device)
        self.size = network.config.image_size
        generator = torch.Generator(device="cpu").manual_seed(seed)
        # The same noise for every frame and view: nothing flickers, and no view invents what others do not.
        self.noise = torch.randn((1, 1, 1, 3, self.size, self.size), generator=generator).to(self.device)
        self.reference = self._encode(scene.portrait)
        self._frames = len(scene.sequence)
        self._guidance: OrderedDict[int, torch.Tensor] = OrderedDict()  # frame -> (V, C, h, w)
        self._outcomes: dict[tuple[int, int], dict[int, torch.Tensor]] = {}

    # ------------------------------------------------------------------ windows one after the other

    def overlapping(self, start: int = 0) -> Iterator[Pictures]:
        """Every window through all steps by itself; long ones are cross-faded where they overlap.

        Args:
            start: first frame to yield.
        """
        # Windows of two frames are not faded into each other: every frame would be made twice, and all share one
        # noise anyway (measured with the embedded weights: flicker and PSNR are the same to three digits).
        overlap = max(1, self.length // 8) if self.length > 2 else 0
        windows = plan_windows(self._frames, length=self.length, overlap=overlap)
        ends = [window.stop - overlap for window in windows[:-1]]  # of what each window finishes
        first = sum(end <= start for end in ends)
        # The window before has to be made again for its share of the overlap.
        first -= bool(first and overlap)
        tail: Pictures | None = None  # float32, of the window before, still to be faded
        for number, window in enumerate(windows[first:], first):
            frames = range(window.start, window.stop)
            guidance = self._packed(frames, keep=0)
            with torch.inference_mode():
                layers = denoise_layers(
                    self.network,
                    self.noise.expand(*guidance.shape[:3], -1, -1, -1),
                    guidance,
                    self.reference,
                    steps=self.steps,
                )
            done = len(frames) - (overlap if number + 1 < len(windows) else 0)
            kept: list[Pictures] = []
            for at, pictures in self._composed(layers, guidance, frames):
                if tail is not None and at < window.overlap:
                    _fade(pictures, tail, at)
                count = len(pictures[0])
                skip = min(max(start - window.start - at, 0), count)
                finished = min(max(done - at, 0), count)
                if finished > skip:
                    yield [to_bytes(group[skip:finished]) for group in pictures]
                if finished < count:
                    kept.append([group[finished:].copy() for group in pictures])
            tail = [np.concatenate(groups) for groups in zip(*kept, strict=True)] if kept else None

    # ------------------------------------------------------------------ windows that move with the steps

    def cyclic(self, start: int = 0) -> Iterator[Pictures]:
        """Windows side by side that move by one frame with every step, see ``CyclicPlan``."""
        plan = CyclicPlan(self._frames, self.length)
        last = self.steps - 1
        order = sorted(range(plan.count), key=lambda number: plan.span(number, last).start)
        held: list[Pictures] = []  # the clip's last frames, made by the window that lies across its ends
        for place, number in enumerate(order):
            span = plan.span(number, last)
            if span.stop <= start and span.start >= 0:
                continue
            for done in order[:place]:
                for step in range(self.steps):
                    self._outcomes.pop((step, done), None)
            frames = plan.window(number, last)
            guidance = self._packed(frames)
            with torch.inference_mode():
                layers = self._layers(plan, number, last, guidance)
            for at, pictures in self._composed(layers, guidance, frames):
                cut = min(max(-(span.start + at), 0), len(pictures[0]))
                skip = max(start - span.start - at, cut)
                if cut:
                    held.append([to_bytes(group[:cut]) for group in pictures])
                if skip < len(pictures[0]):
                    yield [to_bytes(group[skip:]) for group in pictures]
        self._outcomes.clear()
        if held:
            ending = [np.concatenate(groups) for groups in zip(*held, strict=True)]
            skip = max(start - (self._frames - len(ending[0])), 0)
            if skip < len(ending[0]):
                yield [group[skip:] for group in ending]

    def _layers(self, plan: CyclicPlan, number: int, step: int, guidance: torch.Tensor) -> Layers:
        """The network's answer for one window in one step ``(V·T pictures)``; guidance as :meth:`_packed`."""
        noisy = self._noisy(plan, number, step)
        time = noisy.new_full((1,), step_times(self.steps)[step])
        return predict_layers(self.network, noisy, time, guidance, self.reference)

    def _noisy(self, plan: CyclicPlan, number: int, step: int) -> torch.Tensor:
        """What enters ``step`` in a window, ``(1, V, T, 3, h, w)``."""
        frames = plan.window(number, step)
        if step == 0:
            return self.noise.expand(1, self.scene.views, len(frames), -1, -1, -1)
        made: dict[int, torch.Tensor] = {}
        for source in plan.sources(number):
            made.update(self._outcome(plan, source, step - 1))
        return torch.stack([made[frame] for frame in frames], 1)[None]

    def _outcome(self, plan: CyclicPlan, number: int, step: int) -> dict[int, torch.Tensor]:
        """What leaves ``step`` in a window: frame -> ``(V, 3, h, w)``. Made once, as long as it is needed."""
        if (step, number) not in self._outcomes:
            frames = plan.window(number, step)
            guidance = self._packed(frames)
            noisy = self._noisy(plan, number, step)
            now, following = step_times(self.steps)[step : step + 2]
            layers = self._layers(plan, number, step, guidance)
            plates = Plates.from_guidance(guidance.flatten(0, 2))
            clean = composed_rgb(layers, plates).view_as(noisy) * 2 - 1
            moved = advance(noisy, clean, now=now, following=following)[0]  # (V, T, 3, h, w)
            self._outcomes[step, number] = dict(zip(frames, moved.unbind(1), strict=True))
        return self._outcomes[step, number]

    # ------------------------------------------------------------------ in and out

    def _encode(self, portrait: Portrait) -> ReferenceFeatures:
        photo = torch.from_numpy(np.ascontiguousarray(portrait.image)).permute(2, 0, 1)[None].float()
        photo = functional.interpolate(photo, size=(self.size, self.size), mode="area").to(self.device)
        own = Guidance.compute(portrait, portrait.fit, portrait.camera, self.size)[0]  # (1, C, H, W)
        with torch.inference_mode(), half_precision(self.device):
            return self.network.encode_reference(
                photo, torch.from_numpy(own).to(self.device), intensity=self._intensity(portrait)
            )

    def _intensity(self, portrait: Portrait) -> torch.Tensor | None:
        """How strongly the whole clip moves, ``(1, 2)``, for networks that want to know."""
        if not self.network.config.motion_intensity:
            return None
        measured = sequence_intensity(self.scene.sequence, portrait.head)
        return torch.from_numpy(measured)[None].to(self.device)

    def _packed(self, frames: Sequence[int], *, keep: int | None = None) -> torch.Tensor:
        """Guidance ``(1, V, T, C, h, w)``; the last ``keep`` frames' are remembered (None: two windows')."""
        if keep == 0:
            fresh = torch.from_numpy(self.scene.guidance(frames, self.size)).to(self.device)
            return fresh.transpose(0, 1)[None].contiguous()
        missing = [frame for frame in frames if frame not in self._guidance]
        if missing:
            fresh = torch.from_numpy(self.scene.guidance(missing, self.size)).to(self.device)
            self._guidance.update(zip(missing, fresh.unbind(0), strict=True))
        for frame in frames:
            self._guidance.move_to_end(frame)
        packed = torch.stack([self._guidance[frame] for frame in frames], 1)[None]
        while len(self._guidance) > (self.length + self.steps if keep is None else keep):
            self._guidance.popitem(last=False)
        return packed

    def _composed(
        self, layers: Layers, guidance: torch.Tensor, frames: Sequence[int]
    ) -> Iterator[tuple[int, Pictures]]:
        """A window's pictures, a few frames at a time, float32 in [0, 1], each with its place in the window."""
        step = min(shots.at_once() for shots in self.shots)
        for at in range(0, len(frames), step):
            part = slice(at, min(at + step, len(frames)))
            with torch.inference_mode():
                pictures = [self._drawn(shots, layers, guidance, frames, part) for shots in self.shots]
            yield at, pictures

    def _drawn(
        self, shots: Shots, layers: Layers, guidance: torch.Tensor, frames: Sequence[int], part: slice
    ) -> np.ndarray:
        """Pictures ``(n, N, size, size, 3)`` float32 of a part of the window."""
        views = list(shots.views)

        def chosen(values: torch.Tensor) -> torch.Tensor:
            """``(V·T, …)`` -> ``(n·N, …)``."""
            every = values.unflatten(0, (self.scene.views, len(frames)))
            return every[views, part].transpose(0, 1).flatten(0, 1)

        mine = Layers(*(chosen(getattr(layers, name)).float() for name in Layers.__dataclass_fields__))
        if shots.size == self.size:
            plates = Plates.from_guidance(guidance[0, views, part].transpose(0, 1).flatten(0, 1))
            made = composed_rgb(mine, plates).movedim(1, -1).cpu().numpy()
        else:
            images = [x.reshape(-1, *x.shape[2:]) for x in self.scene.appearance(shots, frames[part])]
            if self.device.type == "cpu":
                made = compose_pictures(mine, *images)
            else:
                tensors = (torch.from_numpy(np.moveaxis(x, -1, 1)).to(self.device) for x in images)
                rgb, alpha, background = tensors
                plates = Plates(rgb=rgb, alpha=alpha, background=background)
                made = composed_rgb(mine, plates).movedim(1, -1).cpu().numpy()
        return np.ascontiguousarray(made.reshape(-1, len(views), *made.shape[1:]), np.float32)


def _fade(pictures: Pictures, tail: Pictures, at: int) -> None:
    """Blend the window before into the first pictures, in place; they begin ``at`` frames into the window."""
    overlap = len(tail[0])
    count = min(len(pictures[0]), overlap - at)
    weight = fade_in(overlap)[at : at + count, None, None, None, None]
    for mine, before in zip(pictures, tail, strict=True):
        mine[:count] = (1 - weight) * before[at : at + count] + weight * mine[:count]
