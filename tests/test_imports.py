"""The house rules about imports, and the public surface.

flame ← text2motion ← driving; flame ← renderer ← mvvideo; only mvportrait sees everything. Importing a
package is cheap: torch, mediapipe and the like come in on first use.
"""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ALLOWED: dict[str, set[str]] = {
    "flame": set(),
    "text2motion": {"flame"},
    "driving": {"flame", "text2motion"},
    "renderer": {"flame"},
    "mvvideo": {"flame", "renderer"},
    "mvportrait": {"flame", "text2motion", "driving", "renderer", "mvvideo"},
}
HEAVY = (
    "torch",
    "mediapipe",
    "transformers",
    "diffusers",
    "cv2",
    "numba",
    "scipy",
    "matplotlib",
    "av",
    "PIL",
)
# What a user's first command must not wait for, with the modules it is allowed to need.
LIGHT = ("flame", "text2motion", "driving", "renderer", "mvvideo", "mvportrait", "mvportrait.cli.app")


def _imported_packages(file: Path) -> set[str]:
    """Our packages that a file imports anywhere, in functions and for type checkers too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found & set(ALLOWED)


@pytest.mark.parametrize("package", ALLOWED)
def test_packages_import_only_what_the_rule_allows(package: str) -> None:
    wrong = []
    for file in sorted((ROOT / package).rglob("*.py")):
        if file.is_relative_to(ROOT / "flame" / "build"):
            continue  # scripts that make the head and draw its pictures; nothing imports them
        foreign = _imported_packages(file) - ALLOWED[package] - {package}
        wrong += [f"{file.relative_to(ROOT)} imports {name}" for name in sorted(foreign)]
    assert wrong == []


def test_configs_hold_no_python() -> None:
    assert list((ROOT / "configs").rglob("*.py")) == []


@pytest.mark.parametrize("module", LIGHT)
def test_importing_is_light(module: str) -> None:
    code = f"import sys, {module}; print(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("package", ALLOWED)
def test_every_public_name_exists(package: str) -> None:
    module = importlib.import_module(package)
    names = module.__all__
    assert len(names) == len(set(names))
    missing = [name for name in names if not hasattr(module, name)]
    assert missing == []
    with pytest.raises(AttributeError):
        _ = module.no_such_name


def test_the_product_surface_is_pinned() -> None:
    import mvportrait

    assert sorted(mvportrait.__all__) == [
        "AnimateOptions",
        "AnimateResult",
        "Picture",
        "TurntableOptions",
        "VideoWriter",
        "__version__",
        "animate",
        "read_picture",
        "turntable",
    ]


def test_the_version_is_the_same_everywhere() -> None:
    import mvportrait

    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{mvportrait.__version__}"' in text


@pytest.mark.parametrize("package", ALLOWED)
def test_every_package_says_what_it_owns(package: str) -> None:
    docstring = importlib.import_module(package).__doc__ or ""
    assert "Owns" in docstring
    assert "not own" in docstring
