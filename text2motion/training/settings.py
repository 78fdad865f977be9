"""Settings of a training run from files and words: defaults in a flat dataclass, YAML and ``key=value`` only override.

Shared by every trainer whose configuration is one frozen dataclass of numbers and names.
"""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import Any

from flame.errors import ConfigError, input_error

__all__ = ["read_settings"]


def read_settings(kind: type, path: Path | None, overrides: list[str], *, example: str) -> dict[str, Any]:
    """What a YAML file and then ``key=value`` words set of a dataclass, with the types of its fields.

    Args:
        kind: a dataclass whose fields are int, float or str.
        path: the file; None for none.
        overrides: the words.
        example: of such a word, for the message.

    Raises:
        ConfigError: unknown key, wrong type, or a file that cannot be read.
    """
    values: dict[str, Any] = {} if path is None else _from_yaml(path)
    for word in overrides:
        key, separator, value = word.partition("=")
        if not separator:
            raise input_error(
                ConfigError, "an override must be key=value", word, f"write for example {example}"
            )
        values[key] = value
    known = {field.name: str(field.type) for field in fields(kind)}
    for key, value in values.items():
        if key not in known:
            names = ", ".join(sorted(known))
            raise input_error(ConfigError, "unknown training setting", key, f"use one of {names}")
        values[key] = _typed(key, value, known[key])
    return values


def _from_yaml(path: Path) -> dict[str, Any]:
    import yaml

    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise input_error(
            ConfigError, "the configuration cannot be read", path, f"check the file ({why})"
        ) from error
    if not isinstance(loaded, dict):
        raise input_error(ConfigError, "a configuration must be a mapping", path, "write key: value lines")
    return loaded


def _typed(key: str, value: Any, kind: str) -> Any:
    try:
        made = {"int": int, "float": float, "str": str}[kind](value)
    except (TypeError, ValueError, OverflowError):
        made = math.nan
    if made != made or made in (math.inf, -math.inf) or isinstance(value, bool):
        raise input_error(ConfigError, f"training setting {key} must be of type {kind}", value, "correct it")
    return made
