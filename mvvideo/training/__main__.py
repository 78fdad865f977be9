"""``python -m mvvideo.training``: train the video model, or evaluate it on held-out clips."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path

from flame.errors import MVPortraitError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mvvideo.training", description=__doc__)
    parser.add_argument("--config", help="YAML file, see configs/video_small.yaml")
    parser.add_argument("--data", required=True, help="folder of training shards")
    parser.add_argument("--heldout", help="folder of held-out shards")
    parser.add_argument("--out", required=True, help="folder of the run; an earlier run there goes on")
    parser.add_argument("--init", help="folder of weights to start from")
    parser.add_argument("--minutes", type=float, default=60.0, help="time budget over all starts")
    parser.add_argument("--steps", type=int, help="stop after this many steps")
    parser.add_argument("--device", default="auto", help="cuda, cpu or auto")
    parser.add_argument(
        "overrides", nargs="*", metavar="key=value", help="for example optimiser.learning_rate=1e-4"
    )
    return parser


def _evaluate_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mvvideo.training evaluate", description="score a model")
    parser.add_argument("--data", required=True, help="folder of held-out shards")
    parser.add_argument(
        "--weights", help="folder of weights; the package's own without it; 'none' for no model"
    )
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument(
        "--guidance-scale", type=float, default=1.0, help="classifier-free guidance on the photo; 1 is none"
    )
    parser.add_argument("--steps", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="folder for scores.json and sheet.jpg")
    parser.add_argument("--device", default="auto")
    return parser


def _device(name: str) -> str:
    import torch

    if name != "auto":
        return name
    return "cuda" if torch.cuda.is_available() else "cpu"


def _train(arguments: list[str]) -> None:
    options = _parser().parse_args(arguments)
    from mvvideo.training.config import load_config
    from mvvideo.training.trainer import Trainer

    trainer = Trainer(
        load_config(options.config, options.overrides),
        data=options.data,
        heldout=options.heldout,
        out=options.out,
        minutes=options.minutes,
        device=_device(options.device),
        initial=options.init,
    )
    trainer.run(max_steps=options.steps)


def _evaluate(arguments: list[str]) -> None:
    options = _evaluate_parser().parse_args(arguments)
    import torch

    from mvvideo.conditioning import GuidedNetwork
    from mvvideo.networks.denoiser import MultiViewDenoiser
    from mvvideo.networks.storage import load_network
    from mvvideo.pipeline import WEIGHTS_DIRECTORY
    from mvvideo.training.batches import ClipStore
    from mvvideo.training.evaluation import evaluate

    device = torch.device(_device(options.device))
    model: MultiViewDenoiser | GuidedNetwork | None = None
    if options.weights != "none":
        network = load_network(options.weights or WEIGHTS_DIRECTORY)
        network = network.to(device, memory_format=torch.channels_last)
        model = network
        if options.guidance_scale != 1.0:
            model = GuidedNetwork(network, options.guidance_scale)
    out = Path(options.out) if options.out else None
    table = evaluate(
        model,
        ClipStore(
            options.data,
            device=torch.device("cpu") if device.type == "cpu" else device,
            max_gigabytes=60,
            intensities=model is not None and model.config.motion_intensity > 0,
        ),
        clips=options.clips,
        steps=tuple(options.steps),
        seed=options.seed,
        sheet=out / "sheet.jpg" if out else None,
    )
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "scores.json").write_text(json.dumps(table.summary(), indent=1) + "\n")
    sys.stdout.write(table.to_text() + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    try:
        if given[:1] == ["evaluate"]:
            _evaluate(given[1:])
        else:
            _train(given[1:] if given[:1] == ["train"] else given)
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return getattr(error, "exit_code", 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
