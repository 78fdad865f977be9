"""The mean adult, and random identities around it, as mixtures of MakeHuman's morph targets."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from flame.build.source import Targets

RACES = ("african", "asian", "caucasian")
GENDERS = ("female", "male")
DETAIL_FOLDERS = ("head", "forehead", "eyebrows", "eyes", "nose", "mouth", "ears", "chin", "cheek", "neck")
OPPOSITES = (
    ("-decr", "-incr"),
    ("-in", "-out"),
    ("-down", "-up"),
    ("-backward", "-forward"),
    ("-concave", "-convex"),
    ("-compress", "-uncompress"),
    ("-nipple-down", "-nipple-up"),
)


@dataclass(frozen=True)
class Identity:
    """One person in MakeHuman's terms. Every mapping holds weights that sum to one."""

    race: dict[str, float]
    gender: dict[str, float]
    age: dict[str, float]
    muscle: dict[str, float]
    weight: dict[str, float]


MEAN_ADULT = Identity(
    race=dict.fromkeys(RACES, 1 / 3),
    gender={"female": 0.5, "male": 0.5},
    age={"young": 0.85, "old": 0.15},
    muscle={"averagemuscle": 1.0},
    weight={"averageweight": 1.0},
)


def macro_weights(person: Identity) -> dict[str, float]:
    """Target name -> weight. Macro targets multiply: race x gender x age, gender x age x muscle x weight."""
    out: dict[str, float] = {}
    for gender, g in person.gender.items():
        for age, a in person.age.items():
            for race, r in person.race.items():
                out[f"macrodetails/{race}-{gender}-{age}"] = r * g * a
            for muscle, m in person.muscle.items():
                for weight, w in person.weight.items():
                    out[f"macrodetails/universal-{gender}-{age}-{muscle}-{weight}"] = g * a * m * w
    return {name: value for name, value in out.items() if value > 0}


def shape_of(targets: Targets, person: Identity) -> np.ndarray:
    """Displacement of all base vertices (19158, 3), metres, that makes the bare base mesh this person."""
    field = np.zeros(())
    for name, value in macro_weights(person).items():
        if name in targets.names:  # "averagemuscle-averageweight" of some ages is the base itself
            field = field + value * targets.dense(name)
    return field


def expression_unit(targets: Targets, unit: str, person: Identity = MEAN_ADULT) -> np.ndarray:
    """One legacy expression unit, averaged over the races as the person is (19158, 3), metres."""
    parts = (w * targets.dense(f"expression/units/{race}/{unit}") for race, w in person.race.items())
    return sum(parts, np.zeros(()))


def detail_sliders(targets: Targets) -> list[tuple[str | None, str | None]]:
    """Pairs (target at -1, target at +1) of the detail modifiers of head and neck; None where one-sided.

    Left and right of an eye, ear or cheek are one slider here ("l-eye-…" stands for both): asymmetry has
    its own targets (``asymmetry_sliders``).
    """
    names = [n for n in targets.names if n.split("/")[0] in DETAIL_FOLDERS and not re.search(r"/r-", n)]
    pairs: list[tuple[str | None, str | None]] = []
    seen: set[str] = set()
    for name in names:
        if name in seen:
            continue
        for low, high in OPPOSITES:
            if name.endswith(low) and name[: -len(low)] + high in names:
                pairs.append((name, name[: -len(low)] + high))
                break
            if name.endswith(high) and name[: -len(high)] + low in names:
                pairs.append((name[: -len(high)] + low, name))
                break
        else:
            pairs.append((None, name))
        seen.update(n for n in pairs[-1] if n)
    return pairs


def asymmetry_sliders(targets: Targets) -> list[tuple[str, str]]:
    """Pairs (…-l, …-r) of the asymmetry targets of the head."""
    lefts = [n for n in targets.names if re.match(r"asym/asym-.*-l$", n)]
    return [(n, n[:-1] + "r") for n in lefts]
