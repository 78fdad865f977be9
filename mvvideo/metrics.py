"""How close and how sharp predicted pictures are, by region: the figures that the video model is judged by.

All pictures are ``(N, 3, H, W)`` in [0, 1]. Regions come from the truth: ``foreground`` (alpha > 0.5),
``hidden`` (foreground that the reference photo does not show), ``visible`` (foreground that it shows),
``background`` (alpha < 0.05) and ``hole`` (background behind the person in the photo).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch.nn import functional

__all__ = [
    "REGIONS",
    "ScoreTable",
    "contact_sheet",
    "gradient_magnitude",
    "masked_psnr",
    "region_masks",
    "ssim_map",
]

REGIONS = ("foreground", "hidden", "visible", "background", "hole")
_FEWEST_PIXELS = 64
_YAW_EDGES = (0.0, 15.0, 30.0, 50.0, 180.0)


def region_masks(
    alpha: torch.Tensor, seen: torch.Tensor, background_known: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Boolean masks ``(N, 1, H, W)`` by name, from values in [0, 1] of that shape."""
    foreground, background = alpha > 0.5, alpha < 0.05
    return {
        "foreground": foreground,
        "hidden": foreground & (seen < 0.5),
        "visible": foreground & (seen >= 0.5),
        "background": background,
        "hole": background & (background_known < 0.5),
    }


def masked_psnr(prediction: torch.Tensor, truth: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """PSNR in dB of every picture over its mask ``(N,)``; NaN where the mask has under 64 pixels."""
    count = mask.flatten(1).sum(1)  # (N,)
    error = ((prediction - truth).square().mean(1, keepdim=True) * mask).flatten(1).sum(1) / count.clamp(
        min=1
    )
    psnr = -10 * torch.log10(error.clamp(min=1e-8))
    return torch.where(count >= _FEWEST_PIXELS, psnr, torch.full_like(psnr, float("nan")))


def gradient_magnitude(image: torch.Tensor) -> torch.Tensor:
    """Length of the forward-difference gradient of luminance, ``(N, 1, H, W)``; zero at the far border."""
    luminance = (image * image.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)
    dx = functional.pad(luminance[..., :, 1:] - luminance[..., :, :-1], (0, 1))
    dy = functional.pad(luminance[..., 1:, :] - luminance[..., :-1, :], (0, 0, 0, 1))
    return (dx.square() + dy.square() + 1e-12).sqrt()


def ssim_map(a: torch.Tensor, b: torch.Tensor, *, window: int = 11, sigma: float = 1.5) -> torch.Tensor:
    """Structural similarity per pixel, mean of channels, ``(N, 1, H, W)`` (Wang et al. 2004; zero border)."""
    offsets = torch.arange(window, device=a.device, dtype=a.dtype) - window // 2
    line = torch.exp(-offsets.square() / (2 * sigma**2))
    line = line / line.sum()
    channels = a.shape[1]
    kernel_x = line.expand(channels, 1, 1, window)
    kernel_y = line[:, None].expand(channels, 1, window, 1)

    def blur(x: torch.Tensor) -> torch.Tensor:
        x = functional.conv2d(x, kernel_x, padding=(0, window // 2), groups=channels)
        return functional.conv2d(x, kernel_y, padding=(window // 2, 0), groups=channels)

    mean_a, mean_b = blur(a), blur(b)
    variance_a = blur(a * a) - mean_a.square()
    variance_b = blur(b * b) - mean_b.square()
    covariance = blur(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    numerator = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (numerator / ((mean_a.square() + mean_b.square() + c1) * (variance_a + variance_b + c2))).mean(
        1, True
    )


@dataclass
class ScoreTable:
    """Collects scores picture by picture; rows are competitors such as ``appearance`` and ``model``.

    PSNR is the mean over pictures of each picture's PSNR over the region. ``gradient_ratio`` is the
    foreground's summed gradient magnitude over the truth's: below 1 means blurred.
    """

    _psnr: dict[str, dict[str, list[torch.Tensor]]] = field(default_factory=dict)
    _ssim: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    _gradient: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    _yaw: dict[str, list[torch.Tensor]] = field(default_factory=dict)

    def add(
        self,
        row: str,
        prediction: torch.Tensor,
        truth: torch.Tensor,
        masks: Mapping[str, torch.Tensor],
        *,
        yaw_degrees: torch.Tensor,
    ) -> None:
        """Score N pictures for one row; ``yaw_degrees (N,)`` is their turn away from the photo."""
        regions = self._psnr.setdefault(row, {name: [] for name in REGIONS})
        for name in REGIONS:
            regions[name].append(masked_psnr(prediction, truth, masks[name]).cpu())
        self._ssim.setdefault(row, []).append(ssim_map(prediction, truth).flatten(1).mean(1).cpu())
        inside = masks["foreground"]
        pair = [(gradient_magnitude(x) * inside).flatten(1).sum(1).cpu() for x in (prediction, truth)]
        self._gradient.setdefault(row, []).append(torch.stack(pair, 1))
        self._yaw.setdefault(row, []).append(yaw_degrees.abs().cpu())

    def summary(self) -> dict[str, dict[str, float]]:
        """Row → name → figure: PSNR per region and yaw band, ``ssim``, ``gradient_ratio``."""
        result: dict[str, dict[str, float]] = {}
        for row, regions in self._psnr.items():
            scores = {f"psnr_{name}": _nanmean(torch.cat(values)) for name, values in regions.items()}
            scores["ssim"] = float(torch.cat(self._ssim[row]).mean())
            energy = torch.cat(self._gradient[row]).sum(0)
            scores["gradient_ratio"] = float(energy[0] / energy[1].clamp(min=1e-9))
            yaw, foreground = torch.cat(self._yaw[row]), torch.cat(regions["foreground"])
            for low, high in pairwise(_YAW_EDGES):
                inside = (yaw >= low) & (yaw < high)
                scores[f"psnr_foreground_yaw_{low:.0f}_{high:.0f}"] = _nanmean(foreground[inside])
            scores["pictures"] = float(len(yaw))
            result[row] = scores
        return result

    def to_text(self) -> str:
        """The summary as an aligned table, one line per row."""
        summary = self.summary()
        names = list(next(iter(summary.values()), {}))
        short = [name.replace("psnr_foreground_yaw_", "fg@").replace("psnr_", "") for name in names]
        lines = [" ".join([f"{'':12s}", *(f"{name:>10s}" for name in short)])]
        for row, scores in summary.items():
            lines.append(" ".join([f"{row:12s}", *(f"{scores[name]:10.3f}" for name in names)]))
        return "\n".join(lines)


def _nanmean(values: torch.Tensor) -> float:
    finite = values[~values.isnan()]
    return float(finite.mean()) if len(finite) else float("nan")


def contact_sheet(rows: Iterable[Iterable[torch.Tensor]]) -> torch.Tensor:
    """Pictures ``(3, H, W)`` of one size, row by row, as one picture ``(3, R·H, C·W)``."""
    return torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
