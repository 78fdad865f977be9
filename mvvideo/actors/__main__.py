"""``python -m mvvideo.actors``: pack a kit, look at actors, make training clips, render the demo portrait."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from flame.errors import InputError, MVPortraitError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mvvideo.actors", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    pack = commands.add_parser("pack", help="pack MakeHuman's CC0 assets into an actor kit")
    pack.add_argument("--assets", type=Path, required=True, help="folder with base/base.obj and actors/…")
    pack.add_argument("--targets", type=Path, required=True, help="targets.npz of the makehuman package")
    pack.add_argument("--out", type=Path, required=True)
    pack.add_argument("--texture-scale", type=float, default=1.0, help="2 for close-up portraits")
    pack.add_argument("--people", type=int, default=2400)
    pack.add_argument("--seed", type=int, default=0)
    sheet = commands.add_parser("sheet", help="a contact sheet of actors, or of training clips")
    sheet.add_argument("--kit", type=Path, required=True)
    sheet.add_argument("--out", type=Path, required=True, help="picture to write")
    sheet.add_argument("--rows", type=int, default=4)
    sheet.add_argument("--size", type=int, default=256)
    sheet.add_argument("--seed", type=int, default=0)
    sheet.add_argument("--split", default="train", choices=["train", "heldout"])
    make = commands.add_parser("generate", help="make training clips")
    make.add_argument("--kit", type=Path, required=True)
    make.add_argument("--out", type=Path, required=True)
    make.add_argument("--clips", type=int, required=True)
    make.add_argument("--seed", type=int, default=0, help="0 to 99")
    make.add_argument("--workers", type=int, default=1)
    make.add_argument("--size", type=int, default=256)
    make.add_argument("--frames", type=int, default=3)
    make.add_argument("--views", type=int, default=3)
    make.add_argument("--shard-clips", type=int, default=16)
    make.add_argument("--supersample", type=int, default=2)
    make.add_argument("--split", default="train", choices=["train", "heldout"])
    make.add_argument("--motions", type=Path, help="folder of motion files that part of the clips move by")
    demo = commands.add_parser("demo", help="render the bundled demo portrait")
    demo.add_argument("--kit", type=Path, required=True, help="best packed with --texture-scale 2")
    demo.add_argument("--out", type=Path, required=True, help="picture to write")
    demo.add_argument("--size", type=int, default=768)
    return parser


def _run(options: argparse.Namespace) -> None:
    if options.command == "pack":
        from mvvideo.actors.pack import pack_kit

        path = pack_kit(
            options.assets,
            options.targets,
            options.out,
            samples=options.people,
            seed=options.seed,
            texture_scale=options.texture_scale,
        )
        logging.info("%s, %.1f MB", path, path.stat().st_size / 1e6)
    elif options.command == "generate":
        from mvvideo.actors.generate import generate, plan

        jobs = plan(
            kit=str(options.kit),
            out=str(options.out),
            clips=options.clips,
            seed=options.seed,
            split=options.split,
            size=options.size,
            frames=options.frames,
            views=options.views,
            shard_clips=options.shard_clips,
            supersample=options.supersample,
            motions=str(options.motions) if options.motions else None,
        )
        for _ in generate(jobs, workers=options.workers):
            pass
    elif options.command == "sheet":
        from mvvideo.actors.sheet import write_sheet

        write_sheet(
            options.kit,
            options.out,
            rows=options.rows,
            size=options.size,
            seed=options.seed,
            split=options.split,
        )
    else:
        from mvvideo.actors.demo import write_demo

        write_demo(options.kit, options.out, size=options.size)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 failed, 2 wrong input)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        _run(_parser().parse_args(arguments))
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2 if isinstance(error, InputError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
