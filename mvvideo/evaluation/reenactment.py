"""The protocols that run on clips, one frame at a time: memory does not grow with the clip.

``self``: a clip's first frame is the reference and the clip's own tracked motion the driver, so every frame has a
real one to be compared with. ``cross``: the motion is somebody else's, and there is no truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mvvideo.evaluation.competitors import STILL, TRUTH
from mvvideo.evaluation.faces import (
    FaceFollower,
    aligned_face,
    expression_difference,
    portrait_tracker,
    pose_difference_degrees,
    shape_distance,
)
from mvvideo.evaluation.flicker import FlickerMeter
from mvvideo.evaluation.frechet import GaussianStatistics, frechet_distance
from mvvideo.evaluation.hooks import VIDEO_FRAMES, Hooks
from mvvideo.evaluation.scores import Mean

if TYPE_CHECKING:
    from flame.fitting.track import FaceTracker
    from flame.sequence import FlameSequence
    from mvvideo.portrait import Portrait
    from mvvideo.portrait.detect import FaceFinder

__all__ = ["CrossScorer", "SelfScorer"]

SHAPE_FRAMES = 8
"""Frames of a clip that its face proportions are fitted to."""


@dataclass
class _Row:
    """Everything that is added up for one video."""

    follower: FaceFollower
    tracker: FaceTracker
    means: dict[str, Mean] = field(default_factory=dict)
    flicker: FlickerMeter = field(default_factory=FlickerMeter)
    gradient: float = 0.0
    found: int = 0
    shapes: list[np.ndarray] = field(default_factory=list)
    features: GaussianStatistics = field(default_factory=GaussianStatistics)
    videos: GaussianStatistics = field(default_factory=GaussianStatistics)
    window: list[np.ndarray] = field(default_factory=list)

    def add(self, name: str, value: float | None) -> None:
        self.means.setdefault(name, Mean()).add(value)


class _Scorer:
    """What both protocols measure in every video by itself."""

    def __init__(
        self,
        portrait: Portrait,
        *,
        rows: Sequence[str],
        frames: int,
        fps: float,
        finder: FaceFinder,
        hooks: Hooks,
    ) -> None:
        self.portrait, self.hooks = portrait, hooks
        self._finder = finder
        photo = _bytes(portrait.image)
        # Measured as every frame will be: the portrait's own points were found in the full photo.
        points = FaceFollower(finder, portrait.landmarks).find(photo)
        self._reference = portrait.landmarks if points is None else points
        self._face_height = float(np.ptp(self._reference[:, 1]))
        self._embedding = hooks.embedding_of(aligned_face(photo, self._reference))
        self.rows = {
            name: _Row(
                FaceFollower(finder, self._reference), portrait_tracker(portrait, self._reference, fps=fps)
            )
            for name in rows
        }
        self._shape_at = set(np.linspace(0, frames - 1, min(SHAPE_FRAMES, frames)).round().astype(int))
        self.frames = 0

    def cut(self) -> None:
        """The next frame does not follow the last one in time."""
        for row in self.rows.values():
            row.flicker.cut()
            row.tracker.cut()
            row.window.clear()

    def _watch(self, row: _Row, picture: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
        """What a picture tells by itself; its landmarks ``(478, 3)``."""
        points = row.follower.find(picture)
        row.tracker.add(points)
        row.flicker.add(picture, mask)
        if points is not None:
            row.found += 1
            if self.frames in self._shape_at:
                row.shapes.append(points)
            if self._embedding is not None:
                vector = self.hooks.embedding_of(aligned_face(picture, points))
                row.add("identity", float(vector @ self._embedding) if vector is not None else None)
        features = self.hooks.features_of(picture)
        if features is not None:
            row.features.add(features)
        if self.hooks.videos is not None:
            row.window.append(picture)
            if len(row.window) == VIDEO_FRAMES:
                values = self.hooks.video_features_of(np.stack(row.window))
                assert values is not None
                row.videos.add(values)
                row.window.clear()
        return points

    def _own_figures(self, row: _Row) -> dict[str, float | None]:
        figures: dict[str, float | None] = {name: mean.value for name, mean in row.means.items()}
        figures["flicker"] = row.flicker.percent
        figures["faces"] = 100.0 * row.found / max(self.frames, 1)
        if row.shapes:
            figures["shape"] = shape_distance(np.stack(row.shapes), self.portrait)
        return figures


class SelfScorer(_Scorer):
    """Compares videos with the real one, frame by frame.

    Args:
        portrait: of the clip's first frame; its crop and size are those of every picture.
        rows: names of the videos.
        frames: how many will be scored.
        fps: frames per second.
        finder: finds faces and mattes; hooks: networks of the user.
    """

    def __init__(self, portrait: Portrait, *, rows: Sequence[str], **options: object) -> None:
        super().__init__(portrait, rows=(TRUTH, *rows), **options)  # type: ignore[arg-type]
        self._mask = portrait.matte > 0.5
        self._face = self._oval(self._reference)

    def add(
        self, truth: np.ndarray, pictures: Mapping[str, np.ndarray], *, is_reference: bool = False
    ) -> None:
        """Score the next frame: the real one and each row's, ``(S, S, 3)`` uint8.

        The frame that is the reference itself is watched, not compared: the still photo would score 80 dB in it.
        """
        import torch

        from mvvideo.portrait.matte import person_matte

        real = self.rows[TRUTH]
        follow = real.follower.find(truth)
        if follow is not None:
            self._mask = person_matte(self._finder, truth.astype(np.float32) / 255.0, follow) > 0.5
            self._face = self._oval(follow)
        points = self._watch_known(real, truth, follow)
        masks = {
            "": np.ones_like(self._mask),
            "_foreground": self._mask,
            "_face": self._face,
            "_background": ~self._mask,
        }
        tensors = {name: torch.from_numpy(mask)[None, None] for name, mask in masks.items()}
        wanted = _tensor(truth)
        with torch.inference_mode():
            if not is_reference:
                real.gradient += _gradient(wanted, tensors["_foreground"])
            for name, picture in pictures.items():
                row = self.rows[name]
                seen = self._watch(row, picture, self._mask)
                if is_reference:
                    continue
                self._compare(row, _tensor(picture), wanted, tensors)
                row.add("lpips", self.hooks.lpips_of(picture, truth))
                if points is not None and seen is not None:
                    away = np.linalg.norm(points[:, :2] - seen[:, :2], axis=1).mean()
                    row.add("lmd", 100.0 * float(away) / self._face_height)
        self.frames += 1

    def figures(self) -> dict[str, dict[str, float | None]]:
        """Row → metric → figure."""
        real = self.rows[TRUTH]
        truth = real.tracker.result()
        result = {}
        for name, row in self.rows.items():
            figures = self._own_figures(row)
            figures["sharpness"] = row.gradient / real.gradient if real.gradient else None
            if name != TRUTH and row.found:
                track = row.tracker.result()
                both = truth.seen & track.seen
                if both.any():
                    figures["aed"] = float(expression_difference(truth.sequence, track.sequence)[both].mean())
                    figures["apd"] = float(
                        pose_difference_degrees(truth.sequence, track.sequence)[both].mean()
                    )
            if name != TRUTH and row.features.count:
                figures["fid"] = frechet_distance(row.features, real.features)
            if name != TRUTH and row.videos.count:
                figures["fvd"] = frechet_distance(row.videos, real.videos)
            result[name] = figures
        for unmoving in ("flicker",):  # a photo does not flicker: the figure would mislead
            result.get(STILL, {}).pop(unmoving, None)
        return result

    def _watch_known(self, row: _Row, picture: np.ndarray, points: np.ndarray | None) -> np.ndarray | None:
        """:meth:`_watch` of a picture whose landmarks are known already."""
        follower = row.follower
        row.follower = _Known(points)  # type: ignore[assignment]
        try:
            return self._watch(row, picture, self._mask)
        finally:
            row.follower = follower

    def _compare(self, row: _Row, picture: object, truth: object, masks: Mapping[str, object]) -> None:
        from mvvideo.metrics import masked_psnr, ssim_map

        similarity = ssim_map(picture, truth)  # type: ignore[arg-type]
        for suffix, mask in masks.items():
            row.add("psnr" + suffix, float(masked_psnr(picture, truth, mask)[0]))  # type: ignore[arg-type]
            if suffix != "_background":
                inside = similarity[mask]  # type: ignore[index]
                row.add("ssim" + suffix, float(inside.mean()) if inside.numel() else None)
        row.gradient += _gradient(picture, masks["_foreground"])

    def _oval(self, points: np.ndarray) -> np.ndarray:
        """Inside of the face's outline, ``(S, S)`` bool."""
        from mvvideo.portrait.face_points import FACE_OVAL
        from mvvideo.portrait.skin import polygon_mask

        return polygon_mask(points, FACE_OVAL, self.portrait.size) > 0


class CrossScorer(_Scorer):
    """Scores videos of a portrait that is driven by somebody else; ``motion`` is what it should do in the frames
    that will be scored."""

    def __init__(
        self, portrait: Portrait, *, rows: Sequence[str], motion: FlameSequence, **options: object
    ) -> None:
        super().__init__(portrait, rows=rows, **options)  # type: ignore[arg-type]
        self._motion = motion
        self._photo_gradient = self._face_gradient(_bytes(portrait.image), self._reference)

    def add(self, pictures: Mapping[str, np.ndarray]) -> None:
        """Score the next frame of each row, ``(S, S, 3)`` uint8."""
        mask = self.portrait.matte > 0.5
        for name, picture in pictures.items():
            row = self.rows[name]
            points = self._watch(row, picture, mask)
            if points is not None:
                row.add("sharpness", self._face_gradient(picture, points) / self._photo_gradient)
        self.frames += 1

    def figures(self) -> dict[str, dict[str, float | None]]:
        """Row → metric → figure."""
        result = {}
        for name, row in self.rows.items():
            figures = self._own_figures(row)
            if row.found:
                track = row.tracker.result()
                wanted = self._motion[: len(track.seen)]
                figures["aed"] = float(expression_difference(wanted, track.sequence)[track.seen].mean())
                figures["apd"] = float(pose_difference_degrees(wanted, track.sequence)[track.seen].mean())
            result[name] = figures
        result.get(STILL, {}).pop("flicker", None)
        return result

    def _face_gradient(self, picture: np.ndarray, points: np.ndarray) -> float:
        """Mean gradient inside the face's outline."""
        import torch

        from mvvideo.portrait.face_points import FACE_OVAL
        from mvvideo.portrait.skin import polygon_mask

        inside = torch.from_numpy(polygon_mask(points, FACE_OVAL, self.portrait.size) > 0)[None, None]
        return max(_gradient(_tensor(picture), inside) / max(int(inside.sum()), 1), 1e-9)


class _Known:
    """A follower that has been told."""

    def __init__(self, points: np.ndarray | None) -> None:
        self._points = points

    def find(self, picture: np.ndarray) -> np.ndarray | None:
        return self._points


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)


def _tensor(picture: np.ndarray) -> object:
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255.0


def _gradient(picture: object, mask: object) -> float:
    from mvvideo.metrics import gradient_magnitude

    return float((gradient_magnitude(picture) * mask).sum())  # type: ignore[arg-type, operator]
