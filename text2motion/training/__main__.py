"""Command line: ``motion``, ``emotion`` and ``joint`` train; ``prepare`` writes the caption bank alone.

::

    python -m text2motion.training motion --config configs/motion.yaml --out runs/text [key=value …]
    python -m text2motion.training emotion --data FOLDER --out runs/mine [key=value …]
    accelerate launch -m text2motion.training motion --config … (several devices)

A run in the same ``--out`` goes on where the last one stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flame.errors import MVPortraitError
from text2motion.training.config import ROLES


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _prepare(options) if options.command == "prepare" else _train(options)
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"error: reading or writing failed: {error}; check --out and the disk\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted; the same command goes on from the last checkpoint\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m text2motion.training", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    commands = parser.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="encode every caption of the corpus into one file")
    prepare.add_argument("--out", type=Path, required=True)
    prepare.add_argument("--seed", type=int, default=0)
    for role in ROLES:
        train = commands.add_parser(role, help=f"train the {role} model")
        train.add_argument("--config", type=Path, help="YAML file of settings")
        train.add_argument("--data", type=Path, help="folder with captions.jsonl and motion files")
        train.add_argument("--bank", type=Path, help="caption bank of the corpus; made when not given")
        train.add_argument("--out", type=Path, default=Path("runs/text2motion"),
                           help="where weights, checkpoint and curves go")  # fmt: skip
        train.add_argument("--threads", type=int, default=0, help="CPU threads, 0 for torch's own choice")
        train.add_argument("overrides", nargs="*", metavar="key=value")
    return parser


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
    from accelerate import PartialState

    from text2motion.training.config import load_config
    from text2motion.training.folder import folder_data
    from text2motion.training.sources import corpus_data
    from text2motion.training.trainer import Trainer

    if options.threads > 0:
        torch.set_num_threads(options.threads)
    config = load_config(options.config, options.overrides, role=options.command)
    with PartialState(cpu=config.device == "cpu").main_process_first():  # the others find its files
        if options.data is None:
            data = corpus_data(config, options.out, bank_path=options.bank, note=_note)
        else:
            data = folder_data(config, options.data, note=_note)
    trainer = Trainer(config, data=data, out=options.out, note=_note)
    trainer.run()
    trainer.note(f"{trainer.step} steps: {options.out / (config.role + '.safetensors')}")
    return 0


def _note(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
