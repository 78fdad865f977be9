"""Torch gradients through the CPU rasteriser, for tensors that ask for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from renderer import numba_backend, numba_gradients

__all__ = ["Interpolate", "Rasterize"]


class Rasterize(torch.autograd.Function):
    """clip (B, V, 4) → rast (B, H, W, 4), with the analytic gradient of u, v and z/w."""

    @staticmethod
    def forward(
        ctx: Any, clip: torch.Tensor, triangles: np.ndarray, size: tuple[int, int], threads: int | None
    ) -> torch.Tensor:
        positions = clip.detach().contiguous().numpy()
        rast = torch.from_numpy(numba_backend.rasterize(positions, triangles, size, threads=threads))
        ctx.save_for_backward(clip, rast)
        ctx.triangles, ctx.threads = triangles, threads
        return rast

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor, None, None, None]:  # type: ignore[override]
        clip, rast = ctx.saved_tensors
        gradient = numba_gradients.rasterize_backward(
            clip.detach().contiguous().numpy(),
            ctx.triangles,
            rast.numpy(),
            given.contiguous().numpy(),
            threads=ctx.threads,
        )
        return torch.from_numpy(gradient), None, None, None


class Interpolate(torch.autograd.Function):
    """attributes (B or 1, V, C) at rast (B, H, W, 4) → (B, H, W, C), with both gradients."""

    @staticmethod
    def forward(
        ctx: Any, attributes: torch.Tensor, rast: torch.Tensor, triangles: np.ndarray, threads: int | None
    ) -> torch.Tensor:
        ctx.save_for_backward(attributes, rast)
        ctx.triangles, ctx.threads = triangles, threads
        values, grid = attributes.detach().contiguous().numpy(), rast.detach().contiguous().numpy()
        return torch.from_numpy(numba_backend.interpolate(values, grid, triangles, threads=threads))

    @staticmethod
    def backward(ctx: Any, given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None]:  # type: ignore[override]
        attributes, rast = ctx.saved_tensors
        by_attribute, by_rast = numba_gradients.interpolate_backward(
            attributes.detach().contiguous().numpy(), rast.detach().contiguous().numpy(), ctx.triangles,
            given.contiguous().numpy(), threads=ctx.threads,
        )  # fmt: skip
        return torch.from_numpy(by_attribute), torch.from_numpy(by_rast), None, None
