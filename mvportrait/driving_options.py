"""What drives the head: the options that ``animate``, ``turntable`` and ``motion`` share, checked early."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from driving.mixing import Mix, parse_mix
from flame.errors import ConfigError, input_error

__all__ = ["DRIVERS", "DrivingOptions", "check_range", "parse_strength"]

DRIVERS = ("text", "script", "audio", "video", "motion")
REGIONS = ("pose", "expression", "lips", "eyes")
NEUTRALS = ("first", "clip")
MAX_SECONDS = 600.0
MAX_FPS = 120.0
MAX_SEED = 2**32 - 1
_LONGEST_TRANSCRIPT = 20_000


@dataclass(frozen=True, kw_only=True)
class DrivingOptions:
    """What moves the head. At least one of ``text, script, audio, video, motion`` is given.

    Attributes:
        text: prompt, or an inline script ("0-2s: nods; 2-4s: smiles").
        script: script file (.yaml).
        audio: sound file, or a video with sound: what is said moves lips and head.
        video: a video of a face, whose motion is taken over.
        motion: motion file (.npz).
        mix: which driver moves what, see ``driving.mixing.parse_mix``; None: by precedence.
        start: seconds to leave out at the beginning of ``audio`` and ``video``.
        seconds: length; None: that of the audio, video, script or motion file, 3 for text alone.
        fps: frames per second; None: that of the video or motion file, else 25.
        seed: of everything random.
        intensity: strength of what a text asks for, 0 to 2.
        guidance: how far to follow a text, 1 as learnt.
        transcript: what is said in ``audio``, in words or a text file with them; sharpens the lips.
        recognise: without a transcript, sharpen the lips by the English words that are heard, where they are sure
            (needs pocketsphinx); None: where that is installed.
        style: preset of the speaker's style.
        mouth: size of the mouth's movements in speech, 1 ordinary.
        head_motion: liveliness of the head in speech, 1 ordinary, 0 still.
        face: which face of ``video``, 0 the largest.
        regions: what is taken over from ``video``: some of pose, expression, lips, eyes; "all".
        strength: factors of those regions ("pose=0.5,lips=1.2").
        neutral: what counts as rest in ``video``: its "first" frame with a face, or the "clip" as a whole.
        absolute: take the motion of ``video`` or ``motion`` as it is instead of adding it to the photo's pose.
    """

    text: str | None = None
    script: Path | None = None
    audio: Path | None = None
    video: Path | None = None
    motion: Path | None = None
    mix: str | None = None
    start: float = 0.0
    seconds: float | None = None
    fps: float | None = None
    seed: int = 0
    intensity: float = 1.0
    guidance: float = 1.0
    transcript: str | None = None
    recognise: bool | None = None
    style: str = "neutral"
    mouth: float = 1.0
    head_motion: float = 1.0
    face: int = 0
    regions: str = "all"
    strength: str | None = None
    neutral: str = "first"
    absolute: bool = False

    @property
    def drivers(self) -> tuple[str, ...]:
        """Names of the drivers that are given."""
        return tuple(name for name in DRIVERS if getattr(self, name) is not None)

    @property
    def chosen_mix(self) -> Mix:
        """The mix as the caller wants it."""
        return Mix() if self.mix is None else parse_mix(self.mix)

    def check_driving(self) -> None:
        """Raise the first thing that is wrong with what drives the head.

        Raises:
            ConfigError: no driver, one that would move nothing, a number outside its range, an option of a driver
                that is not given.
            PromptError: an empty or too long prompt.
        """
        if not self.drivers:
            rule = "nothing drives the head"
            options = "--text, --script, --audio, --video or --motion"
            raise input_error(ConfigError, rule, "no driver", f"give {options}")
        if self.text is not None:
            from text2motion import check_prompt

            check_prompt(self.text)
        self.chosen_mix.sources(self.drivers)
        self._check_absolute()
        self._check_numbers()
        self._check_belongings()
        self.chosen_regions()
        parse_strength(self.strength)

    def chosen_regions(self) -> tuple[str, ...]:
        """The regions to take over from ``video``.

        Raises:
            ConfigError: an unknown one.
        """
        names = tuple(name.strip().lower() for name in self.regions.split(","))
        if names == ("all",):
            return REGIONS
        unknown = next((name for name in names if name not in REGIONS), None)
        if unknown is not None:
            rule = "--regions are " + ", ".join(REGIONS) + " or all"
            raise input_error(ConfigError, rule, unknown, "write for example pose,lips")
        return tuple(dict.fromkeys(names))

    def _check_absolute(self) -> None:
        if self.absolute and len(self.drivers) > 1:
            given = " and ".join("--" + name for name in self.drivers)
            raise input_error(
                ConfigError, "--absolute needs a single driver", given, "leave --absolute or the others out"
            )

    def _check_numbers(self) -> None:
        if self.seconds is not None:
            check_range("--seconds", self.seconds, 0.0, MAX_SECONDS, "seconds", open_low=True)
        check_range("--start", self.start, 0.0, 86_400.0, "seconds")
        if self.fps is not None:
            check_range("--fps", self.fps, 1.0, MAX_FPS, "frames per second")
        if not 0 <= self.seed <= MAX_SEED:
            rule = f"--seed must be between 0 and {MAX_SEED}"
            raise input_error(ConfigError, rule, self.seed, "give another seed")
        check_range("--intensity", self.intensity, 0.0, 2.0, "times the ordinary")
        check_range("--guidance", self.guidance, 0.0, 10.0, "(1 follows the text as learnt)")
        check_range("--mouth", self.mouth, 0.3, 2.0, "times the ordinary")
        check_range("--head-motion", self.head_motion, 0.0, 2.0, "times the ordinary")
        if not 0 <= self.face <= 15:
            rule = "--face must be between 0 (the largest) and 15"
            raise input_error(ConfigError, rule, self.face, "give 0, 1, …")
        if self.neutral not in NEUTRALS:
            rule = "--neutral is " + " or ".join(NEUTRALS)
            raise input_error(ConfigError, rule, self.neutral, "give one of them")
        if self.transcript is not None and len(self.transcript) > _LONGEST_TRANSCRIPT:
            rule = f"--transcript may have at most {_LONGEST_TRANSCRIPT} characters"
            given = f"{len(self.transcript)} characters"
            raise input_error(ConfigError, rule, given, "give the words of this clip alone")

    def _check_belongings(self) -> None:
        """Options of a driver that is not given would do nothing: say so."""
        own: dict[str, tuple[str, ...]] = {
            "audio": ("transcript", "recognise", "style", "mouth", "head_motion"),
            "video": ("face", "regions", "strength", "neutral"),
        }
        defaults = DrivingOptions.__dataclass_fields__
        for driver, names in own.items():
            for name in names:
                value = getattr(self, name)
                if getattr(self, driver) is None and value != defaults[name].default:
                    option = "--" + name.replace("_", "-")
                    rule = f"{option} is about --{driver}, which is not given"
                    raise input_error(ConfigError, rule, value, f"add --{driver} or leave {option} out")
        if self.start and self.audio is None and self.video is None:
            rule = "--start is about --audio and --video, which are not given"
            raise input_error(ConfigError, rule, f"{self.start:g}", "leave it out")


def parse_strength(text: str | None) -> dict[str, float]:
    """``"pose=0.5,lips=1.2"`` → factors by region; those not named are 1.

    Raises:
        ConfigError: not of this form, an unknown region, a factor outside [0, 2].
    """
    factors = dict.fromkeys(REGIONS, 1.0)
    for part in () if text is None else text.split(","):
        region, _, value = (piece.strip().lower() for piece in part.partition("="))
        try:
            factor = float(value)
        except ValueError:
            factor = math.nan
        if region not in REGIONS or not 0.0 <= factor <= 2.0:
            rule = "--strength is REGION=FACTOR,… with regions " + ", ".join(REGIONS) + " and factors 0 to 2"
            raise input_error(ConfigError, rule, part, "write for example pose=0.5,lips=1.2")
        factors[region] = factor
    return factors


def check_range(
    name: str, value: float, low: float, high: float, unit: str, *, open_low: bool = False
) -> None:
    """``low`` ≤ value ≤ ``high``, finite; ``open_low`` leaves ``low`` itself out.

    Raises:
        ConfigError: outside.
    """
    inside = math.isfinite(value) and low <= value <= high and not (open_low and value == low)
    if not inside:
        bounds = f"more than {low:g} and at most {high:g}" if open_low else f"between {low:g} and {high:g}"
        raise input_error(
            ConfigError, f"{name} must be {bounds} {unit}", f"{value:g}", f"give another {name}"
        )
