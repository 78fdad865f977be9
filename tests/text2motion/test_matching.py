"""The matching pair learns which motion a text belongs to; others' captioned motions are read as a task."""

from __future__ import annotations

import json

import numpy as np
import pytest

from flame.errors import ConfigError
from flame.sequence import FlameSequence
from text2motion.evaluation.captioned import by_recordings, captioned_motions, suite_of
from text2motion.evaluation.matching import (
    load_matcher,
    motion_array,
    motion_vectors,
    save_matcher,
    text_array,
    text_vectors,
)
from text2motion.evaluation.matching_training import train
from text2motion.evaluation.report import make_report

PROMPTS = ("turn left", "turn right", "nod", "look up")


def turning(degrees: float, axis: int, seed: int) -> FlameSequence:
    """2 s in which the head turns by an angle and stays."""
    still = FlameSequence.neutral(50)
    neck = np.array(still.neck)
    neck[:, axis] = np.radians(degrees) * np.clip((np.arange(50) - 5 - seed % 7) / 15, 0, 1)
    return still.replace(neck=neck)


def motion_of(prompt: str, seconds: float, seed: int) -> FlameSequence:
    angle = {"turn left": (20, 1), "turn right": (-20, 1), "nod": (15, 0), "look up": (-15, 0)}
    return turning(*angle[prompt], seed)


@pytest.fixture(scope="module")
def matcher(word_encoder):
    texts = [PROMPTS[index % 4] for index in range(48)]
    motions = [motion_array(motion_of(text, 2.0, index)) for index, text in enumerate(texts)]
    return train(motions, texts, word_encoder.encode, steps=40, batch=16).eval()


def test_the_pair_tells_motions_apart(matcher, word_encoder) -> None:
    read = text_vectors(matcher, PROMPTS, word_encoder.encode)
    seen = motion_vectors(matcher, [motion_of(prompt, 2.0, 3) for prompt in PROMPTS])
    assert np.linalg.norm(read, axis=1) == pytest.approx(1.0, abs=1e-4)
    assert (seen @ read.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_a_pair_survives_its_file(matcher, word_encoder, tmp_path) -> None:
    path = tmp_path / "pair.safetensors"
    save_matcher(matcher, path)
    again = text_vectors(load_matcher(path), PROMPTS, word_encoder.encode)
    assert again == pytest.approx(text_vectors(matcher, PROMPTS, word_encoder.encode), abs=5e-3)


def test_a_foreign_file_is_refused(tmp_path) -> None:
    path = tmp_path / "pair.safetensors"
    path.write_bytes(b"not a pair")
    with pytest.raises(ConfigError, match="matching pair"):
        load_matcher(path)
    with pytest.raises(ConfigError, match="matching pair"):
        load_matcher(tmp_path / "missing.safetensors")


def test_long_prompts_are_read_to_the_end(word_encoder) -> None:
    long = "turn left, then " * 20 + "nod"
    assert len(text_array(long, word_encoder.encode)) == 61
    assert text_array("...!", word_encoder.encode).shape[1] == 384


def test_figures_of_right_motions_beat_those_of_wrong_ones(matcher, word_encoder, tmp_path) -> None:
    lines = []
    for index in range(16):
        prompt = PROMPTS[index % 4]
        name = f"{index}.npz"
        motion_of(prompt, 2.0, index).save(tmp_path / name)
        split = "validation" if index >= 8 else "train"
        lines.append(json.dumps({"file": name, "captions": [prompt], "split": split}))
    (tmp_path / "captions.jsonl").write_text("\n".join(lines))
    recorded = captioned_motions(tmp_path, held_out=True)
    assert len(recorded) == 8
    motions = [motion for _, motion in recorded]
    wrong = dict(zip(PROMPTS, PROMPTS[1:] + PROMPTS[:1], strict=True))
    report = make_report(
        {"recorded": by_recordings(recorded), "mixed up": lambda p, s, seed: motion_of(wrong[p], s, seed)},
        suite_of(recorded),
        seeds=2,
        matcher=matcher,
        encode=word_encoder.encode,
        references=(motions[::2], motions[1::2]),
    )
    right, mixed = report.rows["recorded"], report.rows["mixed up"]
    assert right.accuracy == {}
    assert right.precision[2] > mixed.precision[2]
    assert right.matching_distance < mixed.matching_distance
    assert np.isfinite(report.frechet_floor)


def test_too_few_files_are_refused(tmp_path) -> None:
    FlameSequence.neutral(30).save(tmp_path / "a.npz")
    (tmp_path / "captions.jsonl").write_text('{"file": "a.npz", "captions": ["nods"]}\n')
    with pytest.raises(ConfigError, match="at least 4"):
        captioned_motions(tmp_path, held_out=True)
