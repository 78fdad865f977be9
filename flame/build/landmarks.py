"""Landmark embeddings: MediaPipe's 478 points found on renders of many people, and iBUG's 68 from them.

Every detection is looked up in the triangle image: the point of the surface that the detector means. The
median over people, mouth states and small head turns is snapped to the surface it belongs to, and made
symmetric.
"""

from __future__ import annotations

import numpy as np

from flame.build.cut import CutMesh
from flame.build.portraits import render
from flame.regions import REGION_INDEX
from flame.rig import JAW_OPEN_RADIANS

POINTS = 478
PEOPLE = 14
YAWS_DEGREES = (-28.0, -12.0, 0.0, 12.0, 28.0)
OPENINGS = (0.0, 0.55)
"""Every person is rendered with the mouth shut and half open, and turned a little to both sides."""
LIPS_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LIPS_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LIPS_BETWEEN = (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 408, 304, 303, 302, 11, 72, 73, 74, 184)
LIPS_BETWEEN_INNER = (
    62,
    96,
    89,
    179,
    86,
    15,
    316,
    403,
    319,
    325,
    292,
    407,
    272,
    271,
    268,
    12,
    38,
    41,
    42,
    183,
)
LIPS = np.array(LIPS_OUTER + LIPS_BETWEEN + LIPS_BETWEEN_INNER + LIPS_INNER)
OPEN_ONLY = np.array(LIPS_BETWEEN_INNER + LIPS_INNER)
"""Points that shut lips hide: embedded from the renders with an open mouth alone."""
OUTER_SKIN = ("skin", "lips", "nose", "brow_left", "brow_right", "ear_left", "ear_right", "scalp", "neck")
EYE_REGIONS = tuple(f"{kind}_{side}" for kind in ("eye", "iris", "pupil") for side in ("left", "right"))
RENDER_SIZE, FAR_PIXELS = 640, 12.0
IRIS = {"right": 468, "left": 473}
"""First of five iris points (centre, then four on the edge) of the subject's own right and left eye."""


FROM_478_TO_68: tuple[int, ...] = (
    # jaw, from the subject's right ear over the chin to the left
    *(127, 234, 93, 132, 58, 172, 150, 176, 152, 400, 379, 397, 288, 361, 323, 454, 356),
    *(70, 63, 105, 66, 107),  # right brow
    *(336, 296, 334, 293, 300),  # left brow
    *(168, 197, 5, 4),  # bridge to tip
    *(75, 97, 2, 326, 305),  # under the nose
    *(33, 160, 158, 133, 153, 144),  # right eye
    *(362, 385, 387, 263, 373, 380),  # left eye
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)
"""The MediaPipe point that stands for each iBUG point."""


def embed_landmarks(mesh: CutMesh, arrays: dict[str, np.ndarray], *, seed: int = 1) -> dict[str, np.ndarray]:
    """``landmarks_{68,478}_{face,barycentric}`` for the head in ``arrays`` (the file's content so far)."""
    points = detect_on_renders(arrays, people=PEOPLE, seed=seed)  # (478, 3) on the template
    pairs = mirror_pairs(points)
    points = 0.5 * (points + points[pairs] * [-1, 1, 1])
    points = place_irises(arrays, points)
    faces, barycentric = snap(arrays, points)
    chosen = np.array(FROM_478_TO_68)
    return {
        "landmarks_478_face": faces.astype(np.int32),
        "landmarks_478_barycentric": barycentric.astype(np.float32),
        "landmarks_68_face": faces[chosen].astype(np.int32),
        "landmarks_68_barycentric": barycentric[chosen].astype(np.float32),
    }


def detect_on_renders(arrays: dict[str, np.ndarray], *, people: int, seed: int) -> np.ndarray:
    """(478, 3) template positions: the median, over renders, of where the detector's points hit the head."""
    import mediapipe

    rng = np.random.default_rng(seed)
    template = arrays["v_template"].astype(np.float64)
    drawn = np.flatnonzero(arrays["face_region"] != REGION_INDEX["lashes"])
    faces, region = arrays["faces"][drawn], arrays["face_region"][drawn]
    found = []
    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as detector:
        for person in range(people):
            betas = rng.normal(size=arrays["shape_basis"].shape[2]) * 0.8 * (person > 0)
            for opening in OPENINGS:
                for yaw in YAWS_DEGREES:
                    vertices = _posed(arrays, betas, opening, np.radians(yaw))
                    seen = render(vertices, faces, region, template, size=RENDER_SIZE)
                    result = detector.process(seen.picture)
                    if not result.multi_face_landmarks:
                        continue
                    marks = result.multi_face_landmarks[0].landmark
                    pixel = np.array([(m.x, m.y) for m in marks]) * RENDER_SIZE
                    hits = _hits(pixel, seen.ids, seen.barycentric, template, faces, region)
                    if opening == 0.0:
                        hits[OPEN_ONLY] = np.nan
                    if yaw != 0.0:  # a turned head hides the far side: trust the near one
                        hits[_far_side(template, hits, yaw)] = np.nan
                    found.append(hits)
    return np.nanmedian(np.stack(found), axis=0)


def _far_side(template: np.ndarray, hits: np.ndarray, yaw: float) -> np.ndarray:
    """(478,) True for points on the side that a turn by ``yaw`` degrees moves away from the camera."""
    return np.nan_to_num(hits[:, 0]) * np.sign(yaw) > 0.02


def _posed(arrays: dict[str, np.ndarray], betas: np.ndarray, opening: float, yaw: float) -> np.ndarray:
    """Vertices (V, 3) with the jaw opened by a share of jawOpen, then the whole head turned about +y."""
    angle = opening * JAW_OPEN_RADIANS
    shaped = arrays["v_template"] + arrays["shape_basis"].astype(np.float64) @ betas
    pivot = arrays["J_regressor"][2] @ shaped
    shaped = shaped + arrays["jaw_sine_direction"] * np.sin(angle)
    c, s = np.cos(angle), np.sin(angle)
    turned = (shaped - pivot) @ np.array([[1, 0, 0], [0, c, -s], [0, s, c]]).T + pivot
    weight = arrays["weights"][:, 2:3]
    vertices = shaped + weight * (turned - shaped)
    c, s = np.cos(yaw), np.sin(yaw)
    centre = np.array([0, -0.03, -0.06])
    return (vertices - centre) @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + centre + [0, 0.03, 0]


def _hits(pixel, ids, barycentric, template, faces, region) -> np.ndarray:
    """(478, 3) template points under the pixels (478, 2), or under the nearest pixel where the point may lie.

    Lip points lie on the lips, iris points on the eyeballs, all others on the outer skin. region: (F,) of faces.
    """
    from scipy.ndimage import distance_transform_edt

    kinds = [(LIPS, ("lips",)), (np.arange(468, POINTS), EYE_REGIONS)]
    kinds.append((np.setdiff1d(np.arange(468), LIPS), OUTER_SKIN))
    points = np.full((POINTS, 3), np.nan)
    size = len(ids)
    at = np.clip(np.floor(pixel).astype(int), 0, size - 1)[:, ::-1]  # row, column
    for rows, names in kinds:
        allowed = (ids >= 0) & np.isin(region[ids], [REGION_INDEX[n] for n in names])
        distance, nearest = distance_transform_edt(~allowed, return_indices=True)
        row, column = nearest[:, at[rows, 0], at[rows, 1]]
        hit = (template[faces[ids[row, column]]] * barycentric[row, column][..., None]).sum(1)
        hit[distance[at[rows, 0], at[rows, 1]] > FAR_PIXELS] = np.nan
        points[rows] = hit
    return points


def mirror_pairs(points: np.ndarray) -> np.ndarray:
    """(478,) for each point the one that is its mirror image: the mutually nearest, iris points by rule."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    pairs = np.arange(POINTS)
    skin = np.arange(468)
    cost = cdist(points[skin] * [-1, 1, 1], points[skin])
    pairs[skin] = linear_sum_assignment(cost)[1]
    right, left = IRIS["right"], IRIS["left"]
    swap = np.array([0, 3, 2, 1, 4])  # the edge's right and left points change roles
    pairs[right : right + 5] = left + swap
    pairs[left : left + 5] = right + swap
    return pairs


def place_irises(arrays: dict[str, np.ndarray], points: np.ndarray) -> np.ndarray:
    """Iris points moved to the pupil's centre and to the right, upper, left and lower edge of the iris."""
    points = points.copy()
    template, faces = arrays["v_template"].astype(np.float64), arrays["faces"]
    for side, first in IRIS.items():
        iris = np.unique(faces[arrays["face_region"] == REGION_INDEX[f"iris_{side}"]])
        pupil = np.unique(faces[arrays["face_region"] == REGION_INDEX[f"pupil_{side}"]])
        centre = template[pupil[np.argmax(template[pupil, 2])]]
        offset = template[iris] - centre
        points[first] = centre
        for place, direction in enumerate(_edge_directions(points[first + 1 : first + 5] - centre)):
            points[first + 1 + place] = template[iris[np.argmax(offset @ direction)]]
    return points


def _edge_directions(detected: np.ndarray) -> np.ndarray:
    """(4, 3) the axis (+x, -x, +y or -y) each detected edge point (4, 3) lies along."""
    directions = np.zeros((4, 3))
    for row, offset in enumerate(detected):
        axis = int(np.argmax(np.abs(offset[:2])))
        directions[row, axis] = np.sign(offset[axis])
    return directions


def snap(arrays: dict[str, np.ndarray], points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest allowed surface point: face (478,), barycentric (478, 3). Irises to the eyeballs, else to the skin."""
    region = arrays["face_region"]
    faces, barycentric = np.zeros(POINTS, np.int64), np.zeros((POINTS, 3))
    for rows, names in (
        (LIPS, ("lips",)),
        (np.setdiff1d(np.arange(468), LIPS), OUTER_SKIN),
        (np.arange(468, POINTS), EYE_REGIONS),
    ):
        allowed = np.flatnonzero(np.isin(region, [REGION_INDEX[n] for n in names]))
        triangles = arrays["v_template"][arrays["faces"][allowed]].astype(np.float64)
        local, weights = closest_on_triangles(points[rows], triangles)
        faces[rows], barycentric[rows] = allowed[local], weights
    return faces, barycentric


def closest_on_triangles(points: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nearest triangle (N,) of (F, 3, 3) to points (N, 3), and the nearest point's barycentrics (N, 3)."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    index, weights = np.zeros(len(points), np.int64), np.zeros((len(points), 3))
    for row, p in enumerate(points):
        near = np.argsort(((triangles.mean(1) - p) ** 2).sum(1))[:80]
        candidates = _barycentric_on(p, a[near], b[near], c[near])
        where = np.einsum("fk,fkd->fd", candidates, triangles[near])
        best = np.argmin(((where - p) ** 2).sum(1))
        index[row], weights[row] = near[best], candidates[best]
    return index, weights


def _barycentric_on(p, a, b, c) -> np.ndarray:
    """Barycentrics (F, 3) of the point nearest to p (3,) on every triangle: inside, or on the best edge."""
    ab, ac, ap = b - a, c - a, p - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    det = np.maximum(d00 * d11 - d01 * d01, 1e-18)
    v, w = (d11 * d20 - d01 * d21) / det, (d00 * d21 - d01 * d20) / det
    best = np.stack([1 - v - w, v, w], axis=1)
    outside = (best < 0).any(1)
    distance = np.where(outside, np.inf, 0.0)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        start, end = (a, b, c)[i], (a, b, c)[j]
        edge = end - start
        t = np.clip(((p - start) * edge).sum(1) / np.maximum((edge**2).sum(1), 1e-18), 0, 1)
        reach = ((start + t[:, None] * edge - p) ** 2).sum(1)
        better = outside & (reach < distance)
        distance = np.where(better, reach, distance)
        choice = np.zeros((len(a), 3))
        choice[:, i], choice[:, j] = 1 - t, t
        best[better] = choice[better]
    return best
