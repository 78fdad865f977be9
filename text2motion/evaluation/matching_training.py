"""Training of the text-motion matching pair on scenes of the corpus (minutes on one CPU core)."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from text2motion.corpus.performance import controls_to_sequence
from text2motion.corpus.scenes import captions_of, random_scene
from text2motion.evaluation.captioned import captioned_motions
from text2motion.evaluation.captions import join_captions
from text2motion.evaluation.matching import (
    FEATURE_FPS,
    Encode,
    Matcher,
    contrast,
    motion_array,
    padded,
    save_matcher,
    text_array,
)
from text2motion.evaluation.metrics import r_precision

_MOST_FRAMES = 150
_LEAST_SCALE = 0.02  # columns that hardly move stay near zero
_SUBJECTS = ("", "", "", "the woman ", "a man ", "she ", "he ", "a person in a blue shirt ")


def captioned_scenes(count: int, generator: np.random.Generator) -> tuple[list[np.ndarray], list[str]]:
    """``count`` performed scenes: features (T, F) and captions."""
    motions: list[np.ndarray] = []
    texts: list[str] = []
    while len(motions) < count:
        scene = random_scene(generator, fps=FEATURE_FPS, most_frames=_MOST_FRAMES)
        if not scene.sayings or scene.seconds * FEATURE_FPS > _MOST_FRAMES:
            continue
        said = [captions_of(saying, generator, most=1)[0] for saying in scene.sayings]
        groups = [item.clause.group for item in scene.planned]
        motions.append(motion_array(controls_to_sequence(scene.controls, fps=FEATURE_FPS)))
        texts.append(str(generator.choice(_SUBJECTS)) + join_captions(said, groups, generator))
    return motions, texts


def train(
    motions: list[np.ndarray],
    texts: list[str],
    encode: Encode,
    *,
    steps: int,
    batch: int,
    seed: int = 0,
    note: Callable[[str], None] = lambda line: None,
) -> Matcher:
    """A pair trained on motions (T, F) and their texts, the first tenth held out for the figure noted at the
    end."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    scenes, held = len(motions), max(len(motions) // 10, 2)
    matcher = Matcher()
    frames = np.concatenate(motions[held:])
    matcher.mean.copy_(torch.from_numpy(frames.mean(axis=0)))
    matcher.scale.copy_(torch.from_numpy(np.maximum(frames.std(axis=0), _LEAST_SCALE)))
    optimiser = torch.optim.AdamW(matcher.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        chosen = generator.integers(held, scenes, size=batch)
        seen = padded([motions[i] for i in chosen])
        tokens = padded([text_array(texts[i], encode) for i in chosen])
        noisy = tokens[0] + 0.1 * tokens[0].std() * torch.randn_like(tokens[0])
        loss = contrast(matcher.motion(*seen), matcher.text(noisy, tokens[1]), matcher.sharpness)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(matcher.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 99:
            note(f"step {step + 1}: loss {loss.item():.3f}")
    matcher.eval()
    with torch.inference_mode():
        shown = [matcher.motion(*padded(motions[i : i + 64])).numpy() for i in range(0, held, 64)]
        read = [
            matcher.text(*padded([text_array(text, encode) for text in texts[i : min(i + 64, held)]])).numpy()
            for i in range(0, held, 64)
        ]
    top = r_precision(np.concatenate(read), np.concatenate(shown)[:held])
    note(f"R-precision of {held} held-out scenes: " + ", ".join(f"{value:.3f}" for value in top))
    return matcher


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    from text2motion.encoder import default_encoder

    parser = argparse.ArgumentParser(prog="python -m text2motion.evaluation.matching_training")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder of captions.jsonl and motion files [the corpus]")
    parser.add_argument("--scenes", type=int, default=16000)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    started = time.process_time()

    def note(line: str) -> None:
        sys.stdout.write(f"{time.process_time() - started:5.0f} s  {line}\n")
        sys.stdout.flush()

    if options.data is None:
        motions, texts = captioned_scenes(options.scenes, np.random.default_rng(options.seed))
    else:
        recorded = captioned_motions(options.data, held_out=False)
        motions, texts = [motion_array(motion) for _, motion in recorded], [text for text, _ in recorded]
    note(f"{len(motions)} motions")
    matcher = train(
        motions,
        texts,
        default_encoder().encode,
        steps=options.steps,
        batch=options.batch,
        seed=options.seed,
        note=note,
    )
    save_matcher(matcher, options.out)
    note(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
