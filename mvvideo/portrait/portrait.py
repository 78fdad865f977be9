"""`Portrait`: one photo, prepared; or several of the same person."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from flame.errors import ImageError, NoFaceError, input_error
from flame.head import FlameHead
from flame.sequence import FlameSequence
from mvvideo.portrait.appearance import AppearanceModel
from renderer.cameras import Cameras

__all__ = ["Portrait"]

SMALLEST_IMAGE = 64
SMALLEST_FACE = 36
"""Pixels from chin to forehead below which nothing of a face can be kept."""
LARGEST_IMAGE = 12000
LARGEST_COUNT = 8


@dataclass(frozen=True, eq=False)
class Portrait:
    """The prepared reference.

    Attributes:
        image: ``(S, S, 3)`` float32, the crop; matte: ``(S, S)``; plate: ``(S, S, 3)`` the background without
            the person, plate_known: ``(S, S)`` where it is the photo itself.
        landmarks: ``(478, 2+)`` crop pixels.
        head: the head model; fit: one frame, the photo's own pose; camera: the photo's own, S pixels.
        pivot: ``(3,)`` middle of the skull, what cameras orbit.
        crop: ``(x0, y0, x1, y1)`` of the photo shown, photo pixels.
        appearance: the person as something to draw.
        warnings: what the user should know about this photo.
    """

    image: np.ndarray
    matte: np.ndarray
    plate: np.ndarray
    plate_known: np.ndarray
    landmarks: np.ndarray
    head: FlameHead
    fit: FlameSequence
    camera: Cameras
    pivot: np.ndarray
    crop: tuple[int, int, int, int]
    appearance: AppearanceModel
    warnings: tuple[str, ...] = field(default=())

    @property
    def size(self) -> int:
        """S, pixels."""
        return int(self.image.shape[0])

    @staticmethod
    def from_image(
        image: np.ndarray,
        *,
        head: FlameHead,
        size: int = 512,
        warn: Callable[[str], None] | None = None,
        finder: object | None = None,
    ) -> Portrait:
        """Prepare a photo.

        Args:
            image: ``(H, W, 3)`` RGB, uint8 or float in [0, 1].
            size: side of the crop in pixels.
            warn: gets every warning as a line; None: Python's ``warnings``.
            finder: a :class:`~mvvideo.portrait.detect.FaceFinder`; None: MediaPipe.

        Raises:
            ImageError: the picture cannot be used; NoFaceError: no (large enough) human face in it.
        """
        seen = _look_at(image, size, finder)
        for note in seen.notes:
            (warn or _python_warning)(note)
        return Portrait.build(
            seen.crop, seen.points, seen.matte, head=head, crop=seen.box, warnings=tuple(seen.notes)
        )

    @staticmethod
    def from_images(
        images: Sequence[np.ndarray],
        *,
        head: FlameHead,
        size: int = 512,
        warn: Callable[[str], None] | None = None,
        finder: object | None = None,
    ) -> Portrait:
        """Prepare several photos of one person.

        The first is the main photo: its crop, pose, camera and background are the portrait's. What it hides or
        shows edge-on (a cheek, an ear, teeth) comes from the photo that shows it best, in the main photo's light.

        Args:
            images: 1 to 8 of ``(H, W, 3)`` RGB, uint8 or float in [0, 1].
            size, warn, finder: as in :meth:`from_image`.

        Raises:
            ImageError: too few, too many or unusable pictures; NoFaceError: no face in one of them; both say in
                which.
        """
        from mvvideo.portrait.fusion import LARGEST_DIFFERENCE_METRES, fuse_appearances, shape_difference

        # 1. Check and look at every picture
        count = len(images)
        if not 1 <= count <= LARGEST_COUNT:
            raise input_error(
                ImageError,
                f"a portrait is made from 1 to {LARGEST_COUNT} pictures of one person",
                f"{count}",
                "choose the sharpest, from different sides",
            )
        if count == 1:
            return Portrait.from_image(images[0], head=head, size=size, warn=warn, finder=finder)
        looks = [
            _look_at(image, size, finder, f"picture {i + 1} of {count}") for i, image in enumerate(images)
        ]

        # 2. One head shape for all; the main photo counts twice
        shapes = [_fit(look.points, size, head)[0].shape for look in looks]
        notes = [note for look in looks for note in look.notes]
        for number, shape in enumerate(shapes[1:], 2):
            apart = shape_difference(head, shapes[0], shape)
            if apart > LARGEST_DIFFERENCE_METRES:
                notes.append(
                    f"picture {number} may show another person: its face differs by {1000 * apart:.1f} mm on average"
                )
        for note in notes:
            (warn or _python_warning)(note)
        weights = np.array([2.0] + (count - 1) * [1.0])
        shared = (np.stack(shapes) * weights[:, None]).sum(axis=0) / weights.sum()

        # 3. A portrait of each, and the main one with what the others show
        portraits = []
        for look in looks:
            fit, camera = _fit(look.points, size, head, shared.astype(np.float32))
            # Only the main photo's background is ever shown.
            plate = None if look is looks[0] else look.crop
            known = None if look is looks[0] else np.ones_like(look.matte)
            portraits.append(
                Portrait.build(
                    look.crop,
                    look.points,
                    look.matte,
                    head=head,
                    fit=fit,
                    camera=camera,
                    plate=plate,
                    plate_known=known,
                )
            )
        main = portraits[0]
        fused = fuse_appearances(main.appearance, [portrait.appearance for portrait in portraits[1:]])
        return replace(main, appearance=fused, crop=looks[0].box, warnings=tuple(notes))

    @staticmethod
    def build(
        image: np.ndarray,
        landmarks_478: np.ndarray,
        matte: np.ndarray,
        *,
        head: FlameHead,
        fit: FlameSequence | None = None,
        camera: Cameras | None = None,
        plate: np.ndarray | None = None,
        plate_known: np.ndarray | None = None,
        crop: tuple[int, int, int, int] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> Portrait:
        """Prepare a crop whose face points and matte are known. Needs no MediaPipe.

        Args:
            image: ``(S, S, 3)`` float32 in [0, 1]; landmarks_478: ``(478, 2+)`` crop pixels; matte: ``(S, S)``.
            fit, camera: the head's pose (one frame) and the photo's camera; both or none (then fitted here).
            plate, plate_known: background; None: filled in here.
            crop: where the crop lies in the photo; None: all of it.
        """
        from mvvideo.portrait.build import build_appearance
        from mvvideo.portrait.plate import background_plate

        picture = np.ascontiguousarray(image, np.float32)
        size = picture.shape[0]
        if picture.shape != (size, size, 3) or matte.shape != (size, size) or landmarks_478.shape[0] != 478:
            raise input_error(
                ImageError,
                "a portrait is built from (S, S, 3), a matte (S, S) and 478 points",
                f"{picture.shape}, {matte.shape}, {landmarks_478.shape}",
                "crop and matte the photo first, or use Portrait.from_image",
            )
        if fit is None or camera is None:
            fit, camera = _fit(landmarks_478, size, head)
        if plate is None or plate_known is None:
            plate, plate_known = background_plate(picture, matte)
        appearance = build_appearance(
            picture, landmarks_478, matte, plate, plate_known, head=head, fit=fit, camera=camera
        )
        skull = head.pose(fit)[0][head.weights[:, 1] > 0.98]
        return Portrait(
            image=picture,
            matte=matte.astype(np.float32),
            plate=plate,
            plate_known=plate_known,
            landmarks=landmarks_478,
            head=head,
            fit=fit,
            camera=camera,
            pivot=0.5 * (skull.min(axis=0) + skull.max(axis=0)).astype(np.float64),
            crop=crop or (0, 0, size, size),
            appearance=appearance,
            warnings=warnings,
        )


@dataclass(frozen=True, eq=False)
class _Look:
    """What was found in a photo: crop ``(S, S, 3)``, points ``(478, 3)`` and matte ``(S, S)`` in it, where it lies."""

    crop: np.ndarray
    points: np.ndarray
    matte: np.ndarray
    box: tuple[int, int, int, int]
    notes: list[str]


def _look_at(image: np.ndarray, size: int, finder: object | None, which: str = "") -> _Look:
    """Find the face in a photo, crop and matte it.

    Args:
        which: the photo's name among several, for messages.
    """
    from mvvideo.portrait.crop import crop_image, crop_points, square_crop_box
    from mvvideo.portrait.detect import default_face_finder
    from mvvideo.portrait.matte import person_matte

    place = f" in {which}" if which else ""
    photo = _checked_photo(image, place)
    height, width = photo.shape[:2]
    eyes = finder if finder is not None else default_face_finder()
    notes: list[str] = []
    picture = np.round(photo * 255).astype(np.uint8)
    faces = eyes.detect(picture)  # type: ignore[attr-defined]
    landmarks = eyes.landmarks(picture, faces[0]) if faces else None  # type: ignore[attr-defined]
    if landmarks is None:
        raise input_error(
            NoFaceError,
            f"no human face found{place}",
            f"a picture of {width}x{height} pixels",
            "use a picture that shows one face clearly, not from behind or in full profile",
        )
    face_height = float(np.ptp(landmarks[:, 1]))
    if face_height < SMALLEST_FACE:
        raise input_error(
            NoFaceError,
            f"the face{place} must be at least {SMALLEST_FACE} pixels high",
            f"{face_height:.0f} pixels",
            "use a larger picture or crop it to head and shoulders first and enlarge it",
        )
    if len(faces) > 1:
        notes.append(
            f"{len(faces)} faces found{place}: the largest is taken, at ({faces[0].x:.0f}, {faces[0].y:.0f})"
        )
    box = square_crop_box(landmarks, height=height, width=width)
    crop = crop_image(photo, box, size)
    points = crop_points(landmarks, box, size)
    matte = person_matte(eyes, crop, points)
    if box[2] - box[0] < size / 2:
        notes.append(
            f"the photo{place and ', ' + which + ','} shows head and shoulders at only {box[2] - box[0]} pixels: "
            f"expect blur at {size}"
        )
    return _Look(crop, points, matte, box, notes)


def _python_warning(message: str) -> None:
    python_warnings.warn(message, stacklevel=4)


def _fit(
    landmarks: np.ndarray, size: int, head: FlameHead, shape: np.ndarray | None = None
) -> tuple[FlameSequence, Cameras]:
    """Pose and camera of one photo; ``shape (S,)`` the identity where it is known."""
    from flame.fitting import fit_landmarks

    result = fit_landmarks(landmarks, height=size, width=size, head=head, shape=shape)
    camera = Cameras(
        world_to_camera=result.world_to_camera[None],
        focal_px=np.array([result.focal_px]),
        principal_px=np.asarray(result.principal_px)[None],
        height=size,
        width=size,
        names=("front",),
    )
    return result.sequence, camera


def _checked_photo(image: np.ndarray, place: str = "") -> np.ndarray:
    """``(H, W, 3)`` float32 in [0, 1]; ``place`` says which photo in messages."""
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind not in "fu":
        raise input_error(
            ImageError,
            "a photo must be (H, W, 3) RGB",
            f"{array.shape} of {array.dtype}{place}",
            "decode it to RGB first",
        )
    height, width = array.shape[:2]
    if min(height, width) < SMALLEST_IMAGE or max(height, width) > LARGEST_IMAGE:
        raise input_error(
            ImageError,
            f"a photo must have {SMALLEST_IMAGE} to {LARGEST_IMAGE} pixels on each side",
            f"{width}x{height}{place}",
            "scale it",
        )
    scaled = array.astype(np.float32) / 255 if array.dtype == np.uint8 else array.astype(np.float32)
    if not np.isfinite(scaled).all() or scaled.min() < -1e-3 or scaled.max() > 1 + 1e-3:
        raise input_error(
            ImageError,
            "float photos must lie in [0, 1]",
            f"{scaled.min()} … {scaled.max()}{place}",
            "scale the values",
        )
    return np.clip(scaled, 0, 1)
