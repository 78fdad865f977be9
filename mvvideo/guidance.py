"""What the video model is told for every frame and view: ONE channel table, and how it is filled.

:data:`GUIDANCE_CHANNELS` is the only place where names, order, widths and ranges of the channels are
written down. Everything else (packing, storing as uint8, the network's input width, pictures for people)
is derived from it. Channels lie on axis −3: ``(..., C, H, W)``, row 0 on top.

"Appearance" is the picture moved by geometry alone (:mod:`mvvideo.portrait.appearance`); the confidence
channels say how far to believe it; the rest is the posed head as the camera sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from flame.errors import ConfigError, input_error

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from mvvideo.portrait.appearance import Appearance
    from mvvideo.portrait.portrait import Portrait
    from renderer.cameras import Cameras

__all__ = [
    "CANONICAL_SCALE_METRES",
    "CHANNEL_COUNT",
    "GUIDANCE_CHANNELS",
    "REGION_GROUPS",
    "Guidance",
    "GuidanceChannel",
    "channel_slice",
]

CANONICAL_SCALE_METRES = 0.25
"""Template coordinates are divided by this, so that the whole head lies in −1 … 1."""

REGION_GROUPS: dict[str, tuple[str, ...]] = {
    "lips": ("lips",),
    "mouth": ("teeth", "tongue", "mouth_inside"),
    "eye": ("eye_left", "eye_right"),
    "iris": ("iris_left", "iris_right", "pupil_left", "pupil_right"),
    "brow": ("brow_left", "brow_right"),
}
"""Indicator channel → the head's region names it covers."""


@dataclass(frozen=True)
class GuidanceChannel:
    """One named group of ``count`` channels with values ``low`` … ``high``; ``source`` says what fills it."""

    name: str
    count: int
    low: float
    high: float
    source: str

    def __post_init__(self) -> None:
        if self.low not in (0.0, -self.high):
            # Zero is "nothing here" in every channel and must survive the trip through uint8 exactly.
            raise ValueError(f"channel {self.name}: range must start at 0 or be symmetric")


GUIDANCE_CHANNELS: tuple[GuidanceChannel, ...] = (
    GuidanceChannel("appearance_rgb", 3, 0.0, 1.0, "foreground colour, not times alpha; plate outside"),
    GuidanceChannel("appearance_alpha", 1, 0.0, 1.0, "opacity of the foreground"),
    GuidanceChannel("confidence_seen", 1, 0.0, 1.0, "1 photographed there, 0.5 mirrored, 0 filled"),
    GuidanceChannel("confidence_facing", 1, 0.0, 1.0, "cosine between surface and viewing ray in the photo"),
    GuidanceChannel("confidence_detail", 1, 0.0, 1.0, "photo pixels per output pixel, worse axis, ≤ 1"),
    GuidanceChannel("confidence_layer", 1, 0.0, 1.0, "1 head mesh, 2/3 hull front, 1/3 hull back, 0 plate"),
    GuidanceChannel("background_rgb", 3, 0.0, 1.0, "the plate"),
    GuidanceChannel("background_known", 1, 0.0, 1.0, "1 where the plate is photographed, 0 where filled"),
    GuidanceChannel("normals", 3, -1.0, 1.0, "posed head: unit normal in camera axes"),
    GuidanceChannel("canonical", 3, -1.0, 1.0, "posed head: template coordinates / CANONICAL_SCALE_METRES"),
    *(
        GuidanceChannel(f"region_{group}", 1, 0.0, 1.0, "posed head: 1 inside " + ", ".join(names))
        for group, names in REGION_GROUPS.items()
    ),
)

CHANNEL_COUNT: int = sum(channel.count for channel in GUIDANCE_CHANNELS)

_OFFSETS = np.cumsum([0, *(channel.count for channel in GUIDANCE_CHANNELS)])
_SLICES = {
    channel.name: slice(int(start), int(start) + channel.count)
    for channel, start in zip(GUIDANCE_CHANNELS, _OFFSETS[:-1], strict=True)
}
_CONFIDENCE_NAMES = tuple(c.name for c in GUIDANCE_CHANNELS if c.name.startswith("confidence_"))
_COUNTS = [channel.count for channel in GUIDANCE_CHANNELS]
_SIGNED = np.repeat([channel.low < 0 for channel in GUIDANCE_CHANNELS], _COUNTS)
_HIGH = np.repeat([channel.high for channel in GUIDANCE_CHANNELS], _COUNTS).astype(np.float32)
# uint8 = value * gain + offset. Signed channels keep 128 for zero, so that "nothing" stays exactly nothing.
_GAIN = np.where(_SIGNED, 127.0, 255.0).astype(np.float32) / _HIGH
_ZERO = np.where(_SIGNED, 128.0, 0.0).astype(np.float32)


def channel_slice(name: str) -> slice:
    """Where the channels called ``name`` lie on the channel axis."""
    if name not in _SLICES:
        raise input_error(ConfigError, "unknown guidance channel", name, "use one of " + ", ".join(_SLICES))
    return _SLICES[name]


def _check_channels(values: np.ndarray) -> None:
    if values.ndim < 3 or values.shape[-3] != CHANNEL_COUNT:
        raise input_error(
            ConfigError,
            f"guidance must be (..., {CHANNEL_COUNT}, H, W)",
            f"an array of shape {values.shape}",
            "pack it with Guidance.pack",
        )


class Guidance:
    """Functions over packed guidance arrays ``(..., C, H, W)``; see :data:`GUIDANCE_CHANNELS`."""

    @staticmethod
    def pack(appearance: Appearance, buffers: Mapping[str, np.ndarray]) -> np.ndarray:
        """Fill the table.

        Args:
            appearance: what :meth:`AppearanceModel.render` gives, T frames, N views.
            buffers: ``normals (T, N, H, W, 3)`` unit vectors in camera axes, ``canonical (T, N, H, W, 3)``
                template coordinates in metres, ``region_<group> (T, N, H, W, 1)`` for every group of
                :data:`REGION_GROUPS`; all zero where the head is not seen.

        Returns:
            ``(T, N, C, H, W)`` float32.
        """
        frames, views, height, width = appearance.rgb.shape[:4]
        confidence = zip(_CONFIDENCE_NAMES, np.moveaxis(appearance.confidence, -1, 0), strict=True)
        sources: dict[str, np.ndarray] = {
            "appearance_rgb": appearance.rgb,
            "appearance_alpha": appearance.alpha,
            "background_rgb": appearance.background[None],
            "background_known": appearance.background_known[None],
            "normals": buffers["normals"],
            "canonical": buffers["canonical"] / CANONICAL_SCALE_METRES,
            **{name: value[..., None] for name, value in confidence},
            **{f"region_{group}": buffers[f"region_{group}"] for group in REGION_GROUPS},
        }
        packed = np.empty((frames, views, CHANNEL_COUNT, height, width), dtype=np.float32)
        for channel in GUIDANCE_CHANNELS:
            values = np.moveaxis(sources[channel.name], -1, -3)  # (T|1, N, count, H, W)
            np.clip(values, channel.low, channel.high, out=packed[:, :, _SLICES[channel.name]])
        return packed

    @staticmethod
    def unpack(values: np.ndarray) -> dict[str, np.ndarray]:
        """Name → view of its channels, ``(..., count, H, W)``."""
        _check_channels(values)
        return {name: values[..., where, :, :] for name, where in _SLICES.items()}

    @staticmethod
    def null(frames: int, views: int, *, height: int, width: int) -> np.ndarray:
        """Guidance that says nothing, ``(T, N, C, H, W)``: what an unconditional pass of the model gets."""
        return np.zeros((frames, views, CHANNEL_COUNT, height, width), dtype=np.float32)

    @staticmethod
    def quantise(values: np.ndarray) -> np.ndarray:
        """``(..., C, H, W)`` float → uint8 by the table's ranges; clipped outside, zero exact."""
        _check_channels(values)
        scaled = values * _GAIN[:, None, None] + (_ZERO[:, None, None] + 0.5)
        return np.clip(scaled, 0.0, 255.49).astype(np.uint8)

    @staticmethod
    def dequantise(values: np.ndarray) -> np.ndarray:
        """Inverse of :meth:`quantise` up to half a step: ``(..., C, H, W)`` uint8 → float32."""
        _check_channels(values)
        return (values.astype(np.float32) - _ZERO[:, None, None]) / _GAIN[:, None, None]

    @staticmethod
    def dequantise_constants() -> tuple[np.ndarray, np.ndarray]:
        """``(zero (C,), gain (C,))`` with value = (uint8 − zero) / gain, for use on another device."""
        return _ZERO.copy(), _GAIN.copy()

    @staticmethod
    def visualise(values: np.ndarray) -> np.ndarray:
        """One row of pictures per channel group, for people.

        Args:
            values: ``(C, H, W)``, one frame of one view.

        Returns:
            ``(H, G·W, 3)`` float32 in [0, 1]: colours as they are, signed values around mid-grey.
        """
        _check_channels(values)
        pictures = []
        for channel in GUIDANCE_CHANNELS:
            picture = np.moveaxis(values[_SLICES[channel.name]], 0, -1)  # (H, W, count)
            picture = (picture - channel.low) / (channel.high - channel.low)
            pictures.append(np.broadcast_to(picture, (*picture.shape[:2], 3)))
        return np.clip(np.concatenate(pictures, axis=1), 0.0, 1.0).astype(np.float32)

    @staticmethod
    def compute(portrait: Portrait, sequence: FlameSequence, cameras: Cameras, size: int) -> np.ndarray:
        """Render appearance and head buffers of every frame from every camera and pack them.

        Args:
            portrait: the prepared reference.
            sequence: absolute motion in the portrait head's basis, T frames.
            cameras: N cameras; they are resized to ``size`` pixels.
            size: height and width of the guidance in pixels.

        Returns:
            ``(T, N, C, size, size)`` float32.
        """
        vertices = portrait.head.pose(sequence)  # (T, V, 3)
        resized = cameras.resized(size, size)
        appearance = portrait.appearance.render(vertices, resized)
        return Guidance.pack(appearance, portrait.appearance.head_buffers(vertices, resized))
