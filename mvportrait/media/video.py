"""A streaming H.264 writer: frames go to the encoder as they come, memory does not grow with the clip."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from flame.errors import ConfigError, input_error

__all__ = ["VideoWriter"]

# x264 splits work by its thread count, and the split changes the bytes: fixed, one seed stays one file.
_ENCODER_OPTIONS = {"crf": "16", "preset": "medium", "threads": "2"}


class VideoWriter:
    """Write (H, W, 3) uint8 RGB frames as mp4: H.264, yuv420p, index in front.

    Use as a context manager. On an exception the unfinished file is closed and removed.

    Args:
        path: the file; its folder exists.
        fps: frames per second, exact to 1/1000.
        height, width: pixels; both even (4:2:0 chroma).
        tags: container metadata, see ``Provenance.video_tags``.

    Raises:
        ConfigError: odd or non-positive sizes, an fps outside (0, 240].
    """

    def __init__(
        self, path: Path, *, fps: float, height: int, width: int, tags: Mapping[str, str] | None = None
    ) -> None:
        if height < 2 or width < 2 or height % 2 or width % 2:
            raise input_error(
                ConfigError, "H.264 needs even frame sides", f"{width}x{height}", "use a multiple of 2"
            )
        if not 0 < fps <= 240:
            raise input_error(ConfigError, "fps must be in (0, 240]", fps, "give a number such as 25")
        self.path = Path(path)
        self.height = height
        self.width = width
        self.frames_written = 0
        self._container, self._stream = self._open(fps, dict(tags or {}))

    def _open(self, fps: float, tags: dict[str, str]) -> tuple[Any, Any]:
        import av
        from av.video.reformatter import ColorRange, Colorspace

        container = av.open(str(self.path), mode="w", format="mp4", options={"movflags": "+faststart"})
        container.metadata.update(tags)
        stream: Any = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000))
        stream.width = self.width
        stream.height = self.height
        stream.pix_fmt = "yuv420p"
        stream.options = dict(_ENCODER_OPTIONS)
        # Say which matrix the conversion below uses, so that every player inverts the same one.
        stream.codec_context.colorspace = Colorspace.ITU601
        stream.codec_context.color_range = ColorRange.MPEG
        return container, stream

    def write(self, frame: np.ndarray) -> None:
        """Append one frame, (H, W, 3) uint8 RGB."""
        if frame.shape != (self.height, self.width, 3) or frame.dtype != np.uint8:
            raise ValueError(
                f"frame must be ({self.height}, {self.width}, 3) uint8: {frame.shape} {frame.dtype}"
            )
        import av
        from av.video.reformatter import ColorRange, Colorspace

        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        picture = picture.reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.MPEG
        )
        picture.pts = self.frames_written
        self._container.mux(self._stream.encode(picture))
        self.frames_written += 1

    def close(self) -> None:
        """Flush the encoder and write the index. Does nothing the second time."""
        if self._container is None:
            return
        container, self._container = self._container, None
        container.mux(self._stream.encode(None))
        container.close()

    def abort(self) -> None:
        """Close without finishing, and remove the file."""
        if self._container is not None:
            container, self._container = self._container, None
            container.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
