"""``python -m benchmarks.gallery PICTURE… --out FOLDER``: sheets of five views by four expressions, to look at.

Every row is one expression added to the photo's own (as it is, mouth open, eyes closed, smile), every column a
camera on the arc. Scores do not see what a person sees at once; these sheets are for that.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from flame.head import load_head
from flame.relative import apply_relative
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence
from mvportrait.media.images import read_picture
from mvvideo.pipeline import VideoModel
from mvvideo.portrait import Portrait
from renderer.rigs import orbit

JAW_DEGREES = 14.0
SMILE = {"mouthSmile": 0.9, "cheekSquint": 0.5, "eyeSquint": 0.2, "mouthUpperUp": 0.25}


def expressions() -> FlameSequence:
    """Four frames relative to the photo: as it is, mouth open, eyes closed, smile."""
    face = np.zeros((4, len(EXPRESSION_NAMES)))
    for name, value in SMILE.items():
        for side in ("Left", "Right"):
            face[3, EXPRESSION_NAMES.index(name + side)] = value
    jaw, lids = np.zeros((4, 3)), np.zeros((4, 2))
    jaw[1, 0], lids[2] = np.radians(JAW_DEGREES), 1.0
    still = np.zeros((4, 3))
    return FlameSequence(
        shape=np.zeros(1),
        expression=face,
        rotation=still,
        neck=still,
        jaw=jaw,
        eyes=np.zeros((4, 6)),
        eyelids=lids,
        translation=still,
        fps=25.0,
    )


def sheet(photo: np.ndarray, model: VideoModel, *, size: int, arc_degrees: float) -> np.ndarray:
    """``(4·size, 5·size, 3)`` uint8."""
    portrait = Portrait.from_image(photo, head=load_head("open"), size=max(256, size))
    cameras = orbit(
        portrait.camera,
        yaw_radians=np.radians(np.linspace(-arc_degrees, arc_degrees, 5)),
        pivot=portrait.pivot,
        names=tuple(f"view_{i}" for i in range(5)),
    )
    motion = apply_relative(expressions(), portrait.fit)
    frames = np.concatenate(list(model.generate(portrait, motion, cameras, size=size)))  # (4, 5, S, S, 3)
    return np.concatenate([np.concatenate(list(row), axis=1) for row in frames], axis=0)


def main() -> None:
    """Write one sheet for each picture."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gallery", description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--arc", type=float, default=40.0, help="degrees to the outermost views")
    parser.add_argument("--format", default="png", choices=["png", "jpg"])
    options = parser.parse_args()
    from PIL import Image

    model = VideoModel.load(options.preset)
    options.out.mkdir(parents=True, exist_ok=True)
    for path in options.pictures:
        picture = sheet(read_picture(path).pixels, model, size=options.size, arc_degrees=options.arc)
        target = options.out / f"{path.stem}.{options.format}"
        Image.fromarray(picture).save(target, quality=88)
        print(target)


if __name__ == "__main__":
    main()
