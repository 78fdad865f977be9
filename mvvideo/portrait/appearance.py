"""The photo as something that can be posed and seen from anywhere: drawing head, hull and plate together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from flame.head import FlameHead
from mvvideo.guidance import REGION_GROUPS
from mvvideo.portrait.hull import Hull, Sheet
from mvvideo.portrait.kernels import finish_pixels, triangle_detail
from mvvideo.portrait.posing import Motion, measure_motion, move_hull, move_offsets, rigid_parts
from mvvideo.portrait.surface import HeadSurface, Source
from mvvideo.portrait.views import sample_at
from renderer.cameras import Cameras
from renderer.shading import Texturing, shade

__all__ = ["Appearance", "AppearanceModel"]

VIEWS_PER_CALL = 8
LID_BLEND = 0.25
"""Share of a full closing over which the lid turns from the photo's pixels to its own colour."""
GAZE_BLEND_RADIANS = (0.03, 0.14)
"""Turn of the eyeball over which photographed lid on it gives way to eye white."""
JAW_BLEND_RADIANS = (0.03, 0.12)
"""Opening over which what the photo shows between the lips gives way to teeth, tongue and mouth."""
SHARP_ENOUGH = ((0.35, 0.7), (0.22, 0.45))
"""Photo pixels per drawn pixel, for the head and for the hull: below the first the alternative (mirrored, filled,
unrolled) shows, above the second the photo itself. Between them they fade: streaks would start at about a third."""
FRINGE_FADE_RADIANS = (0.15, 0.5)
"""Turn of the view against the photo's over which the soft edge along bare skin, a flat collar, disappears."""
LAYER_HEAD, LAYER_FRONT, LAYER_BACK = 1.0, 2 / 3, 1 / 3


@dataclass(frozen=True, eq=False)
class Appearance:
    """T frames, N views, float32 in [0, 1].

    Attributes:
        rgb: ``(T, N, H, W, 3)`` foreground colour, not multiplied by alpha; the plate where alpha is 0.
        alpha: ``(T, N, H, W, 1)``.
        confidence: ``(T, N, H, W, 4)``: seen, facing, detail, layer; see ``GUIDANCE_CHANNELS``.
        background: ``(N, H, W, 3)``; background_known: ``(N, H, W, 1)``.
    """

    rgb: np.ndarray
    alpha: np.ndarray
    confidence: np.ndarray
    background: np.ndarray
    background_known: np.ndarray

    def _shrunk(self, factor: int) -> Appearance:
        """Means over blocks of ``factor`` by ``factor`` pixels; colour weighted by alpha."""

        def mean(array: np.ndarray) -> np.ndarray:
            *lead, height, width, channels = array.shape
            blocks = array.reshape(*lead, height // factor, factor, width // factor, factor, channels)
            return blocks.mean(axis=(-4, -2))

        alpha = mean(self.alpha)
        colour = mean(self.rgb * self.alpha) / np.maximum(alpha, 1e-4)
        rgb = np.where(alpha > 1e-3, colour, mean(self.rgb))
        return Appearance(rgb, alpha, mean(self.confidence), self.background, self.background_known)

    def composite(self) -> np.ndarray:
        """The finished pictures ``(T, N, H, W, 3)``: foreground over the plate."""
        return self.alpha * self.rgb + (1 - self.alpha) * self.background[None]


@dataclass(frozen=True, eq=False)
class AppearanceModel:
    """Everything needed to draw one person.

    Attributes:
        head: the head model; reference: ``(V, 3)`` its vertices at the photo's pose, as fitted.
        offsets: ``(V, 3)`` what brings its outline to the matte's; pivot: ``(3,)`` the neck joint there.
        surface: the photo on the head; hull: the body around it.
        textures: foreground and hull front, ``(W, W, 3)`` each; filled: ``(W, W, 3)`` hair and clothes with the
            bare skin painted over; fringe: ``(W, W, 4)``.
        size: S of the crop, pixels; camera_center: ``(3,)`` where the photo was taken; front_seen: ``(W, W)``
            where the hull's front shows the photo itself.
        plate, plate_known: ``(S, S, 3)``, ``(S, S)``.
    """

    head: FlameHead
    reference: np.ndarray
    offsets: np.ndarray
    pivot: np.ndarray
    surface: HeadSurface
    hull: Hull
    textures: tuple[np.ndarray, np.ndarray]
    filled: np.ndarray
    fringe: np.ndarray
    size: int
    camera_center: np.ndarray
    front_seen: np.ndarray
    plate: np.ndarray
    plate_known: np.ndarray

    def render(
        self, vertices: np.ndarray, cameras: Cameras, size: int | None = None, *, supersample: int = 1
    ) -> Appearance:
        """Draw posed frames from every camera.

        Args:
            vertices: ``(T, V, 3)`` world metres, from ``head.pose``.
            cameras: N cameras; size: resize them to this many pixels first.
            supersample: draw this many times larger and average, for smooth outlines.
        """
        if size is not None:
            cameras = cameras.resized(size, size)
        if supersample > 1:
            larger = cameras.resized(cameras.height * supersample, cameras.width * supersample)
            parts = [self.render(frame[None], larger)._shrunk(supersample) for frame in vertices]
            background, known = self._background(cameras.height, cameras.width)
            return Appearance(
                np.concatenate([part.rgb for part in parts]),
                np.concatenate([part.alpha for part in parts]),
                np.concatenate([part.confidence for part in parts]),
                np.broadcast_to(background, (len(cameras), *background.shape)),
                np.broadcast_to(known[..., None], (len(cameras), *known.shape, 1)),
            )
        frames, views = len(vertices), len(cameras)
        height, width = cameras.height, cameras.width
        background, known = self._background(height, width)
        rgb = np.empty((frames, views, height, width, 3), np.float32)
        alpha = np.empty((frames, views, height, width, 1), np.float32)
        confidence = np.empty((frames, views, height, width, 4), np.float32)
        per_call = max(VIEWS_PER_CALL // views, 1)
        for start in range(0, frames, per_call):
            part = slice(start, min(start + per_call, frames))
            drawn = self._draw(vertices[part], cameras)
            shape = (part.stop - part.start, views, height, width, -1)
            rgb[part], alpha[part], confidence[part] = (array.reshape(shape) for array in drawn)
        rgb = np.where(alpha > 0.004, rgb, background)
        return Appearance(
            np.clip(rgb, 0, 1),
            alpha,
            confidence,
            np.broadcast_to(background, (views, *background.shape)),
            np.broadcast_to(known[..., None], (views, *known.shape, 1)),
        )

    def head_buffers(self, vertices: np.ndarray, cameras: Cameras) -> dict[str, np.ndarray]:
        """What :meth:`Guidance.pack` wants of the posed head: ``(T, N, H, W, C)`` float32 each."""
        frames, views = len(vertices), len(cameras)
        groups = self._region_attributes  # (V, G)
        rotation = cameras.world_to_camera[:, :3, :3].astype(np.float32)
        result = []
        for frame in vertices:
            normals = np.einsum("nij,vj->nvi", rotation, self.head.vertex_normals(frame))
            shared = np.concatenate([self.head.v_template, groups], axis=1)
            attributes = np.concatenate([normals, np.broadcast_to(shared, (views, *shared.shape))], axis=2)
            shaded = shade(
                cameras.to_clip(frame),
                self.head.faces,
                np.ascontiguousarray(attributes, np.float32),
                resolution=(cameras.height, cameras.width),
            )
            result.append(shaded.values)
        values = np.stack(result).reshape(frames, views, cameras.height, cameras.width, -1)
        buffers = {"normals": values[..., :3], "canonical": values[..., 3:6]}
        for index, group in enumerate(REGION_GROUPS):
            buffers[f"region_{group}"] = values[..., 6 + index : 7 + index]
        return buffers

    # ------------------------------------------------------------------ inside

    @cached_property
    def _region_attributes(self) -> np.ndarray:
        """Indicator of every region group at every vertex, ``(V, G)`` float32."""
        columns = np.zeros((len(self.head.v_template), len(REGION_GROUPS)), np.float32)
        for column, names in enumerate(REGION_GROUPS.values()):
            columns[self.head.region_vertices(*names), column] = 1
        return columns

    @cached_property
    def _rigid_parts(self) -> tuple[np.ndarray, np.ndarray]:
        return rigid_parts(self.head)

    @cached_property
    def _follow(self) -> np.ndarray:
        return self.head.weights[:, 1:].sum(axis=1).astype(np.float32)

    @cached_property
    def _main_mesh(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, Texturing]:
        """Triangles, canvas pixels, static attributes (gain, colour, seen, facing, layer, alternative), textures."""
        surface, front, back = self.surface, self.hull.front, self.hull.back
        counts = np.cumsum([0, len(surface.vertex), len(front.positions)])
        pieces = (surface.triangles, front.triangles, back.triangles)
        triangles = np.concatenate([piece + start for piece, start in zip(pieces, counts)]).astype(np.int32)
        pixels = np.concatenate([surface.pixels, front.pixels, back.pixels]).astype(np.float32)
        own = np.zeros((len(surface.vertex), 13), np.float32)
        own[:, :1], own[:, 1:4] = surface.gain, surface.colour
        own[:, 4], own[:, 5], own[:, 6] = surface.seen, surface.facing, LAYER_HEAD
        own[:, 7:9], own[:, 9:10], own[:, 10:] = (
            surface.other_pixels,
            surface.other_gain,
            surface.other_colour,
        )
        rows = [
            own,
            _plain(front, sample_at(self.front_seen, front.pixels), LAYER_FRONT),
            _plain(back, 0, LAYER_BACK),
        ]
        picture = np.concatenate(
            [
                np.where(surface.source == Source.FILLED, -1, 0),
                np.full(len(front.triangles), 1),
                np.full(len(back.triangles), -1),
            ]
        ).astype(np.int32)
        texturing = Texturing(self.textures, self._uv(pixels), triangle_texture=picture)
        return triangles, pixels, np.concatenate(rows).astype(np.float32), texturing

    @cached_property
    def _fringe_mesh(self) -> tuple[np.ndarray, np.ndarray, Texturing]:
        sheet = self.hull.fringe
        values = np.stack([sheet.facing, self.hull.fringe_skin], axis=1)
        return sheet.triangles, values, Texturing((self.fringe,), self._uv(sheet.pixels))

    def _uv(self, pixels: np.ndarray) -> np.ndarray:
        width = self.textures[0].shape[0]
        return np.stack([pixels[:, 0] / width, 1 - pixels[:, 1] / width], axis=1).astype(np.float32)

    def _background(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        import cv2

        if (height, width) == self.plate.shape[:2]:
            return self.plate, self.plate_known
        how = cv2.INTER_AREA if height < self.size else cv2.INTER_LINEAR
        return (
            cv2.resize(self.plate, (width, height), interpolation=how),
            cv2.resize(self.plate_known, (width, height), interpolation=how),
        )

    def _attributes(self, motion: Motion) -> np.ndarray:
        """Per-vertex values of a frame ``(M, 13)``: lids that close and eyes that turn change their source."""
        values = self._main_mesh[2].copy()
        surface = self.surface
        wedges = len(surface.vertex)
        own = values[:wedges]
        amount = np.concatenate(
            [
                motion.lids / LID_BLEND,
                _ramp(motion.gaze, *GAZE_BLEND_RADIANS),
                _ramp(np.array([motion.jaw]), *JAW_BLEND_RADIANS),
            ]
        )
        share = np.clip(surface.turning @ np.clip(amount, 0, 1).astype(np.float32), 0, 1)[:, None]
        own[:, :1] *= 1 - share
        own[:, 1:4] = (1 - share) * own[:, 1:4] + share * surface.turned_colour
        own[:, 4:6] *= 1 - share
        own[:, 9:10] *= 1 - share
        own[:, 10:] = (1 - share) * own[:, 10:] + share * surface.turned_colour
        return values

    def _draw(self, vertices: np.ndarray, cameras: Cameras) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """rgb ``(B, H, W, 3)``, alpha ``(B, H, W, 1)``, confidence ``(B, H, W, 4)``; B = frames · views."""
        views = len(cameras)
        triangles, pixels, _, texturing = self._main_mesh
        fringe_triangles, fringe_values, fringe_texturing = self._fringe_mesh
        clips, fringe_clips, attributes, fades = [], [], [], []
        for frame in vertices:
            motion = measure_motion(self.head, self.reference, frame, self._rigid_parts)
            skin = frame + move_offsets(self.offsets, self._follow, motion)
            sheets = [
                move_hull(sheet.positions, sheet.weight, motion, self.pivot)
                for sheet in (self.hull.front, self.hull.back, self.hull.fringe)
            ]
            points = np.concatenate([skin[self.surface.vertex], *sheets[:2]])
            clips.append(cameras.to_clip(points))
            fringe_clips.append(cameras.to_clip(sheets[2]))
            fades += list(self._fringe_fades(motion, cameras))
            attributes += views * [self._attributes(motion)]
        clip = np.concatenate(clips)
        resolution = (cameras.height, cameras.width)
        main = shade(clip, triangles, np.stack(attributes), resolution=resolution, texturing=texturing)
        edge = shade(
            np.concatenate(fringe_clips),
            fringe_triangles,
            fringe_values,
            resolution=resolution,
            texturing=fringe_texturing,
        )
        return finish_pixels(
            main.triangle_ids,
            main.values,
            main.texture,
            self._detail(clip, triangles, pixels, resolution),
            self.textures[0],
            self.filled,
            edge.triangle_ids,
            edge.values,
            edge.texture,
            main.distance,
            edge.distance,
            np.array(fades, np.float32),
            np.array(SHARP_ENOUGH, np.float32),
            np.array((LAYER_FRONT, LAYER_BACK), np.float32),
        )

    def _fringe_fades(self, motion: Motion, cameras: Cameras) -> np.ndarray:
        """How much of the soft edge along bare skin is left in every view, ``(N,)``."""
        middle = self.reference[self._rigid_parts[0]].mean(axis=0)
        then = self.camera_center - middle
        now = (
            motion.head.inverse(cameras.center) - middle
        )  # (N, 3): the camera as the photographed head sees it
        cosine = now @ then / (np.linalg.norm(now, axis=1) * np.linalg.norm(then))
        return 1 - _ramp(np.arccos(np.clip(cosine, -1, 1)), *FRINGE_FADE_RADIANS)

    def _detail(
        self, clip: np.ndarray, triangles: np.ndarray, pixels: np.ndarray, resolution: tuple[int, int]
    ) -> np.ndarray:
        """Photo pixels per drawn pixel of every triangle in every view, ``(B, F + 1)``, the last 0."""
        height, width = resolution
        detail = np.zeros((len(clip), len(triangles) + 1), np.float32)
        photo = pixels * np.float32(height / self.size)
        half = np.array([width / 2, -height / 2], np.float32)
        for b in range(len(clip)):
            drawn = clip[b, :, :2] / np.maximum(clip[b, :, 3:], 1e-6) * half
            detail[b, :-1] = triangle_detail(photo, drawn.astype(np.float32), triangles)
        return detail


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``."""
    return np.clip((value - low) / (high - low), 0, 1)


def _plain(sheet: Sheet, seen: np.ndarray | float, layer: float) -> np.ndarray:
    """Attributes of hull vertices, ``(V, 13)``: the texture as it is."""
    values = np.zeros((len(sheet.positions), 13), np.float32)
    values[:, 0] = 1
    values[:, 4] = seen
    values[:, 5] = sheet.facing * seen
    values[:, 6] = layer
    values[:, 7:9] = sheet.unrolled
    values[:, 9] = 1
    return values
