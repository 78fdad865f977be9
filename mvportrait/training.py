"""``mvportrait train`` hands over to the packages' own trainers; this is the hand-over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from flame.errors import ConfigError, input_error

__all__ = ["train_speech", "train_text", "train_video"]


def train_text(kind: str, config: Path | None, arguments: Sequence[str]) -> int:
    """Train ``"motion"`` or ``"emotion"``; returns the exit code of ``python -m text2motion.training``."""
    _check_config(config)
    from text2motion.training.__main__ import main

    chosen = [] if config is None else ["--config", str(config)]
    return _exit_code(main, [kind, *chosen, *arguments])


def train_speech(config: Path | None, arguments: Sequence[str]) -> int:
    """Train the speech model; returns the exit code of ``python -m driving.speech.training``."""
    _check_config(config)
    from driving.speech.training.__main__ import main

    chosen = [] if config is None else ["--config", str(config)]
    return _exit_code(main, [*chosen, *arguments])


def train_video(config: Path | None, arguments: Sequence[str]) -> int:
    """Train the video model; returns the exit code of ``python -m mvvideo.training``.

    A configuration with a line ``preset:`` is one of the big presets': then it is ``python -m mvvideo.latent``.
    """
    _check_config(config)
    if config is not None and _names_preset(config):
        from mvvideo.latent.__main__ import main
    else:
        from mvvideo.training.__main__ import main

    chosen = [] if config is None else ["--config", str(config)]
    return _exit_code(main, [*chosen, *arguments])


def _exit_code(main: Callable[[list[str]], int], arguments: list[str]) -> int:
    """Run a trainer; its own usage errors end as exit code 2."""
    try:
        return main(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 2


def _names_preset(config: Path) -> bool:
    lines = config.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(line.startswith("preset:") for line in lines)


def _check_config(config: Path | None) -> None:
    if config is not None and not config.is_file():
        raise input_error(
            ConfigError, "configuration file not found", config, "give a YAML file, see configs/"
        )
