"""``python -m mvvideo.latent``: train a latent model, or say how much memory it would take."""

from __future__ import annotations

import argparse
import logging
import sys

from flame.errors import MVPortraitError
from mvvideo.latent.config import LatentConfig, load_latent_config

__all__ = ["main"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mvvideo.latent", description=__doc__)
    parser.add_argument("--config", required=True, help="YAML file, see configs/sd15.yaml")
    parser.add_argument("--data", help="folder of training shards")
    parser.add_argument("--out", help="folder of the run; an earlier run there goes on")
    parser.add_argument("--steps", type=int, help="stop after this many updates")
    parser.add_argument("--device", default="auto", help="cuda, cpu or auto")
    parser.add_argument(
        "--estimate", action="store_true", help="only say how much memory each phase and use would take"
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="key=value", help="for example optimiser.learning_rate=1e-5"
    )
    return parser


def _estimate(config: LatentConfig, device: str) -> None:
    from mvvideo.latent.loading import skeleton_parts
    from mvvideo.latent.memory import Workload, estimate_memory

    parts = skeleton_parts(config)
    cuda = device != "cpu"
    for phase in config.phases:
        work = Workload.of_phase(phase, config, bf16=config.precision != "float32")
        sys.stdout.write(f"train {phase.name}: {estimate_memory(parts, work, cuda=cuda).line()}\n")
    for views in (1, 3, 5):
        work = Workload(
            clips=1,
            views=views,
            frames=config.sampling.window_frames,
            size=config.model.image_size,
            bf16=config.precision != "float32",
        )
        line = estimate_memory(parts, work, cuda=cuda).line()
        sys.stdout.write(f"animate {views} views of {work.frames} frames: {line}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        config = load_latent_config(options.config, options.overrides)
        if options.estimate:
            _estimate(config, options.device)
            return 0
        if options.data is None or options.out is None:
            parser.error("--data and --out are needed to train")
        from mvvideo.latent.training import LatentTrainer

        trainer = LatentTrainer(config, data=options.data, out=options.out, device=options.device)
        trainer.run(max_steps=options.steps)
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return getattr(error, "exit_code", 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
