"""Learns ``driving/video/calibration.npz``: which shapes really moved when a tracker says what moved.

``python -m benchmarks.tracking_calibration film KIT DATA --actors 60`` films training actors (never the held-out
half) whose motion is known, every other one performing a scene of the text corpus, tracks them as ``--video`` does
and keeps both motions; some seven seconds of one core an actor. ``python -m benchmarks.tracking_calibration learn
DATA OUT.npz`` fits the map in half a minute; ``mvportrait evaluate tracking --actors`` judges it on held-out actors.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from driving.video.calibration import features
from driving.video.driver import VideoDriver
from driving.video.neutral import neutral_of, relative_to
from driving.video.request import TimedFrame, VideoRequest
from driving.video.timeline import tidied
from flame.errors import NoFaceError
from flame.fitting.fit import _fitted_model
from flame.fitting.landmark_model import LandmarkModel
from flame.fitting.mediapipe_points import (
    FACE_OVAL,
    FOREHEAD,
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    NOSE,
    OUTER_LIPS,
    RIGHT_BROW,
    RIGHT_EYE,
)
from flame.fitting.priors import UNSEEN
from flame.head import FlameHead, load_head
from flame.relative import to_relative
from flame.rig import EXPRESSION_NAMES, JAW_OPEN_RADIANS
from flame.sequence import FlameSequence
from mvportrait.tracking_clips import _blinks, _bump, _grainy, _look_around, _wander
from mvportrait.tracking_scores import _face_rows

if TYPE_CHECKING:
    import torch

FPS, FRAMES, SIZE = 12.5, 40, 320
_WEIGHTS = len(EXPRESSION_NAMES)
_LIMIT_QUANTILE = 0.998
_TRANSLATION_UNIT = 0.1  # metres that count like a weight of 1


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    filming = commands.add_parser("film")
    filming.add_argument("kit", type=Path)
    filming.add_argument("data", type=Path)
    filming.add_argument("--actors", type=int, default=60)
    learning = commands.add_parser("learn")
    learning.add_argument("data", type=Path)
    learning.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "film":
        film(options.kit, options.data, actors=options.actors)
    else:
        learn(options.data, options.out)


# ---------------------------------------------------------------------- data


def film(kit_path: Path, data: Path, *, actors: int) -> None:
    """Write clips × frames of features (C, T, F) and targets (C, T, E + 1): rig weights and the jaw's opening."""
    from mvvideo.actors import load_kit
    from mvvideo.actors.clips import Scene, develop, sample_scene

    head, kit = load_head(), load_kit(kit_path)
    driver = VideoDriver(head=head)
    seen, wanted = [], []
    for seed in range(actors):
        scene = sample_scene(kit, head, seed, split="train", size=SIZE, frames=2, views=1)
        truth = (faces_of if seed % 2 else corpus_of)(seed, scene.actor.betas)

        def pictures(
            scene: Scene = scene, truth: FlameSequence = truth, seed: int = seed
        ) -> Iterator[TimedFrame]:
            for index in range(FRAMES):
                pose = scene.actor.pose(truth[index])[0]
                drawn = develop(scene, scene.actor.photograph(pose, scene.photo_camera, scene.lighting)[0])
                yield TimedFrame(_grainy(drawn, seed, index), index / FPS)

        try:
            shots = driver.track(VideoRequest(frames=pictures(), fps=FPS)).shots
        except NoFaceError:
            continue
        if len(shots) != 1 or len(shots[0].seconds) != FRAMES or not shots[0].track.seen.all():
            continue
        absolute = tidied(shots[0])
        seen.append(features(relative_to(absolute, neutral_of(absolute, shots[0].track.seen, "first"))))
        change = to_relative(truth)
        wanted.append(np.concatenate([change.expression, change.jaw[:, :1]], axis=1))
        print(f"actor {seed}", flush=True)
    np.savez(data, seen=np.array(seen, np.float32), wanted=np.array(wanted, np.float32))


def _placed(rng: np.random.Generator, shape: np.ndarray, **arrays: np.ndarray) -> FlameSequence:
    """A motion of a head that is turned a little from the beginning."""
    start = 0.5 * np.radians([rng.normal(0, 6.0), rng.normal(0, 9.0), rng.normal(0, 3.0)])
    arrays["neck"] = arrays["neck"] + start
    arrays["rotation"] = arrays.get("rotation", np.zeros((FRAMES, 3))) + start
    return FlameSequence.neutral(FRAMES, fps=FPS, shape=shape).replace(**arrays)


def faces_of(seed: int, shape: np.ndarray) -> FlameSequence:
    """Random faces of random shapes one after the other, a head that turns widely, talk."""
    from mvvideo.actors.motion import _weights

    rng, t = np.random.default_rng([seed, 911]), np.arange(FRAMES) / FPS
    awake = np.clip((t - 0.25) / 0.3, 0.0, 1.0)
    neck, jaw, eyes = (np.zeros((FRAMES, n)) for n in (3, 3, 6))
    expression = np.zeros((FRAMES, _WEIGHTS))
    lids, _ = _blinks(rng, t)
    for column, degrees in enumerate((15.0, 28.0, 9.0)):
        neck[:, column] = np.radians(degrees) * _wander(rng, t, 1.2) * awake
    moved = 0.01 * np.stack([_wander(rng, t, 2.0) for _ in range(3)], axis=1) * awake[:, None]
    at = 0.3
    while at < t[-1]:
        face, hold = _weights(rng), rng.uniform(0.15, 0.6)
        course = _bump(t, at, rng.uniform(0.15, 0.35), hold, rng.uniform(0.2, 0.4)) * awake
        jaw[:, 0] = np.maximum(jaw[:, 0], face.pop("jawOpen", 0.0) * JAW_OPEN_RADIANS * course)
        for name, weight in face.items():
            if not name.startswith("eyeLook"):
                column = EXPRESSION_NAMES.index(name)
                expression[:, column] = np.maximum(expression[:, column], weight * course)
        at += hold + rng.uniform(0.3, 0.8)
    if rng.random() < 0.5:
        syllables = 0.5 - 0.5 * np.cos(2 * np.pi * rng.uniform(2.5, 4.0) * t)
        talk = np.clip(2.0 * _wander(rng, t, 1.5) + 0.3, 0.0, 1.0) * syllables * awake
        jaw[:, 0] = np.maximum(jaw[:, 0], 0.22 * talk)
    _look_around(rng, eyes, expression, t, awake)
    expression = np.clip(expression, 0.0, 1.0)
    return _placed(
        rng, shape, neck=neck, jaw=jaw, eyes=eyes, translation=moved, eyelids=lids, expression=expression
    )


def corpus_of(seed: int, shape: np.ndarray) -> FlameSequence:
    """A scene of the text corpus after three frames of rest."""
    from text2motion.corpus.performance import controls_to_sequence
    from text2motion.corpus.scenes import random_scene, with_lid_follow

    rng = np.random.default_rng([seed, 912])
    scene = random_scene(rng, fps=FPS, most_frames=FRAMES - 3, motion_share=0.3)
    played = controls_to_sequence(scene.controls, fps=FPS)
    played = played.replace(expression=with_lid_follow(played.expression, played.eyes))
    index = np.clip(np.arange(FRAMES) - 3, 0, len(played) - 1)
    begun = np.clip((np.arange(FRAMES) - 1) / 2.0, 0.0, 1.0)[:, None]
    names = ("expression", "jaw", "eyes", "eyelids", "translation", "rotation", "neck")
    return _placed(rng, shape, **{name: getattr(played, name)[index] * begun for name in names})


# ---------------------------------------------------------------------- learning


def learn(data: Path, out: Path, *, steps: int = 400, seed: int = 0) -> None:
    """Fit the map: weights near the truth (mean and squared difference), the posed face near the true one, and the
    landmarks where the tracker saw them."""
    import torch

    with np.load(data) as file:
        seen, wanted = file["seen"], file["wanted"]
    unit = np.maximum(seen.reshape(-1, seen.shape[2]).std(axis=0), 1e-3).astype(np.float32)
    unit[-3:] = np.maximum(unit[-3:], 1e-3 * _TRANSLATION_UNIT)
    rows = np.r_[np.arange(_WEIGHTS), _WEIGHTS]
    start = torch.zeros(_WEIGHTS + 1, seen.shape[2])
    start[rows, rows] = torch.tensor(unit[rows])
    change = torch.zeros_like(start, requires_grad=True)
    raw = torch.full((_WEIGHTS,), -3.0, requires_grad=True)  # softplus of it is the threshold
    face, shown = (torch.tensor(basis) for basis in _bases(load_head()))
    rng, order = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam([change, raw], 0.01)
    for step in range(steps):
        if step % 25 == 0:
            given, truth = (torch.tensor(values) for values in _against_another(seen, wanted, rng))
        index = torch.randperm(len(given), generator=order)[:320]
        x, y = given[index], truth[index]
        made = _made(x / torch.tensor(unit), start + change, raw)
        away = made - y
        loss = 15.0 * away[:, :-1].abs().mean() + 9.0 * (away[:, :-1] ** 2).mean()
        loss = loss + 5.0 * away[:, -1].abs().mean() + 0.02 * (change**2).sum(dim=1).mean()
        loss = loss + _distance(made.clamp(0, 1), y.clamp(0, 1), face, 3)
        loss = loss + 1.8 * _distance(made, x[:, rows], shown, 2)
        for group in optimiser.param_groups:
            group["lr"] = 0.01 * min(1.0, 2.0 * (1.0 - step / steps))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    matrix = ((start + change) / torch.tensor(unit)).detach().numpy()
    matrix[[i for i, name in enumerate(EXPRESSION_NAMES) if name in UNSEEN and name != "mouthClose"]] = 0.0
    limit = np.quantile(np.abs(seen.reshape(-1, seen.shape[2])), _LIMIT_QUANTILE, axis=0)
    limit = np.maximum(limit, 1e-4)
    threshold = torch.nn.functional.softplus(raw).detach().numpy()
    np.savez(
        out,
        matrix=matrix.astype(np.float32),
        threshold=threshold.astype(np.float32),
        limit=limit.astype(np.float32),
    )


def _made(x: torch.Tensor, matrix: torch.Tensor, raw: torch.Tensor) -> torch.Tensor:
    import torch

    made = x @ matrix.T
    weights, threshold = made[:, :-1], torch.nn.functional.softplus(raw)
    return torch.cat([torch.sign(weights) * torch.relu(weights.abs() - threshold), made[:, -1:]], dim=1)


def _distance(a: torch.Tensor, b: torch.Tensor, basis: torch.Tensor, axes: int) -> torch.Tensor:
    """Mean distance in millimetres of the points that two sets of values (B, E + 1) move."""
    return ((a - b) @ basis.T).reshape(len(a), -1, axes).norm(dim=2).mean()


def _against_another(
    seen: np.ndarray, wanted: np.ndarray, rng: np.random.Generator, share: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Frames as changes from their clip's first one, a share of them from any other one: negative values as well."""
    clips, frames = seen.shape[:2]
    other = np.where(rng.random((clips, frames)) < share, rng.integers(0, frames, (clips, frames)), 0)
    which = np.arange(clips)[:, None]
    pairs = ((seen - seen[which, other]), (wanted - wanted[which, other]))
    return pairs[0].reshape(clips * frames, -1), pairs[1].reshape(clips * frames, -1)


def _bases(head: FlameHead) -> tuple[np.ndarray, np.ndarray]:
    """Millimetres by weight (and by radian of the jaw): every twelfth vertex of the face (3V, E + 1), and the
    landmarks' x and y (2N, E + 1), lips, brows and eyes counting most."""
    rows, small = _face_rows(head)[::12], 0.05
    rest = FlameSequence.neutral(1)
    opened = rest.replace(jaw=np.array([[small, 0.0, 0.0]]))
    jaw = (head.pose(opened) - head.pose(rest))[0, rows] / small
    face = np.concatenate([head.expression_basis[rows], jaw[..., None]], axis=2)
    trust = np.full(478, 0.4)
    trust[FACE_OVAL], trust[FOREHEAD] = 0.3, 0.1
    trust[np.r_[OUTER_LIPS, INNER_LIPS]], trust[np.r_[RIGHT_BROW, LEFT_BROW]] = 1.5, 2.5
    trust[np.r_[RIGHT_EYE, LEFT_EYE]], trust[NOSE] = 1.0, 0.8
    model, index = _fitted_model(head)
    own = trust[index] / trust[index].mean()
    basis = model.basis[:, :2, model.shape_dims : model.shape_dims + _WEIGHTS]
    shown = np.concatenate([basis, _jaw_shift(model)[..., None]], axis=2) * own[:, None, None]
    return (
        (1e3 * face).reshape(-1, _WEIGHTS + 1).astype(np.float32),
        (1e3 * shown).reshape(-1, _WEIGHTS + 1).astype(np.float32),
    )


def _jaw_shift(model: LandmarkModel) -> np.ndarray:
    """(N, 2) metres by radian of the jaw's opening, at rest."""
    arm = model.template - model.joints[2]
    shift = np.stack([np.zeros(len(arm)), -arm[:, 2]], axis=1) * model.weights[:, 2:3]
    if model.pose_basis.shape[2]:
        turn = np.zeros((4, 3, 3))
        turn[1, 1, 2], turn[1, 2, 1] = -1.0, 1.0
        shift = shift + (model.pose_basis @ turn.reshape(-1))[:, :2]
    return shift


if __name__ == "__main__":
    main()
