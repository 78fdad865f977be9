"""MakeHuman's morph targets and a sampler of plausible adults (and a few children).

A target is a sparse displacement of the 19,158 vertex base mesh in decimetres. ``sample_identity`` mixes the
macro targets (ancestry x sex x age, and sex x age x muscle x weight) and jitters the detail sliders. The slider
spread of 0.18 keeps faces plausible; 0.35 reads as caricature.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flame.errors import AssetError, input_error

__all__ = ["IdentitySample", "TargetStore", "sample_identity"]

ANCESTRIES = ("african", "asian", "caucasian")
AGES = ("child", "young", "old")
LEVELS = ("min", "average", "max")
DETAIL_FOLDERS = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose")
OPPOSITES = (
    ("decr", "incr"),
    ("down", "up"),
    ("in", "out"),
    ("backward", "forward"),
    ("concave", "convex"),
    ("compress", "uncompress"),
    ("angle-down", "angle-up"),
)
BODY_SLIDERS = (
    "torso/torso-scale-horiz",
    "torso/torso-scale-depth",
    "measure/measure-shoulder-dist",
    "measure/measure-neck-circ",
    "measure/measure-neck-height",
)
VECTOR_UNIT_DM = 1e-3


@dataclass(frozen=True)
class IdentitySample:
    """What a sampled person is: target weights by name, and the labels that choose skin, hair and clothes.

    female, age_old, age_child in [0,1]; ancestry (3,) mixing weights (african, asian, caucasian), sum 1.
    """

    weights: dict[str, float]
    female: float
    age_old: float
    age_child: float
    ancestry: tuple[float, float, float]

    @property
    def labels(self) -> np.ndarray:
        """(6,) f32: female, old, child, african, asian, caucasian."""
        return np.asarray([self.female, self.age_old, self.age_child, *self.ancestry], np.float32)


class TargetStore:
    """Lazy access to the targets file (``targets.npz``: uint16 index / int16 vector, thousandths of a decimetre).

    Raises:
        AssetError: the file is missing or is not that file.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise input_error(
                AssetError,
                "the targets file cannot be read",
                path,
                "give targets.npz of the makehuman package",
            ) from error
        self.names = tuple(
            sorted(n[8:-6] for n in self._file.files if n.startswith("targets/") and n.endswith(".index"))
        )
        if not self.names:
            raise input_error(
                AssetError,
                "the targets file holds no targets",
                path,
                "give targets.npz of the makehuman package",
            )

    def displacement(self, name: str, vertex_count: int) -> np.ndarray:
        """(V,3) f32 displacement of one target in decimetres."""
        out = np.zeros((vertex_count, 3), np.float32)
        index = self._file[f"targets/{name}.index"].astype(np.int64)
        out[index] = self._file[f"targets/{name}.vector"].astype(np.float32) * VECTOR_UNIT_DM
        return out

    def sliders(self) -> list[tuple[str | None, str | None]]:
        """(negative, positive) target names of the detail sliders of the head."""
        known = set(self.names)
        pairs: list[tuple[str | None, str | None]] = []
        used: set[str] = set()
        names = [n for n in self.names if n.split("/")[0] in DETAIL_FOLDERS]
        names += [f"{b}-{s}" for b in BODY_SLIDERS for s in ("decr", "incr")]
        for name in names:
            if name in used or name not in known:
                continue
            for low, high in OPPOSITES:
                if name.endswith("-" + low) and name[: -len(low)] + high in known:
                    pairs.append((name, name[: -len(low)] + high))
                    used.update(pairs[-1])  # type: ignore[arg-type]
                    break
            else:
                if not any(
                    name.endswith("-" + high) and name[: -len(high)] + low in known for low, high in OPPOSITES
                ):
                    pairs.append((None, name))
                    used.add(name)
        return pairs

    def asymmetries(self) -> list[str]:
        """Names of the asymmetry targets of the head."""
        return [n for n in self.names if n.startswith("asym/asym-")]


def _macro_weights(
    female: float, ages: np.ndarray, ancestry: np.ndarray, muscle: float, weight: float
) -> Iterator[tuple[str, float]]:
    """Products of the one-dimensional mixing weights, as MakeHuman multiplies them."""

    def level(value: float) -> np.ndarray:
        return np.array([max(0.0, -value), 1.0 - abs(value), max(0.0, value)])

    sexes = {"female": female, "male": 1.0 - female}
    for sex, (age, age_weight) in itertools.product(sexes, zip(AGES, ages, strict=True)):
        share = sexes[sex] * float(age_weight)
        for race, race_weight in zip(ANCESTRIES, ancestry, strict=True):
            yield f"macrodetails/{race}-{sex}-{age}", share * float(race_weight)
        for (m, mw), (w, ww) in itertools.product(
            zip(LEVELS, level(muscle), strict=True), zip(LEVELS, level(weight), strict=True)
        ):
            yield f"macrodetails/universal-{sex}-{age}-{m}muscle-{w}weight", share * float(mw * ww)


def sample_identity(
    store: TargetStore, rng: np.random.Generator, *, slider_sigma: float = 0.18
) -> IdentitySample:
    """Draw one person.

    Args:
        store: the targets.
        rng: source of randomness.
        slider_sigma: standard deviation of a detail slider (1 = the target in full).
    """
    female = float(rng.choice([rng.beta(0.35, 4.0), 1.0 - rng.beta(0.35, 4.0)]))
    old = float(rng.beta(0.8, 1.6)) * 0.9
    child = float(rng.uniform(0.1, 0.5)) if rng.random() < 0.06 else 0.0
    old = 0.0 if child else old
    ancestry = rng.dirichlet([0.45, 0.45, 0.55])
    weights: dict[str, float] = {}
    muscle, weight = np.clip(rng.normal(0, 0.4, 2), -0.9, 0.9)
    ages = np.array([child, 1.0 - child - old, old])
    for name, value in _macro_weights(female, ages, ancestry, float(muscle), float(weight)):
        if value > 1e-4:
            weights[name] = value
    tied: dict[str, float] = {}
    for low, high in store.sliders():
        name = high or low or ""
        stem = name.replace("/l-", "/").replace("/r-", "/")
        value = tied.setdefault(stem, float(rng.normal(0, slider_sigma)))
        value = float(np.clip(value + (rng.normal(0, 0.03) if stem != name else 0.0), -0.7, 0.7))
        chosen = high if value > 0 else low
        if chosen is not None:
            weights[chosen] = abs(value)
        elif low is None and high is not None:
            weights[high] = abs(value) * 0.6
    for name in store.asymmetries():
        weights[name] = float(abs(rng.normal(0, 0.15)))
    return IdentitySample(
        weights, female, old, child, (float(ancestry[0]), float(ancestry[1]), float(ancestry[2]))
    )
