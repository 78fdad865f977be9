"""Command line: ``prepare`` writes the caption bank; ``motion`` and ``emotion`` train from it.

::

    python -m text2motion.training prepare --out bank.npz
    python -m text2motion.training motion --config configs/motion.yaml --bank bank.npz --out runs/motion
    [key=value …]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flame.errors import MVPortraitError


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m text2motion.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="encode every caption of the corpus into one file")
    prepare.add_argument("--out", type=Path, required=True)
    prepare.add_argument("--seed", type=int, default=0)
    for role in ("motion", "emotion"):
        train = commands.add_parser(role, help=f"train the {role} model")
        train.add_argument("--config", type=Path)
        train.add_argument("--bank", type=Path, help="caption bank; made beside --out when not given")
        train.add_argument(
            "--out", type=Path, default=Path("runs/text2motion"), help="where weights and checkpoints go"
        )
        train.add_argument(
            "--threads", type=int, default=0, help="CPU threads of torch, 0 for its own choice"
        )
        train.add_argument("overrides", nargs="*", metavar="key=value")
    options = parser.parse_args(arguments)
    try:
        return _prepare(options) if options.command == "prepare" else _train(options)
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code


def _prepare(options: argparse.Namespace) -> int:
    from text2motion.encoder import default_encoder
    from text2motion.training.bank import build_bank, save_bank

    options.out.parent.mkdir(parents=True, exist_ok=True)
    bank = build_bank(default_encoder().encode, seed=options.seed)
    save_bank(bank, options.out)
    sys.stdout.write(
        f"{len(bank.texts)} captions, {options.out.stat().st_size / 1e6:.1f} MB: {options.out}\n"
    )
    return 0


def _train(options: argparse.Namespace) -> int:
    import torch

    from text2motion.training.config import load_config
    from text2motion.training.trainer import Trainer

    if options.threads:
        torch.set_num_threads(options.threads)
    config = load_config(options.config, options.overrides, role=options.command)
    bank = options.bank or options.out / "caption_bank.npz"
    if options.bank is None and not bank.is_file():
        _note("encoding the corpus' captions (about a minute)")
        _prepare(argparse.Namespace(out=bank, seed=0))
    trainer = Trainer(config, bank_path=bank, out=options.out, note=_note)
    trainer.run()
    sys.stdout.write(f"{trainer.step} steps: {options.out / (config.role + '.safetensors')}\n")
    return 0


def _note(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
