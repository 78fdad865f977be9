"""Options of the latent models: nested frozen dataclasses; a YAML file and ``key=value`` override them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_type_hints

from flame.errors import ConfigError, input_error

__all__ = [
    "LATENT_PRESETS",
    "DiffusionConfig",
    "LatentConfig",
    "LatentPhase",
    "ModelConfig",
    "OptimiserConfig",
    "SamplingConfig",
    "WeightPaths",
    "load_latent_config",
    "with_weights",
]

CONFIG_NAME = "config.yaml"


@dataclass(frozen=True)
class WeightPaths:
    """Folders in diffusers' layout (safetensors only). Relative ones start at the YAML file's folder."""

    sd15: str | None = None  # with unet/, vae/ and scheduler/
    svd: str | None = None  # with unet/, vae/ and scheduler/; image_encoder/ is found inside, too
    motion_adapter: str | None = None  # AnimateDiff; without it the motion modules start from nothing
    image_encoder: str | None = None  # CLIPVisionModelWithProjection
    trained: str | None = None  # what training here wrote; without it only the public weights


@dataclass(frozen=True)
class ModelConfig:
    """What is put around the public weights."""

    image_size: int = 512  # pixels, height = width; larger frames are enlarged from this
    guidance_widths: tuple[int, ...] = (16, 32, 96, 256)  # one per level of the VAE
    image_tokens: str = "pooled"  # pooled: one token per picture; patches: one per patch and one for all
    frames_per_second: int = 25  # told to svd
    motion_bucket: int = 127  # told to svd
    photo_noise: float = 0.02  # added to svd's reference picture, and told to it


@dataclass(frozen=True)
class DiffusionConfig:
    """Noise in training; what is ``None`` is as the folder's scheduler says."""

    prediction: str | None = None  # epsilon | v_prediction | sample | flow | edm
    beta_schedule: str | None = None  # linear | scaled_linear | squaredcos_cap_v2
    zero_terminal_snr: bool | None = None  # betas rescaled so that the last step is pure noise
    min_snr_gamma: float = 5.0  # Hang et al. 2023; 0 is off
    photo_dropout: float = 0.1  # share of the clips that are trained without the photo, for guidance
    edm_log_mean: float = 0.7  # of log sigma, for edm (Stable Video Diffusion, appendix D)
    edm_log_std: float = 1.6


@dataclass(frozen=True)
class SamplingConfig:
    """From noise to frames."""

    sampler: str = "ddim"  # ddim | dpm | euler (svd: always its own Euler steps)
    steps: int = 20
    guidance_scale: float = 3.5  # 1: no classifier-free guidance, half the work
    window_frames: int = 16
    window_overlap: int = 4
    decode_chunk: int = 4  # pictures the VAE takes at once


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW at a constant rate after a warm-up."""

    learning_rate: float = 1e-5
    warmup_steps: int = 500
    weight_decay: float = 0.01
    gradient_clip: float = 1.0
    accumulate: int = 1  # batches per update
    master_weights: str = "float32"  # of what is trained: float32 | bf16 (half the memory, coarser steps)
    ema_decay: float = 0.0  # 0: no average is kept


@dataclass(frozen=True)
class LatentPhase:
    """One phase of the schedule."""

    name: str
    trains: str  # appearance | motion | views: which parameters move
    steps: int
    frames: int  # per clip
    views: int
    clips: int = 1  # per batch and process


@dataclass(frozen=True)
class LatentConfig:
    """A latent model, how it is trained and how it is used."""

    preset: str = "sd15"
    weights: WeightPaths = field(default_factory=WeightPaths)
    model: ModelConfig = field(default_factory=ModelConfig)
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    phases: tuple[LatentPhase, ...] = ()
    precision: str = "auto"  # bf16 | float32; auto is bf16 on CUDA
    gradient_checkpointing: bool = True
    max_device_gigabytes: float = 0.0  # 0: what the device has; a run estimated to need more is refused
    mirror_share: float = 0.5
    colour_jitter: float = 0.1
    seed: int = 0
    checkpoint_steps: int = 1000
    log_steps: int = 50

    def __post_init__(self) -> None:
        if self.preset not in LATENT_PRESETS:
            raise input_error(
                ConfigError, "unknown latent preset", self.preset, "use " + " or ".join(LATENT_PRESETS)
            )
        sampling = self.sampling
        for name, value, allowed in (
            ("precision", self.precision, ("auto", "bf16", "float32")),
            ("model.image_tokens", self.model.image_tokens, ("pooled", "patches")),
            ("sampling.sampler", sampling.sampler, ("ddim", "dpm", "euler")),
            ("optimiser.master_weights", self.optimiser.master_weights, ("float32", "bf16")),
            *((f"phases.{p.name}.trains", p.trains, ("appearance", "motion", "views")) for p in self.phases),
        ):
            if value not in allowed:
                raise input_error(
                    ConfigError, f"{name} must be one of {', '.join(allowed)}", value, "correct it"
                )
        if not 0 <= sampling.window_overlap < sampling.window_frames or sampling.steps < 1:
            given = (
                f"{sampling.window_frames} frames, overlap {sampling.window_overlap}, {sampling.steps} steps"
            )
            rule = "a window must be longer than its overlap and take at least one step"
            raise input_error(ConfigError, rule, given, "correct the sampling options")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as a YAML file holds them."""
        return _plain(dataclasses.asdict(self))


LATENT_PRESETS: dict[str, str] = {
    "sd15": "Stable Diffusion 1.5 and AnimateDiff, from your own folders of weights",
    "svd": "Stable Video Diffusion, from your own folder of weights",
}
"""Preset → what it is, for people."""

_PHASES = {
    "sd15": (
        LatentPhase("2d", "appearance", 120_000, 1, 1, 4),
        LatentPhase("motion", "motion", 30_000, 24, 1),
        LatentPhase("view", "views", 30_000, 8, 4),
    ),
    "svd": (
        LatentPhase("2d", "appearance", 60_000, 1, 1, 4),
        LatentPhase("motion", "motion", 30_000, 14, 1),
        LatentPhase("view", "views", 30_000, 7, 4),
    ),
}
_SAMPLING = {
    "sd15": SamplingConfig(),
    "svd": SamplingConfig(sampler="euler", steps=25, guidance_scale=2.0, window_frames=14, window_overlap=3),
}


def load_latent_config(path: Path | str | None, overrides: Sequence[str] = ()) -> LatentConfig:
    """Read a YAML file (or nothing) and apply ``key.subkey=value`` overrides, values written as YAML.

    Args:
        path: YAML file; ``None`` for the defaults. Relative weight folders start at the file's folder.
        overrides: for example ``["optimiser.learning_rate=1e-4"]``; weight folders start at the current folder.

    Raises:
        ConfigError: no such file, an unknown key, a value of the wrong kind.
    """
    import yaml

    values: dict[str, Any] = {}
    if path is not None:
        if not Path(path).is_file():
            raise input_error(ConfigError, "configuration file not found", path, "see configs/sd15.yaml")
        try:
            values = yaml.safe_load(Path(path).read_text()) or {}
        except yaml.YAMLError as error:
            raise input_error(ConfigError, "not a YAML file", f"{path} ({error})", "correct it") from error
        _absolute_weights(values, Path(path).absolute().parent)
    for override in overrides:
        _override(values, override)
    _absolute_weights(values, Path.cwd())
    return _build_config(values)


def with_weights(preset: str, weights: Path | str) -> LatentConfig:
    """The configuration behind ``--preset NAME --weights PLACE``.

    Args:
        preset: ``sd15`` or ``svd``.
        weights: a YAML file, or a folder with a ``config.yaml``, or a folder that holds the folders
            ``sd15`` or ``svd``, ``motion_adapter``, ``image_encoder`` and ``trained`` (as many as there are).

    Raises:
        ConfigError: nothing there, or the configuration is another preset's.
    """
    place = Path(weights)
    if place.is_file() or (place / CONFIG_NAME).is_file():
        config = load_latent_config(place if place.is_file() else place / CONFIG_NAME)
        if config.preset != preset:
            rule = f"the weights are for preset {config.preset}, not {preset}"
            raise input_error(ConfigError, rule, place, f"use --preset {config.preset}")
        return config
    if not place.is_dir():
        rule = "the folder of weights does not exist"
        raise input_error(ConfigError, rule, place, "give a folder as docs/big_presets.md describes it")
    names = [f.name for f in dataclasses.fields(WeightPaths) if (place / f.name).is_dir()]
    return _build_config(
        {"preset": preset, "weights": {name: str((place / name).absolute()) for name in names}}
    )


def _absolute_weights(values: Any, folder: Path) -> None:
    weights = values.get("weights") if isinstance(values, dict) else None
    if isinstance(weights, dict):
        for name, value in weights.items():
            if isinstance(value, str):
                weights[name] = str((folder / Path(value).expanduser()).absolute())


def _override(values: dict[str, Any], override: str) -> None:
    import yaml

    name, separator, text = override.partition("=")
    if not separator:
        raise input_error(ConfigError, "an override must be key=value", override, "write for example seed=3")
    *parents, last = name.split(".")
    place = values
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise input_error(ConfigError, "an override must name a single option", override, "correct it")
    place[last] = yaml.safe_load(text)


def _build_config(values: Any) -> LatentConfig:
    """Fill in what depends on the preset, then build strictly."""
    preset = values.get("preset", "sd15") if isinstance(values, Mapping) else None
    if preset in LATENT_PRESETS:
        values = dict(values)
        values.setdefault("phases", [dataclasses.asdict(phase) for phase in _PHASES[preset]])
        given = values.get("sampling") or {}
        if isinstance(given, Mapping):
            values["sampling"] = {**dataclasses.asdict(_SAMPLING[preset]), **given}
    return _build(LatentConfig, values, "config")


def _build(kind: Any, values: Any, where: str) -> Any:
    """A dataclass from a mapping; unknown keys and wrong types fail with their place named."""
    if not isinstance(values, Mapping):
        raise input_error(ConfigError, f"{where} must be a mapping", values, "write 'name: value' lines")
    hints = get_type_hints(kind)
    unknown = sorted(str(name) for name in set(values) - set(hints))
    if unknown:
        names = ", ".join(f"{where}.{name}" for name in unknown)
        raise input_error(ConfigError, "unknown option", names, "use one of " + ", ".join(hints))
    needed = [f.name for f in dataclasses.fields(kind) if _has_no_default(f) and f.name not in values]
    if needed:
        raise input_error(ConfigError, f"{where} lacks options", ", ".join(needed), "add them")
    return kind(**{name: _convert(hints[name], value, f"{where}.{name}") for name, value in values.items()})


def _has_no_default(option: dataclasses.Field[Any]) -> bool:
    return option.default is dataclasses.MISSING and option.default_factory is dataclasses.MISSING


def _convert(hint: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where)
    kinds = get_args(hint)
    if kinds and kinds[-1] is Ellipsis:
        if not isinstance(value, list | tuple):
            raise input_error(ConfigError, f"{where} must be a list", value, "write [a, b] or '- a' lines")
        return tuple(_convert(kinds[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if kinds:  # X | None
        return None if value is None else _convert(kinds[0], value, where)
    if hint is float and not isinstance(value, bool):
        try:
            return float(value)  # YAML 1.1 reads 1e-4 as text
        except (TypeError, ValueError):
            pass
    elif isinstance(value, hint) and isinstance(value, bool) == (hint is bool):
        return value
    raise input_error(ConfigError, f"{where} must be a {hint.__name__}", repr(value), "change it")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
