"""How well `animate` does its job on a folder of portraits, measured on the written videos by MediaPipe.

    python -m benchmarks.portraits [FOLDER] [--preset fast] [--text …] [--keep OUT]

FOLDER defaults to ``$MVPORTRAIT_REAL_INPUTS/portraits``, and without that to the bundled portrait. Columns:

- faces: share of frames with a face, the worst view
- psnr: frame 0 of the front view against the photo's crop, face region, dB
- yaw: how far the front view's head turns to the subject's own left, degrees
- smile: growth of mouth width over face width from the middle of the clip to its end, %
- side: largest error of a side view's angle against the front, degrees
- s/frame: seconds per frame and view, everything included
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from flame.errors import NoFaceError
from flame.head import load_head
from mvportrait import AnimateOptions, animate
from mvportrait.media.images import demo_portrait_path, read_picture

TEXT = "She slowly turns her head to the left, then smiles."
# FaceMesh points that hardly move with expression: eye corners, nose bridge and tip, temples, forehead.
STABLE = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 234, 454, 127, 356, 10, 151, 9, 8)
MOUTH_CORNERS, TEMPLES = (61, 291), (127, 356)


class FaceMeter:
    """MediaPipe on every frame of a video; keeps one mesh for all videos."""

    def __init__(self) -> None:
        import mediapipe

        self.mesh = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True, refine_landmarks=True, min_detection_confidence=0.5
        )
        head = load_head("open")
        points = head.landmarks(head.v_template, "478")
        self.model = np.asarray(points)[list(STABLE)].astype(np.float64) * (1.0, -1.0, -1.0)

    def landmarks(self, frame: np.ndarray) -> np.ndarray | None:
        """(478, 3) pixels, or None."""
        found = self.mesh.process(frame).multi_face_landmarks
        if not found:
            return None
        points = np.array([(p.x, p.y, p.z) for p in found[0].landmark])
        return points * (frame.shape[1], frame.shape[0], frame.shape[1])

    def yaw_degrees(self, points: np.ndarray, size: int) -> float:
        """Yaw of the face against the camera, > 0 to the subject's own left (the right of the picture)."""
        import cv2

        focal = 3.0 * size
        matrix = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]], float)
        image = np.ascontiguousarray(points[list(STABLE), :2])
        _, turn, _ = cv2.solvePnP(self.model, image, matrix, None, flags=cv2.SOLVEPNP_SQPNP)
        forward = cv2.Rodrigues(turn)[0] @ np.array([0.0, 0.0, -1.0])
        return float(np.degrees(np.arctan2(forward[0], -forward[2])))

    @staticmethod
    def mouth_width(points: np.ndarray) -> float:
        """Mouth width over face width, both in 3D, so that a turn of the head does not change it."""
        mouth = np.linalg.norm(points[MOUTH_CORNERS[0]] - points[MOUTH_CORNERS[1]])
        return float(mouth / np.linalg.norm(points[TEMPLES[0]] - points[TEMPLES[1]]))


def read_video(path: Path) -> list[np.ndarray]:
    """All frames, (H, W, 3) uint8."""
    import av

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def face_psnr(frame: np.ndarray, photo: np.ndarray, crop: list[int], points: np.ndarray) -> float:
    """PSNR inside the face's hull between a frame and the photo's crop, dB."""
    import cv2

    x0, y0, x1, y1 = crop
    size = frame.shape[0]
    pad = max(0, -x0, -y0, x1 - photo.shape[1], y1 - photo.shape[0])
    padded = cv2.copyMakeBorder(photo, pad, pad, pad, pad, cv2.BORDER_REFLECT)
    piece = padded[y0 + pad : y1 + pad, x0 + pad : x1 + pad]
    method = cv2.INTER_AREA if size < x1 - x0 else cv2.INTER_CUBIC
    wanted = cv2.resize(piece, (size, size), interpolation=method).astype(float)
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points[:, :2]).astype(np.int32)), 1)
    error = (frame.astype(float) - wanted)[mask > 0]
    return float(10 * np.log10(255**2 / max(np.mean(error**2), 1e-9)))


def measure(meter: FaceMeter, reference: Path, result: Any) -> dict[str, float]:
    """The row of one portrait."""
    from renderer import load_cameras

    cameras = load_cameras(result.out / "cameras.json")
    angles = dict(zip(cameras.names, np.degrees(_camera_yaw(cameras)), strict=True))
    found, yaws, widths = {}, {}, {}
    for name, path in result.views.items():
        points = [meter.landmarks(frame) for frame in read_video(path)]
        found[name] = float(np.mean([p is not None for p in points]))
        yaws[name] = np.array([np.nan if p is None else meter.yaw_degrees(p, result.size) for p in points])
        widths[name] = np.array([np.nan if p is None else meter.mouth_width(p) for p in points])
    first = read_video(result.views["front"])[0]
    points = meter.landmarks(first)
    photo = read_picture(reference).pixels
    psnr = np.nan if points is None else face_psnr(first, photo, result.manifest["crop"], points)
    front, width = yaws["front"], widths["front"]
    half, tail = len(front) // 2, max(1, len(front) // 8)
    side = [abs(np.nanmedian(front - yaws[n]) - (angles[n] - angles["front"])) for n in yaws if n != "front"]
    return {
        "faces": min(found.values()),
        "psnr": psnr,
        "yaw": float(np.nanmax(front) - front[0]),
        "smile": 100 * float(np.nanmean(width[-tail:]) / np.nanmean(width[half - tail : half]) - 1),
        "side": max(side, default=0.0),
        "s/frame": result.manifest["timings_seconds"]["total"] / (result.frames * len(result.views)),
    }


def _camera_yaw(cameras: Any) -> np.ndarray:
    axes = np.asarray(cameras.world_to_camera)[:, 2, :3]  # the camera's +z (backwards) in world axes
    return np.arctan2(axes[:, 0], axes[:, 2])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    real = os.environ.get("MVPORTRAIT_REAL_INPUTS")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(real) / "portraits" if real else None)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--text", default=TEXT)
    parser.add_argument("--motion", type=Path)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--size", type=int)
    parser.add_argument("--keep", type=Path, help="keep the outputs in this folder")
    given = parser.parse_args()
    files = [demo_portrait_path()] if given.folder is None else sorted(given.folder.glob("*.[jp][pn]g"))
    meter = FaceMeter()
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        for file in files:
            options = AnimateOptions(
                reference=str(file),
                text=None if given.motion else given.text,
                motion=given.motion,
                seconds=given.seconds,
                size=given.size,
                preset=given.preset,
            )
            try:
                result = animate(options, (given.keep or Path(scratch)) / file.stem)
            except NoFaceError as error:
                print(f"{file.stem:28} refused: {error}")
                continue
            rows[file.stem] = measure(meter, file, result)
            cells = "  ".join(f"{name} {value:.3g}" for name, value in rows[file.stem].items())
            print(f"{file.stem:28} {result.size} px  {cells}", flush=True)
    if given.keep:
        (given.keep / "measured.json").write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
