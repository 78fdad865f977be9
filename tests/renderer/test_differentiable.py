from __future__ import annotations

import numpy as np
import pytest

from renderer.rasterize import interpolate, rasterize
from renderer.rigs import arc

torch = pytest.importorskip("torch")
SIZE = (40, 40)


def plain(clip, attributes, triangles, rast):
    """u, v, z/w and attributes of the triangles in ``rast``, by torch alone, in float64: (pixels, 3 + C)."""
    view, row, column = torch.nonzero(rast[..., 3] > 0, as_tuple=True)
    corners = triangles[(rast[view, row, column, 3].long() - 1)].long()  # (P, 3)
    position = clip[view[:, None], corners]  # (P, 3, 4)
    x = (column + 0.5) * 2 / SIZE[1] - 1
    y = (row + 0.5) * 2 / SIZE[0] - 1
    pixel = torch.stack([x, y, torch.ones_like(x)], -1).double()
    edges = torch.cross(position.roll(-1, 1)[..., [0, 1, 3]], position.roll(-2, 1)[..., [0, 1, 3]], dim=-1)
    a = (edges * pixel[:, None]).sum(-1)
    b = a / a.sum(-1, keepdim=True)  # (P, 3)
    z, w = (b * position[..., 2]).sum(-1), (b * position[..., 3]).sum(-1)
    value = (b[..., None] * attributes[view.clamp(max=len(attributes) - 1)[:, None], corners]).sum(1)
    return torch.cat([b[:, :2], (z / w)[:, None], value], -1)


@pytest.mark.parametrize("views, shared", [(1, True), (3, False), (2, True)])
def test_forward_and_backward_agree_with_plain_torch(sphere, front, views, shared):
    vertices, faces = sphere
    random = np.random.default_rng(views)
    cameras = arc(front.resized(*SIZE), views, pivot=np.zeros(3))
    clip = torch.tensor(cameras.to_clip(vertices), requires_grad=True)
    values = random.normal(size=(1 if shared else views, len(vertices), 4)).astype(np.float32)
    attributes = torch.tensor(values, requires_grad=True)
    triangles = torch.from_numpy(faces)

    rast = rasterize(clip, triangles, SIZE)
    shown = interpolate(attributes, rast, triangles)
    drawn = rast[..., 3] > 0
    mine = torch.cat([rast[drawn][:, :3], shown[drawn]], -1)

    clip64 = clip.detach().double().requires_grad_()
    attributes64 = attributes.detach().double().requires_grad_()
    theirs = plain(clip64, attributes64, triangles, rast.detach())
    # Pixels a hair outside their triangle are clamped into it: leave the thinnest slivers out of both.
    inside = ((theirs[:, :2] > 1e-3).all(-1) & (theirs[:, :2].sum(-1) < 1 - 1e-3)).detach()
    assert inside.double().mean() > 0.95
    assert torch.allclose(mine[inside].double(), theirs[inside], atol=1e-4)

    weight = torch.from_numpy(random.normal(size=tuple(mine.shape))) * inside[:, None]
    (mine * weight.float()).sum().backward()
    (theirs * weight).sum().backward()
    for ours, truth in ((clip.grad, clip64.grad), (attributes.grad, attributes64.grad)):
        scale = truth.abs().max()
        assert scale > 0
        assert (ours.double() - truth).abs().max() < 1e-3 * scale


def test_gradients_find_a_translation(front, sphere):
    """Gradient descent on a shaded image moves a mesh back to where the target was drawn."""
    vertices, faces = sphere
    camera = front.resized(*SIZE)
    base = torch.from_numpy(vertices.astype(np.float32))
    values, matrix = base.clone(), torch.from_numpy(camera.clip_from_world[0].astype(np.float32))

    def draw(offset):
        points = torch.cat([base + offset, torch.ones(len(base), 1)], -1) @ matrix.T
        rast = rasterize(points[None], faces, SIZE)
        return interpolate(values[None], rast, faces), rast[..., 3] > 0

    with torch.no_grad():
        target, target_mask = draw(torch.tensor([0.012, -0.008, 0.0]))
    offset = torch.zeros(3, requires_grad=True)
    optimizer = torch.optim.Adam([offset], lr=1e-3)
    for _ in range(60):
        image, mask = draw(offset)
        both = (mask & target_mask)[..., None]
        loss = ((image - target) * both).square().sum() / both.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert torch.allclose(offset[:2], torch.tensor([0.012, -0.008]), atol=1.5e-3)


def test_without_gradients_nothing_is_recorded(sphere, front):
    clip = torch.from_numpy(front.to_clip(sphere[0]))
    assert not rasterize(clip, sphere[1], SIZE).requires_grad
