"""Names of the regions that vertices and faces of a head are labelled with."""

from __future__ import annotations

REGIONS: tuple[str, ...] = (
    "skin",
    "lips",
    "eye_left",
    "eye_right",
    "iris_left",
    "iris_right",
    "pupil_left",
    "pupil_right",
    "brow_left",
    "brow_right",
    "nose",
    "ear_left",
    "ear_right",
    "teeth",
    "tongue",
    "mouth_inside",
    "neck",
    "scalp",
    "lashes",
    "shoulders",
    "eye_socket",
    "gums",
)
"""Label i of ``vertex_region`` / ``face_region`` means ``REGIONS[i]``. Left and right are the subject's own."""

INSIDE_MOUTH: tuple[str, ...] = ("teeth", "gums", "tongue", "mouth_inside")
"""What an open mouth shows and a closed one hides."""

REGION_INDEX: dict[str, int] = {name: index for index, name in enumerate(REGIONS)}


def mirrored_region(name: str) -> str:
    """The region on the other side of the face: "iris_left" -> "iris_right"; unsided names stay."""
    if name.endswith("_left"):
        return name[: -len("left")] + "right"
    if name.endswith("_right"):
        return name[: -len("right")] + "left"
    return name
