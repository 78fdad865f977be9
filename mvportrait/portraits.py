"""From the pictures that were given to one prepared portrait, with the detail that the frames can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mvportrait.media.images import Picture
from mvportrait.options import MAX_SIZE, SIZE_MULTIPLE
from mvportrait.reporting import Reporter

if TYPE_CHECKING:
    from mvvideo.portrait import Portrait

__all__ = ["PreparedPortrait", "prepare_portrait"]

#: A crop with at least this many pixels on a side has the detail for frames of 512.
_PIXELS_FOR_LARGE = 400
_LARGE, _SMALL = 512, 256


@dataclass(frozen=True, eq=False)
class PreparedPortrait:
    """A portrait and the sizes, in pixels, of what is to be drawn from it.

    Attributes:
        portrait: prepared at the larger of the two.
        size: of the views.
        full_size: of the picture that goes back into the photo; 0 for none.
    """

    portrait: Portrait
    size: int
    full_size: int


def prepare_portrait(
    pictures: Sequence[Picture], *, size: int | None, full_frame: bool = False, reporter: Reporter
) -> PreparedPortrait:
    """Find the face, cut, matte, fit the head and build its appearance.

    The portrait is prepared at the size of what is drawn from it: a smaller one would blur, a larger one cost
    time and memory for nothing.

    Args:
        pictures: of one person; the first one is what the frames continue.
        size: of the views; None: 512 where the first picture has the detail, else 256.
        full_frame: the front view goes back into the first picture, at its resolution up to ``MAX_SIZE``.

    Raises:
        NoFaceError: no human face was found.
    """
    from flame.head import load_head
    from mvvideo.portrait import Portrait

    shown = _shown_pixels(pictures[0])
    if size is None:
        size = _LARGE if shown >= _PIXELS_FOR_LARGE else _SMALL
        if size == _SMALL and shown:
            reporter.note(
                f"frames are {_SMALL} pixels, the photo shows the head on {shown}; --size overrules"
            )
    full_size = min(-(-shown // SIZE_MULTIPLE) * SIZE_MULTIPLE, MAX_SIZE) if full_frame else 0
    head, prepared = load_head("open"), max(size, full_size)
    given = [picture.pixels for picture in pictures]
    portrait = Portrait.from_images(given, head=head, size=prepared, warn=reporter.warn)
    return PreparedPortrait(portrait, size, full_size)


def _shown_pixels(picture: Picture) -> int:
    """Side of the square that the frames will show, in photo pixels; 0 when no face is found."""
    from mvvideo.portrait.crop import square_crop_box
    from mvvideo.portrait.detect import default_face_finder

    finder = default_face_finder()
    faces = finder.detect(picture.pixels)
    landmarks = finder.landmarks(picture.pixels, faces[0]) if faces else None
    if landmarks is None:
        return 0  # the preparation will say so
    box = square_crop_box(landmarks, height=picture.height, width=picture.width)
    return int(box[2] - box[0])
