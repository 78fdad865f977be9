"""The package's public names, pinned, and its lightness."""

from __future__ import annotations

import subprocess
import sys

import pytest

import flame
from flame import errors


def test_public_names_are_exactly_these():
    assert sorted(flame.__all__) == [
        "FitResult",
        "FlameHead",
        "FlameSequence",
        "apply_relative",
        "concatenate",
        "crossfade",
        "fit_landmarks",
        "frame_count",
        "frame_index",
        "load_head",
        "measure",
        "retarget",
    ]
    assert all(callable(getattr(flame, name)) for name in flame.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = flame.nonsense


def test_importing_and_using_the_motion_type_loads_nothing_heavy():
    code = (
        "import sys, flame; flame.FlameSequence.neutral(2); flame.fit_landmarks; "
        "heavy = {'torch', 'mediapipe', 'numba', 'scipy', 'cv2', 'smplx'} & set(sys.modules); "
        "sys.exit(','.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_error_messages_are_one_line_and_short():
    error = errors.input_error(errors.PromptError, "a prompt is too long", "word\n" * 5000, "shorten it")
    assert isinstance(error, ValueError)
    assert "\n" not in str(error)
    assert len(str(error)) < 250
    assert str(error).startswith("a prompt is too long: word word")
    assert str(error).endswith("; shorten it")


def test_a_missing_package_says_what_to_install():
    error = errors.MissingDependencyError("av", purpose="to read videos", install="pip install av")
    assert "pip install av" in str(error)
    assert error.exit_code == 1
