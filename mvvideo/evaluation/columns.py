"""Every figure that an evaluation can report: ONE table of names, units, directions and meanings."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["METRICS", "Metric"]


@dataclass(frozen=True)
class Metric:
    """A column: ``better`` is "high", "low" or "" (neither: near the real clip's, or near 1)."""

    name: str
    header: str
    better: str
    digits: int
    meaning: str


METRICS: tuple[Metric, ...] = (
    Metric("psnr", "PSNR", "high", 2, "whole picture, dB"),
    Metric("psnr_foreground", "PSNR person", "high", 2, "where the real frame shows the person, dB"),
    Metric("psnr_face", "PSNR face", "high", 2, "inside the face's outline in the real frame, dB"),
    Metric("psnr_hidden", "PSNR hidden", "high", 2, "person that the reference does not show, dB"),
    Metric("psnr_background", "PSNR backgr.", "high", 2, "background, dB"),
    Metric("ssim", "SSIM", "high", 3, "whole picture"),
    Metric("ssim_foreground", "SSIM person", "high", 3, "on the person"),
    Metric("ssim_face", "SSIM face", "high", 3, "on the face"),
    Metric("lpips", "LPIPS", "low", 3, "perceptual distance of a given network"),
    Metric(
        "lmd", "LMD %", "low", 2, "mean distance of 478 face points from the real frame's, % of face height"
    ),
    Metric(
        "aed",
        "AED %",
        "low",
        2,
        "expression: mean difference of tracked rig weights, jaw and lids, % of range",
    ),
    Metric("apd", "APD °", "low", 2, "pose: mean angle between the tracked head rotations, degrees"),
    Metric("identity", "identity", "high", 3, "cosine similarity of a given face network's embeddings"),
    Metric(
        "shape", "shape dist.", "low", 3, "distance of face proportions fitted from landmarks alone, sigma"
    ),
    Metric(
        "consistency",
        "view diff. %",
        "low",
        2,
        "colour difference of the same skin seen in two views, % of range",
    ),
    Metric(
        "flicker", "flicker %", "low", 3, "change between frames that is no motion, on the person, % of range"
    ),
    Metric(
        "sharpness",
        "sharpness",
        "",
        3,
        "gradient energy on the person over the real frame's (cross: photo's face)",
    ),
    Metric("fid", "FID", "low", 2, "Fréchet distance of a given network's picture features"),
    Metric("fvd", "FVD", "low", 2, "Fréchet distance of a given network's video features"),
    Metric("faces", "faces %", "high", 1, "frames in which a face is found"),
)
"""All of them, in the order of the report; a protocol fills those that it can."""
