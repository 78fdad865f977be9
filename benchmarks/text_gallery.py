"""``python -m benchmarks.text_gallery --out FOLDER [--ceiling] [--prompts FILE]``: sheets of heads over time.

Every row is one prompt, every column a moment of the clip, at equal distances from the first frame to the last.
``docs/text_gallery.md`` shows the 24 prompts below; a file of lines ``seconds<TAB>prompt`` shows others.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

import numpy as np

from flame.head import load_head
from flame.sequence import FlameSequence

#: sheet -> (seconds, prompt)
SHEETS: dict[str, tuple[tuple[float, str], ...]] = {
    "head": (
        (3.0, "The old man turns his head to the left and holds it there."),
        (3.0, "tilts her head slightly to the right"),
        (3.0, "nods twice"),
        (4.0, "looks over her right shoulder, then back at the camera"),
        (4.0, "rolls her head around in a circle"),
        (3.0, "her eyes dart to the left while the head stays still"),
    ),
    "face": (
        (3.0, "winks with the left eye and smiles"),
        (3.0, "raises the eyebrows as high as possible"),
        (3.0, "a big toothy grin"),
        (4.0, "puffs out the cheeks and lets the air out"),
        (4.0, "yawns, eyes closing"),
        (3.0, "blows a kiss to the audience"),
    ),
    "feeling": (
        (3.0, "absolutely furious"),
        (3.0, "deeply sad, looking down"),
        (3.0, "a look of pure terror"),
        (3.0, "disgusted by the smell"),
        (4.0, "bored out of his mind"),
        (3.0, "shyly smiles and lowers her gaze"),
    ),
    "together": (
        (4.0, "talks happily while shaking her head"),
        (4.0, "looks surprised before bursting into laughter"),
        (4.0, "0-2s: turns right; 2-4s: sticks out the tongue"),
        (4.0, "closes the eyes for two seconds, then opens them wide"),
        (4.0, "she is angry at first, but then she smiles"),
        (4.0, "A woman in a red hat standing by a window nods slowly, her eyebrows raised"),
    ),
}
#: file name -> (seconds, prompt) of the curves that ``mvportrait inspect --plot`` draws
PLOTS: dict[str, tuple[float, str]] = {
    "nod_smile": (5.0, "nods three times, then smiles broadly"),
    "turn_wink": (6.0, "slowly turns left, quickly turns right, then winks with the left eye"),
}
_BACKGROUND = (0.93, 0.94, 0.95)
_TITLE_PIXELS = 20
_PLOT_WIDTH = 760


def frames_of(sequence: FlameSequence, *, count: int, size: int) -> np.ndarray:
    """(count, size, size, 3) uint8: shaded heads at equal distances in time."""
    from renderer import render_buffers
    from renderer.framing import frame_head

    head = load_head(sequence.basis)
    vertices = head.pose(sequence.at(np.linspace(0, len(sequence) - 1, count)))
    rest = head.pose(FlameSequence.neutral(1))
    cameras, _ = frame_head(rest, head, height=size, width=size, margin=0.1)
    drawn = render_buffers(
        vertices, head, cameras, buffers=["shaded"], supersample=2, background=_BACKGROUND, threads=1
    )
    return (drawn["shaded"][:, 0] * 255.0 + 0.5).astype(np.uint8)


def sheet(rows: list[tuple[str, FlameSequence]], *, count: int, size: int) -> np.ndarray:
    """Rows of frames under their prompts, (H, W, 3) uint8."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=13)
    strips = []
    for title, sequence in rows:
        strip = np.concatenate(list(frames_of(sequence, count=count, size=size)), axis=1)
        bar = Image.new("RGB", (strip.shape[1], _TITLE_PIXELS), "white")
        ImageDraw.Draw(bar).text((4, 2), f"{title}  ({sequence.duration_seconds:g} s)", "black", font)
        strips += [np.asarray(bar), strip]
    return np.concatenate(strips, axis=0)


def plot(sequence: FlameSequence, title: str, path: Path) -> None:
    """The curves of the measured signals, as ``mvportrait inspect --plot`` draws them, in a JPEG file."""
    from PIL import Image

    from flame.signals import measure
    from mvportrait.plots import plot_signals

    drawn = path.with_suffix(".png")
    plot_signals(measure(sequence), fps=sequence.fps, title=title, path=drawn)
    picture = Image.open(drawn).convert("RGB")
    picture.resize((_PLOT_WIDTH, round(picture.height * _PLOT_WIDTH / picture.width))).save(path, quality=85)
    drawn.unlink()


def main() -> None:
    """Write one picture per sheet."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text_gallery", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ceiling", action="store_true", help="the corpus' own performers, no network")
    parser.add_argument("--prompts", type=Path, help="file of lines: seconds, tab, prompt")
    parser.add_argument("--sheet", choices=sorted(SHEETS), help="one sheet only")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--size", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", default="jpg", choices=["png", "jpg"])
    options = parser.parse_args()
    from PIL import Image

    from text2motion.evaluation.generators import by_corpus, by_models

    sheets = {n: rows for n, rows in SHEETS.items() if options.sheet in (None, n)}
    if options.prompts is not None:
        lines = [line.split("\t", 1) for line in options.prompts.read_text().splitlines() if line.strip()]
        sheets = {options.prompts.stem: tuple((float(seconds), prompt) for seconds, prompt in lines)}
    make = by_corpus() if options.ceiling else by_models()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, prompts in sheets.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            rows = [(prompt, make(prompt, seconds, options.seed)) for seconds, prompt in prompts]
        picture = sheet(rows, count=options.frames, size=options.size)
        target = options.out / f"text_{name}.{options.format}"
        Image.fromarray(picture).save(target, quality=82)
        print(f"{target}: {target.stat().st_size / 1e3:.0f} kB")
    if options.prompts is None and options.sheet is None:
        for name, (seconds, prompt) in PLOTS.items():
            plot(make(prompt, seconds, options.seed), prompt, options.out / f"text_plot_{name}.jpg")


if __name__ == "__main__":
    main()
