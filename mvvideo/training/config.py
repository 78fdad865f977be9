"""All options of a training run: nested frozen dataclasses; a YAML file and ``key=value`` override them."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from flame.errors import ConfigError, input_error
from mvvideo.networks.config import NetworkConfig
from mvvideo.training.critic import CriticConfig
from mvvideo.training.losses import LossWeights

__all__ = ["OptimiserConfig", "Phase", "TrainingConfig", "build_config", "load_config"]


@dataclass(frozen=True)
class Phase:
    """One phase of the schedule."""

    name: str
    share: float  # of the time budget
    frames: int  # per clip of a batch
    views: int
    motion: bool = False  # attention over frames is used
    view_attention: bool = False  # attention over views is used
    trains: str = "all"  # all | spatial (neither motion nor views) | motion | views: which parameters move

    def moves(self, parameter: str) -> bool:
        """Whether the parameter of this name is trained."""
        over_frames, over_views = ".motion." in parameter, ".view." in parameter
        return {
            "all": True,
            "spatial": not (over_frames or over_views),
            "motion": over_frames,
            "views": over_views,
        }[self.trains]


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with a cosine over the time budget."""

    learning_rate: float = 4e-4
    final_learning_rate: float = 1e-5
    discriminator_learning_rate: float = 2e-4
    warmup_steps: int = 200
    weight_decay: float = 0.01
    gradient_clip: float = 1.0
    ema_decay: float = 0.998


_PHASES = (
    Phase("2d", 0.7, 1, 1),
    Phase("motion", 0.15, 4, 1, motion=True),
    Phase("view", 0.15, 2, 2, motion=True, view_attention=True),
)


@dataclass(frozen=True)
class TrainingConfig:
    """A training run of the video model."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    losses: LossWeights = field(default_factory=LossWeights)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    critic: CriticConfig = field(default_factory=CriticConfig)
    phases: tuple[Phase, ...] = _PHASES
    seed: int = 0
    total_steps: int = 0  # length of the run in steps instead of minutes: the same on every machine
    precision: str = "auto"  # of the forward pass: bf16, float32; auto is bf16 on CUDA
    pictures_per_step: int = 64  # split into clips by each phase's frames · views
    pure_noise_share: float = 0.7  # of the clips; the others get a uniform time
    colour_jitter: float = 0.25
    mirror_share: float = 0.5
    part_scaling: tuple[float, float] = (
        1.0,
        1.0,
    )  # of mouth, eyes, brows in the guidance; 0.8 to 1.2 published
    face_scaling: tuple[float, float] = (1.0, 1.0)  # of the posed head in the guidance; 0.7 to 1.3 published
    null_reference_share: float = 0.0  # of clips without the photo: for classifier-free guidance
    null_guidance_share: float = 0.0  # of clips whose guidance the network does not see
    min_snr_gamma: float = 0.0  # weight clips by their noise, 5 published; 0: all alike
    min_snr_floor: float = 0.2  # of that weight, for the noisiest
    adversarial_from: float = 0.6  # share of the budget after which the discriminator takes part
    max_gigabytes: float = 90.0  # of clips held on the device
    wait_for_clips: int = 1  # before the first step, while actors are still being rendered
    wait_seconds: float = 0.0  # at most
    discard_loaded: bool = False  # delete training shards once they are on the device
    refresh_seconds: float = 20.0  # how often to look for new shards
    evaluate_seconds: float = 120.0
    evaluate_clips: int = 32
    checkpoint_seconds: float = 120.0
    log_steps: int = 50

    def __post_init__(self) -> None:
        if self.precision not in ("auto", "bf16", "float32"):
            raise input_error(
                ConfigError, "precision must be auto, bf16 or float32", self.precision, "correct it"
            )
        known = ("all", "spatial", "motion", "views")
        for phase in self.phases:
            if phase.trains not in known:
                rule = f"trains must be one of {', '.join(known)}"
                raise input_error(ConfigError, rule, phase.trains, "correct the phase")
        if not math.isclose(sum(phase.share for phase in self.phases), 1.0, abs_tol=1e-6):
            given = [phase.share for phase in self.phases]
            raise input_error(ConfigError, "the shares of the phases must sum to 1", given, "correct them")
        for name in ("part_scaling", "face_scaling"):
            limits = getattr(self, name)
            if len(limits) != 2 or not 0 < limits[0] <= limits[1]:
                raise input_error(
                    ConfigError, f"{name} must be two factors, the smaller first", limits, "use 0.8 and 1.2"
                )
        shares = (self.null_reference_share, self.null_guidance_share, self.min_snr_floor)
        if not all(0 <= share <= 1 for share in shares):
            raise input_error(
                ConfigError, "null shares and min_snr_floor must lie in 0 … 1", shares, "correct them"
            )


def _build(kind: Any, values: Any, where: str) -> Any:
    """A dataclass from a mapping; unknown keys and wrong types fail with their place named."""
    if not isinstance(values, Mapping):
        raise input_error(ConfigError, f"{where} must be a mapping", values, "write 'name: value' lines")
    hints = get_type_hints(kind)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        names = ", ".join(f"{where}.{name}" for name in unknown)
        raise input_error(ConfigError, "unknown option", names, "use one of " + ", ".join(hints))
    return kind(**{name: _convert(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def _convert(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where)
    if hint == tuple[Phase, ...]:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise input_error(
                ConfigError, f"{where} must be a list", value, "write one '- name: …' per phase"
            )
        return tuple(_build(Phase, item, where) for item in value)
    if isinstance(value, list):
        return tuple(value)
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    is_bool = isinstance(value, bool)
    if hint in (int, float, str, bool) and (not isinstance(value, hint) or is_bool != (hint is bool)):
        raise input_error(ConfigError, f"{where} must be a {hint.__name__}", repr(value), "change it")
    return value


def load_config(path: Path | str | None, overrides: Sequence[str] = ()) -> TrainingConfig:
    """Read a YAML file (or nothing) and apply ``key.subkey=value`` overrides, values written as YAML.

    Args:
        path: YAML file; ``None`` for the defaults.
        overrides: for example ``["optimiser.learning_rate=1e-4", "seed=3"]``.
    """
    import yaml

    values: Mapping[str, Any] = {}
    if path is not None:
        if not Path(path).is_file():
            raise input_error(ConfigError, "configuration file not found", path, "see configs/")
        try:
            values = yaml.safe_load(Path(path).read_text()) or {}
        except yaml.YAMLError as error:
            raise input_error(ConfigError, "not a YAML file", f"{path} ({error})", "correct it") from error
    return build_config(values, overrides)


def build_config(values: Mapping[str, Any], overrides: Sequence[str] = ()) -> TrainingConfig:
    """As :func:`load_config`, from the mapping that a YAML file holds; it is not changed."""
    import yaml

    changed: dict[str, Any] = copy.deepcopy(dict(values))
    for override in overrides:
        name, separator, text = override.partition("=")
        if not separator:
            raise input_error(
                ConfigError, "an override must be key=value", override, "write for example seed=3"
            )
        *parents, last = name.split(".")
        place = changed
        for parent in parents:
            place = place.setdefault(parent, {})
        value = yaml.safe_load(text)
        place[last] = float(value) if isinstance(value, str) and _is_number(value) else value
    return _build(TrainingConfig, changed, "config")


def _is_number(text: str) -> bool:
    """YAML 1.1 reads 1e-4 as a string."""
    try:
        float(text)
    except ValueError:
        return False
    return True
