"""Options of the product's commands, checked before anything heavy is imported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flame.errors import ConfigError, input_error
from mvportrait.driving_options import DrivingOptions, check_range
from mvvideo.latent.config import LATENT_PRESETS
from mvvideo.pipeline import find_preset

__all__ = ["AnimateOptions", "TurntableOptions", "check_size", "parse_views"]

MAX_VIEWS = 32
MAX_REFERENCES = 8
SIZE_MULTIPLE = 16
MIN_SIZE, MAX_SIZE = 64, 1024


@dataclass(frozen=True, kw_only=True)
class AnimateOptions(DrivingOptions):
    """What ``animate`` is asked for: what drives the head, and

    Attributes:
        reference: picture file, or ``demo`` for the bundled portrait.
        views: a number of views, or names ("front,left,right").
        cameras: camera file instead of ``views``.
        orbit_degrees: angle of the outermost views; None: 40, less where the head would turn out of sight.
        size: side of the square frames in pixels; None: 512 if the photo has the detail, else 256.
        preset: see ``mvvideo.pipeline.PRESETS``; or ``sd15``, ``svd``, with ``weights``.
        weights: folder or configuration of the big presets' weights.
        resume: go on with what an interrupted run of the same options left, and leave such work behind.
        full_frame: also the whole photo, with the front view in its place.
        mute: leave the sound of ``audio`` or ``video`` out of the videos.
        other_references: further photos of the same person.
    """

    reference: str
    views: str = "3"
    cameras: Path | None = None
    orbit_degrees: float | None = None
    size: int | None = None
    preset: str = "fast"
    weights: Path | None = None
    resume: bool = True
    full_frame: bool = False
    mute: bool = False
    other_references: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise the first thing that is wrong, in the order of the options.

        Raises:
            ConfigError: a number outside its range, an unknown preset or view, no driver.
            PromptError: an empty or too long prompt.
        """
        check_references(self.reference, self.other_references)
        self.check_driving()
        if self.cameras is None:
            check_full_frame(parse_views(self.views), self.full_frame)
        if self.orbit_degrees is not None:
            check_range("--orbit", self.orbit_degrees, 0.0, 120.0, "degrees")
        if self.size is not None:
            check_size(self.size)
        check_preset(self.preset, self.weights)
        if self.full_frame and self.preset in LATENT_PRESETS:
            given = f"preset {self.preset}"
            raise input_error(
                ConfigError, "--full-frame is for the package's own presets", given, "leave one of the two"
            )

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return as_json(self)


@dataclass(frozen=True, kw_only=True)
class TurntableOptions(DrivingOptions):
    """What ``turntable`` is asked for: one video whose camera travels round the moving portrait and back.

    Attributes:
        arc_degrees: the whole arc; the camera goes to half of it on either side.

    The other attributes are those of ``AnimateOptions``.
    """

    reference: str
    arc_degrees: float = 80.0
    size: int | None = None
    preset: str = "fast"
    resume: bool = True
    mute: bool = False
    other_references: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise the first thing that is wrong; see ``AnimateOptions.check``."""
        check_references(self.reference, self.other_references)
        self.check_driving()
        check_range("--arc", self.arc_degrees, 1.0, 240.0, "degrees")
        if self.size is not None:
            check_size(self.size)
        find_preset(self.preset)

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return as_json(self)


def as_json(options: Any) -> dict[str, Any]:
    """A frozen options dataclass as JSON values; paths as text."""
    values = asdict(options)
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


def check_references(first: str, others: tuple[str, ...]) -> None:
    """Not too many photos, and none twice."""
    given = (first, *others)
    if len(given) > MAX_REFERENCES:
        rule = f"--reference takes at most {MAX_REFERENCES} photos of a person"
        raise input_error(ConfigError, rule, len(given), "give those that show the most different sides")
    if len(set(given)) != len(given):
        twice = next(name for name in given if given.count(name) > 1)
        raise input_error(ConfigError, "--reference names a photo twice", twice, "name each photo once")


def check_full_frame(views: int | tuple[str, ...], wanted: bool) -> None:
    """The whole photo can show the front view alone: other cameras see another room."""
    if wanted and isinstance(views, tuple) and "front" not in views:
        given = "--views " + ",".join(views)
        raise input_error(
            ConfigError,
            "--full-frame needs a view from the photo's own camera",
            given,
            "add front to --views",
        )


def check_preset(preset: str, weights: Path | None) -> None:
    """A known preset, with ``weights`` where it needs them and only there."""
    if preset in LATENT_PRESETS:
        if weights is None or not weights.exists():
            rule = f"preset {preset} needs --weights, the folder of its weights"
            raise input_error(
                ConfigError, rule, weights or "not given", "see docs/big_presets.md for where to get them"
            )
        return
    find_preset(preset)
    if weights is not None:
        rule = "--weights is for the presets " + " and ".join(LATENT_PRESETS)
        raise input_error(ConfigError, rule, f"preset {preset}", "leave it out")


def check_size(size: int) -> None:
    """A multiple of 16 within the limits."""
    if not MIN_SIZE <= size <= MAX_SIZE or size % SIZE_MULTIPLE:
        rule = f"--size must be a multiple of {SIZE_MULTIPLE} between {MIN_SIZE} and {MAX_SIZE}"
        raise input_error(ConfigError, rule, size, "give 256, 384 or 512")


def parse_views(views: str) -> int | tuple[str, ...]:
    """``"3"`` → 3; ``"front,left"`` → ("front", "left").

    Raises:
        ConfigError: no views, too many, an empty or repeated name. Which names exist, the renderer says.
    """
    text = views.strip()
    try:
        count = int(text)
    except ValueError:
        count = None
    if count is not None:
        if not 1 <= count <= MAX_VIEWS:
            raise input_error(
                ConfigError, f"--views must be between 1 and {MAX_VIEWS}", text, "give 3, for example"
            )
        return count
    names = tuple(name.strip().lower() for name in text.split(","))
    if not text or not all(names):
        raise input_error(ConfigError, "--views has an empty name", repr(views), "give 3 or front,left,right")
    if len(set(names)) != len(names):
        raise input_error(ConfigError, "--views names a view twice", views, "name each view once")
    if len(names) > MAX_VIEWS:
        raise input_error(ConfigError, f"--views has more than {MAX_VIEWS} names", len(names), "give fewer")
    return names
