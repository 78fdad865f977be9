"""Command line: train the speech network from a corpus folder.

::

    python -m driving.speech.corpus --out corpus --clips 2000
    python -m driving.speech.training --config configs/speech.yaml --corpus corpus --out runs/speech [key=value …]

A run that was stopped goes on when started again with the same ``--out``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flame.errors import MVPortraitError


def main(arguments: list[str] | None = None) -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m driving.speech.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of shards")
    parser.add_argument("--heldout", type=Path, help="folder of shards of voices for validation")
    parser.add_argument("--cache", type=Path, help="where computed features are kept; OUT/cache by default")
    parser.add_argument("--out", type=Path, default=Path("runs/speech"), help="weights, checkpoints, curves")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of torch, 0 for its own choice")
    parser.add_argument("overrides", nargs="*", metavar="key=value")
    options = parser.parse_intermixed_args(arguments)
    try:
        return _train(options)
    except MVPortraitError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code


def _train(options: argparse.Namespace) -> int:
    import torch

    from driving.speech.driver import extractor_named
    from driving.speech.training.config import load_config
    from driving.speech.training.data import cached_corpus
    from driving.speech.training.trainer import SpeechTrainer

    if options.threads:
        torch.set_num_threads(options.threads)
    config = load_config(options.config, options.overrides)
    extractor = extractor_named(config.features)
    leave_out = [name.strip() for name in config.leave_out.split(",") if name.strip()]
    cache = options.cache or options.out / "cache"
    corpus = cached_corpus(options.corpus, cache, extractor, leave_out=leave_out, note=_note)
    held = None if options.heldout is None else cached_corpus(options.heldout, cache, extractor, note=_note)
    hours = corpus.frames / 50 / 3600
    kept = int((corpus if held is None else held).heldout.sum())
    _note(f"{len(corpus.styles)} clips, {hours:.2f} hours; {kept} clips of held-out voices")
    trainer = SpeechTrainer(
        config, corpus=corpus, heldout=held, extractor=extractor, out=options.out, note=_note
    )
    trainer.run()
    sys.stdout.write(f"{trainer.step} steps: {options.out / 'speech.safetensors'}\n")
    return 0


def _note(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
