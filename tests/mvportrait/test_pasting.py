"""The crop goes back into the photo without a seam, and nothing else of the photo changes."""

from __future__ import annotations

import numpy as np
import pytest

from mvportrait.media.pasting import LARGEST_SIDE, PasteBack

PERSON = np.array([200.0, 150.0, 120.0])


def _photo(height: int, width: int) -> np.ndarray:
    """A smooth background with fine grain."""
    y, x = np.mgrid[:height, :width]
    grain = np.random.default_rng(5).normal(0, 6, (height, width, 1))
    smooth = np.stack([60 + 60 * x / width, 60 + 60 * y / height, np.full_like(x, 90)], axis=-1)
    return np.clip(smooth + grain, 0, 255).astype(np.uint8)


def _crop(photo: np.ndarray, box: tuple[int, int, int, int], size: int) -> np.ndarray:
    """(size, size, 3) float32 in [0, 1]; the border goes on where the box leaves the photo."""
    from mvvideo.portrait.crop import crop_image

    return crop_image(photo.astype(np.float32) / 255, box, size)


def _person(size: int, x: float, radius: float = 0.2) -> np.ndarray:
    """(size, size, 1) float32, 1 inside a disc."""
    rows, columns = (np.mgrid[:size, :size] + 0.5) / size
    return (np.hypot(columns - x, rows - 0.5) < radius)[..., None].astype(np.float32)


def _scene(box: tuple[int, int, int, int], size: int, *, height: int = 300, width: int = 240):  # type: ignore[no-untyped-def]
    """Photo with a person in the middle of the box, and what pastes into it."""
    photo = _photo(height, width)
    plate = _crop(photo, box, size)
    side = box[2] - box[0]
    alpha = _person(side, 0.5)
    x0, y0 = max(box[0], 0), max(box[1], 0)
    x1, y1 = min(box[2], width), min(box[3], height)
    inside = alpha[y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]]
    piece = photo[y0:y1, x0:x1]
    photo[y0:y1, x0:x1] = (inside * PERSON + (1 - inside) * piece).astype(np.uint8)
    known = 1 - _person(size, 0.5, 0.25)[..., 0]
    return photo, plate, PasteBack(photo, box, plate=plate, plate_known=known)


def _picture(plate: np.ndarray, x: float, radius: float = 0.2) -> np.ndarray:
    alpha = _person(len(plate), x, radius)
    return (alpha * PERSON + (1 - alpha) * plate * 255 + 0.5).clip(0, 255).astype(np.uint8)


BOXES = [(40, 60, 200, 220), (0, 0, 240, 240), (-30, -20, 170, 180), (100, 140, 300, 340)]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("size", [96, 160, 320])
def test_a_person_at_rest_leaves_the_photo(box: tuple[int, int, int, int], size: int) -> None:
    photo, plate, paste = _scene(box, size)
    result = paste.paste(_picture(plate, 0.5))
    assert result.shape == photo.shape
    assert result.dtype == np.uint8
    inside = np.zeros(photo.shape[:2], bool)
    inside[max(box[1], 0) : box[3], max(box[0], 0) : box[2]] = True
    assert (result[~inside] == photo[~inside]).all()
    error = result.astype(float) - photo
    assert np.mean(error**2) < 100  # 28 dB
    # The background keeps the photo's grain right up to the person's surroundings.
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
    middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    far = np.hypot(columns - middle[0], rows - middle[1]) > 0.38 * (box[2] - box[0])
    assert np.abs(error[far]).max() <= 1


@pytest.mark.parametrize("size", [96, 160, 320])
def test_a_person_who_moves_is_shown_and_leaves_background_behind(size: int) -> None:
    box = (40, 60, 200, 220)
    photo, plate, paste = _scene(box, size)
    before = paste.paste(_picture(plate, 0.5))
    result = paste.paste(_picture(plate, 0.7))
    centre = 60 + 80, 40 + int(0.8 * 160)
    assert np.abs(result[centre].astype(float) - PERSON).max() < 4
    left = 60 + 80, 40 + int(0.36 * 160)
    assert np.abs(before[left].astype(float) - PERSON).max() < 4
    assert result[left].astype(float).max() < 140
    assert (paste.paste(_picture(plate, 0.5)) == before).all()  # nothing of a frame stays for the next
    assert photo.shape == result.shape


def test_nothing_shows_where_the_crop_cuts_the_person() -> None:
    """A person across the crop's lower border, moved there: no edge along the border."""
    box = (40, 60, 200, 220)
    photo, plate, paste = _scene(box, 160)
    picture = _picture(plate, 0.5)
    picture[120:] = PERSON.astype(np.uint8)  # shoulders that reach the border, in a colour the photo has not
    result = paste.paste(picture).astype(float)
    step = np.abs(np.diff(result[:, 60:180].mean(axis=(1, 2))))
    assert step[217:225].max() < 6  # at the border itself (row 220)
    assert np.abs(result[60 + 140, 120] - PERSON).max() < 4
    assert photo.shape == result.shape


def test_at_the_photos_own_border_nothing_is_faded() -> None:
    box = (0, 60, 240, 300)
    _, plate, paste = _scene(box, 240)
    result = paste.paste(np.broadcast_to(PERSON, plate.shape).astype(np.uint8))
    assert np.abs(result[299, [0, 120, 239]].astype(float) - PERSON).max() < 2
    assert np.abs(result[60, 120].astype(float) - PERSON).max() > 40


@pytest.mark.parametrize("height, width", [(301, 241), (300, 241), (64, 65)])
def test_sides_become_even(height: int, width: int) -> None:
    photo = _photo(height, width)
    plate = _crop(photo, (0, 0, 64, 64), 64)
    paste = PasteBack(photo, (0, 0, 64, 64), plate=plate, plate_known=np.ones((64, 64), np.float32))
    assert (paste.height, paste.width) == (height // 2 * 2, width // 2 * 2)
    result = paste.paste((plate * 255 + 0.5).astype(np.uint8))
    assert (result == photo[: paste.height, : paste.width]).all()


def test_huge_photos_are_scaled_to_what_players_take() -> None:
    photo = np.zeros((300, 2 * LARGEST_SIDE, 3), np.uint8)
    plate = np.zeros((64, 64, 3), np.float32)
    paste = PasteBack(photo, (2000, 0, 2300, 300), plate=plate, plate_known=np.ones((64, 64), np.float32))
    assert (paste.height, paste.width) == (150, LARGEST_SIDE)
    result = paste.paste(np.full((64, 64, 3), 255, np.uint8))
    assert result.shape == (150, LARGEST_SIDE, 3)
    rows, columns = np.nonzero(result[..., 0] > 128)
    assert 1000 < columns.min() < columns.max() < 1150
    assert 0 <= rows.min() < rows.max() < 150
