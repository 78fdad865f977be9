from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from flame.errors import InputError, MissingDependencyError
from renderer import nvdiffrast_backend
from renderer.rasterize import antialias, interpolate, rasterize, texture
from renderer.rigs import arc

torch = pytest.importorskip("torch")
installed = importlib.util.find_spec("nvdiffrast") is not None


@pytest.mark.skipif(installed, reason="nvdiffrast is installed")
def test_without_nvdiffrast_the_error_says_what_to_install(sphere, front):
    clip = torch.from_numpy(front.to_clip(sphere[0]))
    with pytest.raises(MissingDependencyError, match="nvdiffrast is needed .* pip install"):
        rasterize(clip, torch.from_numpy(sphere[1]), (64, 64), backend="nvdiffrast")


def test_cpu_tensors_are_refused():
    with pytest.raises(InputError, match="CUDA tensor"):
        nvdiffrast_backend._cuda(torch.zeros(1), "rast")


@pytest.mark.gpu
@pytest.mark.skipif(not (installed and torch.cuda.is_available()), reason="needs CUDA and nvdiffrast")
def test_both_backends_agree(sphere, front):
    vertices, triangles = sphere
    front = front.resized(128, 128)
    clip = arc(front, 3, pivot=np.zeros(3)).to_clip(vertices)
    gpu = [torch.from_numpy(a).cuda() for a in (clip, triangles)]
    here, there = rasterize(clip, triangles, (128, 128)), rasterize(*gpu, (128, 128))
    truth = there.cpu().numpy()
    drawn = (here[..., 3] > 0) | (truth[..., 3] > 0)
    same = drawn & (here[..., 3] == truth[..., 3])
    assert same.sum() > 0.97 * drawn.sum()  # nvdiffrast snaps to 1/16 pixel
    assert np.allclose(here[same], truth[same], atol=2e-3)
    values = np.random.default_rng(0).random((1, len(vertices), 3), np.float32)
    mine = interpolate(values, truth, triangles)
    theirs = interpolate(torch.from_numpy(values).cuda(), there, gpu[1])
    assert np.allclose(mine, theirs.cpu().numpy(), atol=1e-4)
    image = np.random.default_rng(1).random((1, 16, 16, 3), np.float32)
    uv = np.random.default_rng(2).random((3, 8, 8, 2), np.float32)
    for boundary in ("wrap", "clamp"):
        theirs = texture(torch.from_numpy(image).cuda(), torch.from_numpy(uv).cuda(), boundary=boundary)
        assert np.allclose(texture(image, uv, boundary=boundary), theirs.cpu().numpy(), atol=1e-2)
    mask = (truth[..., 3:] > 0).astype(np.float32)
    soft = antialias(torch.from_numpy(mask).cuda(), there, *gpu).cpu().numpy()
    assert np.abs(antialias(mask, truth, clip, triangles) - soft).mean() < 2e-3
