"""The instruction suite: prompts written as a stranger writes them, with what must be seen when they play.

The package's own is in ``suites/*.yaml``; a user's file has the same form::

    head turns:                                   # a category
      - {say: "turn your head left", see: "end yaw > 9", name: turn_left}
      - {say: "slightly left", see: "end yaw 2..16; end yaw < 0.8 x turn_left", s: 3, reserve: true}

``see`` holds checks (``text2motion.evaluation.checks``), between semicolons or as a list; all must hold. ``s``
is the clip's length in seconds [4]. ``reserve`` items count, but are not listed when they fail, so that
nobody tunes to them one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flame.errors import ConfigError, input_error
from text2motion.evaluation.checks import Check, parse_check
from text2motion.prompt import check_prompt

SUITES_FOLDER = Path(__file__).parent / "suites"
_KEYS = ("say", "see", "s", "name", "reserve")
_LONGEST_SECONDS = 60.0
_EXAMPLE = 'write for example {say: "nods twice", see: "dips pitch 2 by 3"}'


@dataclass(frozen=True)
class Instruction:
    """A prompt, its category, its length, and the checks that all must hold."""

    category: str
    prompt: str
    checks: tuple[Check, ...]
    seconds: float = 4.0
    name: str | None = None
    reserve: bool = False


def default_suite() -> tuple[Instruction, ...]:
    """The package's own suite, all files."""
    return _joined([item for path in sorted(SUITES_FOLDER.glob("*.yaml")) for item in _read(path)], "suites")


def load_suite(path: Path) -> tuple[Instruction, ...]:
    """A suite from a YAML file.

    Raises:
        ConfigError: the file cannot be read, or an item breaks the form; names the item.
    """
    return _joined(_read(path), path.name)


def _read(path: Path) -> list[Instruction]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise input_error(
            ConfigError, "a suite must be a readable YAML file", f"{path}: {error}", _EXAMPLE
        ) from error
    if not isinstance(content, dict) or not content:
        raise input_error(ConfigError, "a suite is a table of categories", path, _EXAMPLE)
    found: list[Instruction] = []
    for category, items in content.items():
        if not isinstance(items, list):
            raise input_error(ConfigError, "a category is a list of prompts", f"{path}: {category}", _EXAMPLE)
        found += [_item(str(category), item, path) for item in items]
    return found


def _item(category: str, item: Any, path: Path) -> Instruction:
    where = f"{path.name}, {category}: {item}"
    if not isinstance(item, dict) or not isinstance(item.get("say"), str) or "see" not in item:
        raise input_error(ConfigError, "an item of a suite needs say and see", where, _EXAMPLE)
    unknown = [key for key in item if key not in _KEYS]
    if unknown:
        raise input_error(
            ConfigError, "unknown key in a suite", f"{unknown[0]!r} in {where}", f"use {', '.join(_KEYS)}"
        )
    see = item["see"]
    lines = see.split(";") if isinstance(see, str) else see
    if not isinstance(lines, list) or not lines or not all(isinstance(line, str) for line in lines):
        raise input_error(ConfigError, "see must be checks as text", where, _EXAMPLE)
    seconds = item.get("s", 4.0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0.2 <= seconds <= 60.0:
        raise input_error(
            ConfigError, f"s must be seconds from 0.2 to {_LONGEST_SECONDS:g}", where, "leave it out for 4"
        )
    if not isinstance(item.get("reserve", False), bool) or not isinstance(item.get("name", ""), str):
        raise input_error(ConfigError, "reserve is true or false, name is a word", where, _EXAMPLE)
    checks = tuple(parse_check(line) for line in lines)
    prompt = check_prompt(item["say"])
    return Instruction(
        category, prompt, checks, float(seconds), item.get("name"), bool(item.get("reserve", False))
    )


def _joined(items: Sequence[Instruction], where: str) -> tuple[Instruction, ...]:
    """Refuse names that are given twice, or asked for and not given."""
    names = [item.name for item in items if item.name]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise input_error(
            ConfigError, "a name is given twice in a suite", f"{twice} in {where}", "rename one"
        )
    for item in items:
        for check in item.checks:
            if check.bound.other is not None and check.bound.other not in names:
                raise input_error(
                    ConfigError,
                    "a check compares with an item that the suite does not have",
                    f"{check.text!r} in {where}",
                    f"give that item the key name: {check.bound.other}",
                )
    return tuple(items)
