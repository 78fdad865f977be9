"""Checks of numbers that several packages take from their callers."""

from __future__ import annotations

import math

from flame.errors import ConfigError, input_error

__all__ = ["check_between"]


def check_between(name: str, value: object, low: float, high: float) -> None:
    """Raise unless ``value`` is a finite number with ``low`` ≤ value ≤ ``high``.

    Raises:
        ConfigError: it is not; the message calls it ``name``.
    """
    if not (isinstance(value, (int, float)) and math.isfinite(value) and low <= value <= high):
        raise input_error(
            ConfigError, f"{name} must be between {low:g} and {high:g}", value, "give a number in that range"
        )
