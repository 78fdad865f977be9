"""From predicted layers to the picture.

::

    smooth, fine = bands of warp(appearance_rgb, flow)
    foreground = gate · smooth + (1 − gate) · rgb + detail · fine
    picture    = alpha · foreground + (1 − alpha) · background plate

with ``gate = 1 + gate_change``, ``detail = 1 + detail_change`` and ``alpha = warp(appearance_alpha, flow) +
alpha_change``, all clamped to [0, 1]. Two gates, because a wrong shade is common where the fine structure of the
photo (hairs, pores, lashes) is right: one gate would have to give up both. A network whose last layers are zero
returns the appearance over the plate exactly, and the same layers, upsampled, act on a plate and an appearance
of any size.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from torch.nn import functional

from mvvideo.guidance import channel_slice

__all__ = [
    "Layers",
    "Picture",
    "Plates",
    "compose",
    "restrained",
    "without_pattern",
    "smooth_band",
    "warp",
    "without_appearance",
]

HELD_WHERE_SEEN, HELD_IN_MOUTH = 0.4, 0.75
"""Share of the network's change of shade, structure and alpha that is withheld where the photo shows the person
squarely, and at the mouth."""
STILL_IN_BACKGROUND = 0.8
"""Share of its flow that is withheld over the background; at the mouth and where the photo shows the person squarely
it is withheld wholly."""


@dataclass(frozen=True)
class Layers:
    """What the network predicts; N pictures, colours in [0, 1]."""

    flow: torch.Tensor  # (N, 2, H, W) pixels of this grid, x right, y down: where to look in the appearance
    gate_change: torch.Tensor  # (N, 1, H, W) added to 1: how much of the appearance's smooth part is kept
    detail_change: torch.Tensor  # (N, 1, H, W) added to 1: how much of its fine structure is kept
    alpha_change: torch.Tensor  # (N, 1, H, W) added to the appearance's alpha
    rgb: torch.Tensor  # (N, 3, H, W)

    def resized(self, height: int, width: int) -> Layers:
        """The same layers for a larger picture; flow is scaled with it."""
        if self.rgb.shape[-2:] == (height, width):
            return self
        scale = self.flow.new_tensor([width / self.rgb.shape[-1], height / self.rgb.shape[-2]])

        def grow(x: torch.Tensor) -> torch.Tensor:
            return functional.interpolate(x, size=(height, width), mode="bilinear", align_corners=False)

        return Layers(
            flow=grow(self.flow) * scale[:, None, None],
            gate_change=grow(self.gate_change),
            detail_change=grow(self.detail_change),
            alpha_change=grow(self.alpha_change),
            rgb=grow(self.rgb),
        )


@dataclass(frozen=True)
class Plates:
    """What the layers act on; colours in [0, 1]."""

    rgb: torch.Tensor  # (N, 3, H, W) appearance, not times alpha
    alpha: torch.Tensor  # (N, 1, H, W)
    background: torch.Tensor  # (N, 3, H, W)

    @classmethod
    def from_guidance(cls, guidance: torch.Tensor) -> Plates:
        """Taken from packed guidance ``(N, C, H, W)``."""
        names = ("appearance_rgb", "appearance_alpha", "background_rgb")
        rgb, alpha, background = (guidance[:, channel_slice(name)] for name in names)
        return cls(rgb=rgb, alpha=alpha, background=background)

    def composite(self) -> torch.Tensor:
        """Appearance over the plate ``(N, 3, H, W)``: what is shown without a network."""
        return self.alpha * self.rgb + (1 - self.alpha) * self.background


@dataclass(frozen=True)
class Picture:
    """The composed result with the parts that losses look at; colours in [0, 1]."""

    rgb: torch.Tensor  # (N, 3, H, W)
    foreground: torch.Tensor  # (N, 3, H, W)
    alpha: torch.Tensor  # (N, 1, H, W)
    gate: torch.Tensor  # (N, 1, H, W)
    detail: torch.Tensor  # (N, 1, H, W)
    overshoot: torch.Tensor  # () mean distance of gates and alpha outside [0, 1] before clamping


class _Clamp(torch.autograd.Function):
    """Clamped to [0, 1]; the gradient passes unless it would drive a value that is outside farther out.

    A plain clamp would never leave its limits, and one with the gradient of the identity runs away beyond them.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x)
        return x.clamp(0, 1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        outward = ((x < 0) & (gradient > 0)) | ((x > 1) & (gradient < 0))
        return gradient.masked_fill(outward, 0)


def warp(image: torch.Tensor, flow: torch.Tensor, *, cubic: bool = False) -> torch.Tensor:
    """Look up ``image (N, C, H, W)`` at every pixel + ``flow (N, 2, H, W)`` px, border repeated.

    ``cubic`` interpolates by cubic convolution instead of bilinearly, which keeps fine structure.
    """
    height, width = image.shape[-2:]
    x = torch.arange(width, device=image.device, dtype=torch.float32) + 0.5
    y = torch.arange(height, device=image.device, dtype=torch.float32) + 0.5
    across = (x + flow[:, 0]).clamp(0.5, width - 0.5)
    down = (y[:, None] + flow[:, 1]).clamp(0.5, height - 0.5)
    grid = torch.stack([across * (2 / width) - 1, down * (2 / height) - 1], dim=-1)
    mode = "bicubic" if cubic else "bilinear"
    return functional.grid_sample(image.float(), grid, mode=mode, padding_mode="border", align_corners=False)


def _grown(alpha: torch.Tensor, reach: int) -> torch.Tensor:
    """The largest alpha within ``reach`` pixels, rows and columns one after the other."""
    wide = functional.max_pool2d(alpha, (1, 2 * reach + 1), 1, (0, reach))
    return functional.max_pool2d(wide, (2 * reach + 1, 1), 1, (reach, 0))


def _box(image: torch.Tensor, reach: int) -> torch.Tensor:
    """Mean over (2·reach + 1)² pixels, rows and columns one after the other; fewer at the border."""
    wide = functional.avg_pool2d(image, (1, 2 * reach + 1), 1, (0, reach), count_include_pad=False)
    return functional.avg_pool2d(wide, (2 * reach + 1, 1), 1, (reach, 0), count_include_pad=False)


def box_twice(image: torch.Tensor, reach: int) -> torch.Tensor:
    """A tent over about 4·reach + 1 pixels: twice a box."""
    return _box(_box(image, reach), reach)


def smooth_band(rgb: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """The appearance without structure finer than about 1/32 of the picture, ``(N, 3, H, W)``.

    Averaged over the foreground alone, so that the silhouette does not take on the plate's colours.
    """
    weight = alpha + 1e-3
    both = box_twice(torch.cat([rgb * weight, weight], 1), max(1, round(rgb.shape[-1] / 128)))
    return both[:, :3] / both[:, 3:]


def without_appearance(layers: Layers, guidance: torch.Tensor) -> Layers:
    """Layers of a network that must not see the appearance: whatever they are put on, nothing of it shows.

    Gates stay shut; the silhouette starts from the posed bare head's instead of the appearance's.

    Args:
        layers: N pictures.
        guidance: the whole of it, ``(N, C, H, W)``.
    """
    head = (guidance[:, channel_slice("normals")].abs().amax(1, keepdim=True) > 0).float()
    change = layers.alpha_change + head - guidance[:, channel_slice("appearance_alpha")].float()
    shut = torch.full_like(layers.gate_change, -1)
    return replace(
        layers,
        flow=torch.zeros_like(layers.flow),
        gate_change=shut,
        detail_change=shut,
        alpha_change=change,
    )


def restrained(layers: Layers, guidance: torch.Tensor) -> Layers:
    """Layers that leave more as it is where the appearance deserves belief: for use, not for training.

    Training knows where the person will be exactly; in use, motion is tracked or invented, and what the network
    "corrects" in plain view is mostly not wrong: least of all where things are. Between the lips it knows nobody's
    teeth, while those that are drawn there are at least sharp. Over the background its flow drags silhouettes
    farther than it should, and what it adds there by alpha is a guess that shows as ghosts around heads.

    Args:
        layers: N pictures.
        guidance: the whole of it, ``(N, C, H, W)``.
    """
    seen = guidance[:, channel_slice("confidence_seen")].float()
    facing = guidance[:, channel_slice("confidence_facing")].float()
    sure = (2 * seen - 1).clamp(min=0) * facing.clamp(0, 1).sqrt()  # mirrored skin counts as unseen
    plate = 1 - guidance[:, channel_slice("appearance_alpha")].float()
    mouth = guidance[:, channel_slice("region_lips")] + guidance[:, channel_slice("region_mouth")]
    inside = _box(functional.max_pool2d(mouth.float().clamp(max=1), 3, 1, 1), 2)
    held = torch.cat([torch.maximum(sure, STILL_IN_BACKGROUND * plate), HELD_WHERE_SEEN * sure], 1)
    # Runs out over a 16th of the picture: where the flow ended sooner it would bite pieces out of edges.
    moving, free = (1 - box_twice(held, max(1, held.shape[-1] // 32))).split(1, dim=1)
    free = free * (1 - HELD_IN_MOUTH * inside)
    alpha = layers.alpha_change * free
    return replace(
        layers,
        flow=layers.flow * moving * (1 - inside),
        gate_change=layers.gate_change * free,
        detail_change=layers.detail_change * free,
        alpha_change=torch.where(alpha > 0, alpha * (1 - plate), alpha),
    )


def without_pattern(layers: Layers, patch: int) -> Layers:
    """Layers whose colours have no structure as fine as the network's patches: for use and for training.

    Fine structure is the appearance's; what a small network puts into its own colours at that scale is the same
    stripes in every patch, which its losses take for the texture of hair. A box as wide as a patch cancels them
    exactly (one shifted to each side, so that nothing moves).

    Args:
        layers: N pictures, at the size that the network made them.
        patch: pixels of a patch's side.
    """
    before, after = patch // 2, patch - 1 - patch // 2
    rgb = layers.rgb
    for left, right in ((before, after), (after, before)):
        padded = functional.pad(rgb, (left, right, left, right), mode="replicate")
        rgb = functional.avg_pool2d(functional.avg_pool2d(padded, (1, patch), 1), (patch, 1), 1)
    return replace(layers, rgb=rgb)


def compose(layers: Layers, plates: Plates, *, cubic: bool = False) -> Picture:
    """Apply layers to plates of the same size; ``cubic`` (in use, not in training) keeps fine structure as it moves.

    The flow moves the silhouette outwards by at most 1/64 of the picture: beyond that it drags the person's
    colours over a background that was right (measured on held-out actors: 0.2 dB of background).
    """
    warped = warp(torch.cat([plates.rgb, plates.alpha], 1), layers.flow)
    if cubic:
        warped = torch.cat([warp(plates.rgb, layers.flow, cubic=True), warped[:, 3:]], 1)
    reach = max(1, plates.alpha.shape[-1] // 64)
    raw_alpha = torch.minimum(warped[:, 3:], _grown(plates.alpha.float(), reach)) + layers.alpha_change
    raw = torch.cat([1 + layers.gate_change, 1 + layers.detail_change, raw_alpha], 1)
    clamped = cast("torch.Tensor", _Clamp.apply(raw))
    gate, detail, alpha = clamped.split(1, dim=1)
    smooth = smooth_band(warped[:, :3], warped[:, 3:])
    foreground = gate * smooth + (1 - gate) * layers.rgb + detail * (warped[:, :3] - smooth)
    picture = alpha * foreground + (1 - alpha) * plates.background
    return Picture(
        rgb=picture,
        foreground=foreground,
        alpha=alpha,
        gate=gate,
        detail=detail,
        overshoot=(raw - clamped.detach()).abs().mean(),
    )
