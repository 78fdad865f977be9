"""The identity space: random MakeHuman people, and the principal components of their heads."""

from __future__ import annotations

import numpy as np

from flame.build.cut import CutMesh
from flame.build.macro import GENDERS, RACES, Identity, asymmetry_sliders, detail_sliders, macro_weights
from flame.build.source import Targets

SLIDER_SIGMA = 0.18
"""Spread of a detail slider (range -1..1): 0.18 looks like people, 0.35 like caricatures."""
ASYMMETRY_SIGMA = 0.12
LEFT_OUT = ("head/head-trans-", "neck/neck-trans-", "head/head-age")
"""Sliders that only shift the head over the shoulders, or repeat the macro age."""


def random_person(rng: np.random.Generator) -> Identity:
    """An adult: race a Dirichlet mix, gender mostly clear, age 20-70, muscle and weight around average."""
    race = rng.dirichlet(np.full(len(RACES), 0.6))
    male = rng.beta(0.6, 0.6)
    old = float(rng.beta(0.8, 1.6))
    return Identity(
        race=dict(zip(RACES, race.tolist())),
        gender=dict(zip(GENDERS, (1 - male, male))),
        age={"young": 1 - old, "old": old},
        muscle=_three_way(rng.normal(0, 0.4), "muscle"),
        weight=_three_way(rng.normal(0, 0.45), "weight"),
    )


def _three_way(value: float, what: str) -> dict[str, float]:
    """-1..1 as MakeHuman mixes it: min, average, max."""
    value = float(np.clip(value, -1, 1))
    return {f"min{what}": max(-value, 0.0), f"average{what}": 1 - abs(value), f"max{what}": max(value, 0.0)}


def random_weights(rng: np.random.Generator, targets: Targets) -> dict[str, float]:
    """Target name -> weight for one random person, macro and details."""
    weights = {n: w for n, w in macro_weights(random_person(rng)).items() if n in targets.names}

    def add(name: str | None, value: float) -> None:
        if name is not None and value > 0:
            weights[name] = weights.get(name, 0.0) + value

    for low, high in detail_sliders(targets):
        value = float(np.clip(rng.normal(0, SLIDER_SIGMA), -0.6, 0.6))
        if (low or high or "").startswith(LEFT_OUT):
            continue
        name = low if value < 0 else high
        add(name, abs(value))
        if name is not None and "/l-" in name:
            add(name.replace("/l-", "/r-"), abs(value))
    for left, right in asymmetry_sliders(targets):
        value = float(rng.normal(0, ASYMMETRY_SIGMA))
        add(left if value < 0 else right, abs(value))
    return weights


def identity_fields(targets: Targets, mesh: CutMesh, people: list[dict[str, float]]) -> np.ndarray:
    """Displacements (N, V, 3) of the head for target weights of N people, relative to the bare base mesh."""
    used = np.unique(mesh.carry.indices)
    names = sorted({name for person in people for name in person})
    column = {name: i for i, name in enumerate(names)}
    fields = np.stack([targets.dense(name)[used].ravel() for name in names]).astype(np.float32)
    mix = np.zeros((len(people), len(names)), np.float32)
    for row, person in enumerate(people):
        for name, value in person.items():
            mix[row, column[name]] = value
    base = (mix @ fields).reshape(len(people), len(used), 3)
    carry = mesh.carry[:, used].astype(np.float32)  # (V, used)
    flat = carry @ base.transpose(1, 0, 2).reshape(len(used), -1)
    return flat.reshape(-1, len(people), 3).transpose(1, 0, 2)


def principal_shapes(fields: np.ndarray, *, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Components (V, 3, components), scaled so that coefficients are ~N(0, 1), and the variances kept.

    fields: (N, V, 3) displacements of N people. The sign makes each component's largest entry positive.
    """
    n, v = fields.shape[:2]
    centred = (fields - fields.mean(0)).reshape(n, -1).astype(np.float64)
    values, vectors = np.linalg.eigh(centred @ centred.T / (n - 1))
    values, vectors = values[::-1], vectors[:, ::-1]
    basis = centred.T @ vectors[:, :components] / np.sqrt(n - 1)  # columns of length sqrt(value)
    largest = np.abs(basis).argmax(0)
    basis *= np.sign(basis[largest, np.arange(components)])
    return basis.reshape(v, 3, components), values[:components] / values.sum()


def sample_people(targets: Targets, *, count: int, seed: int) -> list[dict[str, float]]:
    """Target weights of ``count`` random people."""
    rng = np.random.default_rng(seed)
    return [random_weights(rng, targets) for _ in range(count)]
