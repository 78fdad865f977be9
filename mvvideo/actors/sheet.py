"""Contact sheets of actors, to look at before hours of training depend on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["write_sheet"]


def write_sheet(kit_path: Path, out: Path, *, rows: int, size: int, seed: int, split: str) -> Path:
    """One scene per row: the photo, three views of a first frame, and of a second with the unseen part in red."""
    import cv2

    from flame.head import load_head
    from mvvideo.actors.clips import develop, sample_scene, seen_in_reference, to_uint8
    from mvvideo.actors.kit import load_kit

    kit, head = load_kit(str(kit_path)), load_head("open")
    strips = []
    for row in range(rows):
        scene = sample_scene(kit, head, seed + row, split=split, size=size, frames=2, views=3)
        actor = scene.actor
        frame0 = actor.pose(scene.reference)[0]
        shot0 = actor.photograph(frame0, scene.photo_camera, scene.lighting)[0]
        tiles = [to_uint8(develop(scene, shot0))]
        for t, frame in enumerate(actor.pose(scene.motion)):
            for n, shot in enumerate(actor.photograph(frame, scene.cameras, scene.lighting)):
                tile = to_uint8(develop(scene, shot))
                if t:
                    seen = seen_in_reference(
                        actor, shot, frame, scene.cameras[n], shot0, frame0, scene.photo_camera
                    )
                    tile[seen == 0] = tile[seen == 0] // 3 + np.array([120, 0, 0], np.uint8)
                tiles.append(tile)
        strips.append(np.concatenate(tiles, 1))
    out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out), np.concatenate(strips)[..., ::-1])
    return out
