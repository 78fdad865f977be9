"""Who an actor is: an :class:`ActorSpec` drawn from a seed, and which choices belong to which split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flame.errors import ConfigError, input_error
from mvvideo.actors.covers import COVERS
from mvvideo.actors.kit import LABELS, ActorKit
from mvvideo.actors.mouth import SHADES

__all__ = ["SPLITS", "ActorSpec", "sample_spec", "split_options"]

SPLITS = ("train", "heldout")
HELD_EVERY = 4
"""Every fourth option of a folder, and every tenth person, is held out of training."""
HAT_SHARE = 0.14
LONG_HAIR = ("bob01", "bob02", "braid01", "long01", "ponytail01")
NATURAL_HAIR_SRGB = (
    (18, 15, 14),
    (30, 22, 18),
    (48, 32, 22),
    (72, 47, 30),
    (104, 70, 42),
    (150, 108, 62),
    (196, 158, 104),
    (214, 190, 150),
    (120, 52, 24),
    (88, 30, 16),
    (120, 116, 112),
    (186, 184, 180),
)
DYED_HAIR_SRGB = ((150, 40, 90), (40, 70, 140), (60, 120, 80), (170, 60, 40))


@dataclass(frozen=True, eq=False)
class ActorSpec:
    """Everything that fixes an actor's looks. Colours are sRGB in [0,1].

    coefficients (C,) of the kit's identity space; skins two names mixed by skin_mix; skin_tint (3,) linear factor;
    hair, hat, glasses None when absent; stubble, makeup, freckles in [0,1]; teeth index into ``mouth.SHADES``.
    """

    seed: int
    split: str
    coefficients: np.ndarray
    labels: np.ndarray
    skins: tuple[str, str]
    skin_mix: float
    skin_tint: np.ndarray
    skin_gloss: float
    stubble: float
    makeup: float
    freckles: float
    lip_color: np.ndarray
    hair: str | None
    hair_color: np.ndarray
    brows: str
    lashes: str
    iris: str
    iris_tint: np.ndarray
    teeth: int
    clothes: str
    clothes_tint: np.ndarray
    hat: str | None
    hat_color: np.ndarray
    glasses: str | None
    glasses_color: np.ndarray


def split_options(options: tuple[str, ...], split: str, *, first_held: int = 2) -> tuple[str, ...]:
    """The options a split may use; folders with fewer than ``HELD_EVERY`` options are shared by both.

    Args:
        first_held: place of the first option that is held out, below ``HELD_EVERY``.

    Raises:
        ConfigError: unknown split.
    """
    if split not in SPLITS:
        raise input_error(ConfigError, "there is no such split", split, f"use one of {', '.join(SPLITS)}")
    if len(options) < HELD_EVERY:
        return options
    held = tuple(o for i, o in enumerate(options) if i % HELD_EVERY == first_held)
    return held if split == "heldout" else tuple(o for o in options if o not in held)


def _person(kit: ActorKit, split: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and labels: one person of the pool, moved a little toward another of the same sex and jittered."""
    pool = np.arange(kit.identities)
    held = pool % 10 == 5
    pool = pool[held] if split == "heldout" else pool[~held]
    first = int(rng.choice(pool))
    same = pool[np.abs(kit.labels[pool, 0] - kit.labels[first, 0]) < 0.3]
    second, share = int(rng.choice(same)), float(rng.uniform(0.0, 0.35))
    coefficients = (1 - share) * kit.person(first) + share * kit.person(second)
    coefficients = coefficients + rng.normal(0, 0.12, len(coefficients))
    labels = (1 - share) * kit.labels[first] + share * kit.labels[second]
    return coefficients.astype(np.float32), labels.astype(np.float32)


def _choose_skins(
    options: tuple[str, ...], person: dict[str, float], rng: np.random.Generator
) -> tuple[str, str]:
    """Two skins that suit the person, by the words in their names."""

    def fitness(name: str) -> float:
        dark = "dark" in name
        score = 0.15 + (person["african"] if dark else person["caucasian"] + person["asian"])
        score *= 1.0 if ("_female_" in name) == (person["female"] > 0.5) else 0.06
        age = person["old"]
        wanted = {"young": max(0.05, 1 - 1.6 * age), "middleage": 0.25 + age, "old": max(0.02, 2 * age - 0.5)}
        return score * next((w for word, w in wanted.items() if name.startswith(word)), 1.0)

    weight = np.array([fitness(n) for n in options])
    first, second = rng.choice(len(options), 2, p=weight / weight.sum())
    return options[int(first)], options[int(second)]


def _choose_hair(options: tuple[str, ...], person: dict[str, float], rng: np.random.Generator) -> str | None:
    female = person["female"] > 0.5
    if rng.random() < (0.03 if female else 0.14):
        return None
    weight = np.array(
        [(1.0 if n in LONG_HAIR else 0.45) if female else (0.12 if n in LONG_HAIR else 1.0) for n in options]
    )
    for i, name in enumerate(options):
        if name.startswith("afro"):
            weight[i] *= 0.2 + 2.0 * person["african"]
        if name.startswith("bob"):
            weight[i] *= 0.45  # hides an eye
    return options[int(rng.choice(len(options), p=weight / weight.sum()))]


def _choose_iris(options: tuple[str, ...], person: dict[str, float], rng: np.random.Generator) -> str:
    """Brown for most people, other colours for those of mostly European descent."""
    brown = [n for n in options if n.startswith("brown")]
    if brown and rng.random() < 1.02 - 0.75 * person["caucasian"]:
        return str(rng.choice(brown))
    return str(rng.choice(options))


def _hair_color(person: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    palette = np.array(NATURAL_HAIR_SRGB) / 255.0
    weight = np.array(
        [2, 2, 2, 1.6, 1.2, 1, 1, 0.6, 0.6, 0.6, 0.2 + 4 * person["old"], 0.1 + 4 * person["old"]]
    )
    weight[4:10] *= 0.05 + person["caucasian"]
    weight[:2] *= 1 + 6 * person["african"] + 2 * person["asian"]
    color = palette[rng.choice(len(palette), p=weight / weight.sum())]
    if rng.random() < 0.04:
        color = np.array(DYED_HAIR_SRGB)[rng.integers(len(DYED_HAIR_SRGB))] / 255.0
    return np.clip(color * rng.uniform(0.75, 1.25) * rng.uniform(0.94, 1.06, 3), 0.02, 0.95)


def sample_spec(kit: ActorKit, seed: int, *, split: str = "train") -> ActorSpec:
    """Draw an actor; the same kit, seed and split give the same actor.

    Raises:
        ConfigError: unknown split.
    """
    rng = np.random.default_rng([seed, SPLITS.index(split) if split in SPLITS else 9])
    coefficients, labels = _person(kit, split, rng)
    person = dict(zip(LABELS, labels.tolist(), strict=True))
    female = person["female"] > 0.5

    def pick(folder: str) -> str:
        return str(rng.choice(split_options(kit.options(folder), split)))

    skins = _choose_skins(split_options(kit.options("skins", "texture"), split), person, rng)
    clothes = [c for c in split_options(kit.options("clothes"), split) if not c.startswith("fedora")]
    fits = [c for c in clothes if c.startswith("female" if female else "male")] or clothes
    hair = _choose_hair(split_options(kit.options("hair"), split, first_held=3), person, rng)
    hats = [c for c in kit.options("clothes") if c.startswith("fedora")]
    hat = None
    if rng.random() < HAT_SHARE:
        hat = str(rng.choice(hats)) if hats and rng.random() < 0.3 else str(rng.choice(COVERS))
        hair = None
    hair_color = _hair_color(person, rng)
    return ActorSpec(
        seed=seed,
        split=split,
        coefficients=coefficients,
        labels=labels,
        skins=skins,
        skin_mix=float(rng.beta(0.6, 0.6)),
        skin_tint=np.exp(rng.normal(0, 0.10)) * np.exp(rng.normal(0, [0.035, 0.025, 0.045])),
        skin_gloss=float(rng.uniform(0.3, 1.4)),
        stubble=0.0 if female or person["child"] > 0.05 else float(rng.choice([0.0, rng.uniform(0.1, 0.9)])),
        makeup=float(rng.uniform(0.1, 0.9)) if female and rng.random() < 0.5 else 0.0,
        freckles=float(rng.uniform(0.2, 0.8)) if rng.random() < 0.08 else 0.0,
        lip_color=np.array([rng.uniform(0.45, 0.75), rng.uniform(0.12, 0.35), rng.uniform(0.15, 0.4)]),
        hair=hair,
        hair_color=hair_color,
        brows=pick("eyebrows"),
        lashes=pick("eyelashes"),
        iris=_choose_iris(split_options(kit.options("eyes", "texture"), split), person, rng),
        iris_tint=0.75 * np.exp(rng.normal(0, 0.15, 3)),
        teeth=int(rng.choice(len(SHADES))),
        clothes=str(rng.choice(fits)),
        clothes_tint=_fabric_color(rng),
        hat=hat,
        hat_color=_fabric_color(rng),
        glasses=str(rng.choice(["round", "square", "wide"])) if rng.random() < 0.12 else None,
        glasses_color=rng.choice([0.02, 0.05, 0.3], 1) * rng.uniform(0.5, 1.5, 3),
    )


def _fabric_color(rng: np.random.Generator) -> np.ndarray:
    """(3,) sRGB: mostly muted cloth colours, some strong ones, some black and white."""
    import colorsys

    value = rng.choice(
        [rng.uniform(0.06, 0.2), rng.uniform(0.25, 0.7), rng.uniform(0.8, 0.95)], p=[0.3, 0.5, 0.2]
    )
    saturation = rng.beta(1.0, 2.2)
    return np.array(colorsys.hsv_to_rgb(rng.random(), saturation, value))
