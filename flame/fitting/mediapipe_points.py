"""What each of MediaPipe's 478 face points is, and how far it can be trusted.

Indices are MediaPipe Face Mesh's own (468 surface points, then five per iris: subject's right eye
468-472, left eye 473-477). The 68 points follow the 300-W order.
"""

from __future__ import annotations

import numpy as np

POINTS = 478

#: The mesh point nearest in meaning to each of the 68 points of 300-W.
MEDIAPIPE_OF_68 = np.array(
    [127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356]  # jaw, right to left
    + [70, 63, 105, 66, 107, 336, 296, 334, 293, 300]  # brows
    + [168, 197, 5, 4, 75, 97, 2, 326, 305]  # nose
    + [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]  # eyes
    + [61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181]  # outer lips
    + [78, 82, 13, 312, 308, 317, 14, 87],  # inner lips
    dtype=np.int64,
)

FACE_OVAL = np.array(
    [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377]
    + [152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109],
    dtype=np.int64,
)
FOREHEAD = np.array(
    [10, 338, 297, 332, 284, 251, 21, 54, 103, 67, 109, 151, 108, 69, 104, 68, 337, 299, 333, 298]
)
RIGHT_EYE = np.array(
    [33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7], dtype=np.int64
)
LEFT_EYE = np.array(
    [263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249], dtype=np.int64
)
RIGHT_BROW = np.array([70, 63, 105, 66, 107, 55, 65, 52, 53, 46], dtype=np.int64)
LEFT_BROW = np.array([300, 293, 334, 296, 336, 285, 295, 282, 283, 276], dtype=np.int64)
OUTER_LIPS = np.array(
    [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146],
    dtype=np.int64,
)
INNER_LIPS = np.array(
    [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95],
    dtype=np.int64,
)
NOSE = np.array([168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 75, 305, 97, 326, 98, 327, 64, 294, 48, 278, 115, 344])
RIGHT_IRIS = np.arange(468, 473)
LEFT_IRIS = np.arange(473, 478)
IRISES = np.concatenate([RIGHT_IRIS, LEFT_IRIS])
#: Outer eye corners (subject's right, left): their distance is the yardstick of every error here.
OUTER_EYE_CORNERS = (33, 263)


def fitted_points() -> np.ndarray:
    """Indices of the points a fit looks at: all features and outlines, and every third of the rest."""
    features = [MEDIAPIPE_OF_68, FACE_OVAL, FOREHEAD, RIGHT_EYE, LEFT_EYE, RIGHT_BROW, LEFT_BROW]
    features += [OUTER_LIPS, INNER_LIPS, NOSE, IRISES]
    chosen = np.unique(np.concatenate(features))
    rest = np.setdiff1d(np.arange(POINTS), chosen)
    return np.sort(np.concatenate([chosen, rest[::3]]))


def point_sigmas() -> np.ndarray:
    """(478,) standard deviation of each point, as a fraction of the inter-ocular distance.

    Eyes, lips, brows and nose are seen sharply; the oval, the forehead and plain cheeks are where
    MediaPipe guesses and where heads differ in what the same index means.
    """
    sigma = np.full(POINTS, 0.060)
    sigma[FACE_OVAL] = 0.035
    sigma[FOREHEAD] = 0.120
    sigma[NOSE] = 0.022
    for group in (RIGHT_BROW, LEFT_BROW):
        sigma[group] = 0.030
    for group in (OUTER_LIPS, INNER_LIPS):
        sigma[group] = 0.020
    for group in (RIGHT_EYE, LEFT_EYE):
        sigma[group] = 0.014  # a blink is all of 0.08
    sigma[IRISES] = 0.015
    sigma[MEDIAPIPE_OF_68] *= 0.6  # the points that faces are compared by count most
    return sigma


#: Ratio of lid gap to eye length in MediaPipe's mesh: shut lids keep some of it, see :func:`lid_gaps`.
SHUT_GAP, OPEN_GAP = 0.05, 0.28


def lid_gaps(points: np.ndarray) -> np.ndarray:
    """(T, 2) lid gap over eye length of the left and right eye.

    Measured on real clips: 0.02-0.05 in blinks, 0.29-0.44 in open eyes.

    Args:
        points: (T, 478, 2+) pixels.
    """
    gaps = []
    for pairs, inner, outer in (
        (((386, 374), (385, 380), (387, 373)), 362, 263),
        (((159, 145), (158, 153), (160, 144)), 133, 33),
    ):
        gap = np.mean([np.linalg.norm(points[:, a, :2] - points[:, b, :2], axis=1) for a, b in pairs], axis=0)
        length = np.linalg.norm(points[:, inner, :2] - points[:, outer, :2], axis=1)
        gaps.append(gap / np.maximum(length, 1e-6))
    return np.stack(gaps, axis=1)


def iris_trust(points: np.ndarray) -> np.ndarray:
    """(T, 2) how far the left and right iris can be believed, 0 behind shut lids to 1 in open eyes."""
    return np.clip((lid_gaps(points) - 0.08) / 0.10, 0.0, 1.0)


def lids_shut(points: np.ndarray) -> np.ndarray:
    """(T, 2) first guess of the left and right eyelid, 0 open to 1 shut."""
    return np.clip((OPEN_GAP - 0.06 - lid_gaps(points)) / (OPEN_GAP - 0.06 - SHUT_GAP), 0.0, 1.0)
