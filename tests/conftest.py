"""What every test may ask for. Seeds are fixtures, not global state; real inputs are optional."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

# Quiet native libraries before anything imports them.
os.environ.setdefault("GLOG_minloglevel", "3")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator, new for every test."""
    return np.random.default_rng(20240501)


@pytest.fixture(autouse=True)
def _no_training_shares_its_precision():
    """accelerate keeps device and precision for the whole process, which is one training's at most."""
    yield
    state = sys.modules.get("accelerate.state")
    if state is not None:
        state.AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="session")
def real_inputs() -> Path:
    """The folder of real portraits, clips and motion files named by MVPORTRAIT_REAL_INPUTS."""
    folder = os.environ.get("MVPORTRAIT_REAL_INPUTS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("MVPORTRAIT_REAL_INPUTS names no folder of real inputs")
    return Path(folder)


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A public-domain photograph of a face, (512, 512, 3) uint8 RGB, from scikit-image."""
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.astronaut())


@pytest.fixture(scope="session")
def photo_file(photo: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photograph as a PNG file."""
    from PIL import Image

    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(photo).save(path)
    return path


@pytest.fixture(autouse=True)
def _no_gpu_test_without_gpu(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("gpu") is not None:
        import torch

        if not torch.cuda.is_available():
            pytest.skip("no CUDA device")
