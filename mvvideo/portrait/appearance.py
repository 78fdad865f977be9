"""The photo as something that can be posed and seen from anywhere: drawing head, hull and plate together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from flame.head import FlameHead
from mvvideo.guidance import REGION_GROUPS
from mvvideo.portrait import drawing
from mvvideo.portrait.drawing import FringeMesh, SampleGrid, SolidMesh
from mvvideo.portrait.hull import Hull, Sheet
from mvvideo.portrait.posing import Motion, measure_motion, move_hull, move_offsets, rigid_parts
from mvvideo.portrait.surface import HeadSurface, Source
from mvvideo.portrait.views import sample_at
from renderer import numba_backend
from renderer.cameras import Cameras
from renderer.lining import lining_of, tuck_lining
from renderer.multisampling import SAMPLE_OFFSETS, SAMPLE_POINTS, find_edges
from renderer.shading import shade
from renderer.threads import kernel_threads

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
        bare_skin: ``(V,)`` where the head's own skin may show at the edges of hair, 0 to 1.
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
    bare_skin: np.ndarray

    def render(
        self,
        vertices: np.ndarray,
        cameras: Cameras,
        size: int | None = None,
        *,
        antialias: bool = True,
        supersample: int = 1,
        threads: int | None = None,
    ) -> Appearance:
        """Draw posed frames from every camera.

        Args:
            vertices: ``(T, V, 3)`` world metres, from ``head.pose``.
            cameras: N cameras; size: resize them to this many pixels first.
            antialias: take eight samples where a surface ends, for smooth outlines.
            supersample: draw this many times larger and average: slower, and what antialiasing is tested against.
            threads: CPU threads; None: all. The result does not depend on it.
        """
        if size is not None:
            cameras = cameras.resized(size, size)
        height, width = cameras.height, cameras.width
        background, known = self._background(height, width)
        shape = (len(vertices), len(cameras), height, width)
        drawn = [np.empty((*shape, channels), np.float32) for channels in (3, 1, 4)]
        per_call = max(VIEWS_PER_CALL // len(cameras), 1)
        for start in range(0, len(vertices), per_call):
            part = slice(start, start + per_call)
            if supersample > 1:
                larger = cameras.resized(height * supersample, width * supersample)
                shrunk = self.render(vertices[part], larger, antialias=antialias)._shrunk(supersample)
                for whole, piece in zip(drawn, (shrunk.rgb, shrunk.alpha, shrunk.confidence)):
                    whole[part] = piece
            else:
                self._draw(vertices[part], cameras, background, [w[part] for w in drawn], antialias, threads)
        rgb, alpha, confidence = drawn
        return Appearance(
            rgb=rgb,
            alpha=alpha,
            confidence=confidence,
            background=np.broadcast_to(background, shape[1:] + (3,)),
            background_known=np.broadcast_to(known[..., None], shape[1:] + (1,)),
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
            clip = tuck_lining(cameras.to_clip(frame[None]), frame[None], cameras, lining_of(self.head))
            shaded = shade(
                clip[0],
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
    def _main_mesh(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Triangles, canvas pixels, first vertices, static attributes and pictures (see :class:`SolidMesh`), layers."""
        surface, front, back = self.surface, self.hull.front, self.hull.back
        counts = np.cumsum([0, len(surface.vertex), len(front.positions)])
        pieces = (surface.triangles, front.triangles, back.triangles)
        triangles = np.concatenate([piece + start for piece, start in zip(pieces, counts)]).astype(np.int32)
        pixels = np.concatenate([surface.pixels, front.pixels, back.pixels]).astype(np.float32)
        own = np.zeros((len(surface.vertex), 15), np.float32)
        own[:, :1], own[:, 1:4] = surface.gain, surface.colour
        own[:, 4], own[:, 5], own[:, 6] = surface.seen, surface.facing, LAYER_HEAD
        own[:, 7:9], own[:, 9:10] = surface.other_pixels, surface.other_gain
        own[:, 10:13], own[:, 13] = surface.other_colour, surface.doubt
        own[:, 14] = self.bare_skin[surface.vertex]
        rows = [
            own,
            _plain(front, sample_at(self.front_seen, front.pixels), LAYER_FRONT),
            _plain(back, 0, LAYER_BACK, self.hull.back_paint),
        ]
        picture = np.concatenate(
            [
                np.where(surface.source == Source.FILLED, -1, 0),
                np.full(len(front.triangles), 1),
                np.full(len(back.triangles), -1),
            ]
        ).astype(np.int32)
        layer = np.repeat(np.arange(3, dtype=np.uint8), [len(piece) for piece in pieces])
        same = np.arange(len(pixels))
        _, first, place = np.unique(surface.vertex, return_index=True, return_inverse=True)
        same[: len(surface.vertex)] = first[place]
        return triangles, pixels, same, np.concatenate(rows).astype(np.float32), picture, layer

    @cached_property
    def _fringe_mesh(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Triangles, canvas pixels, values (see :class:`FringeMesh`)."""
        sheet = self.hull.fringe
        values = np.stack([sheet.facing, self.hull.fringe_skin], axis=1).astype(np.float32)
        return np.ascontiguousarray(sheet.triangles, np.int32), sheet.pixels.astype(np.float32), values

    @cached_property
    def _pictures(self) -> dict[int, tuple[tuple[np.ndarray, np.ndarray], ...]]:
        return {}

    def _pictures_for(self, height: int) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
        """Photo, hull, filled and fringe for output of this size, each with its pixels per full pixel ``(2,)``.

        Small output looks small pictures up: single samples of the full ones would flicker.
        """
        factor = 1
        while (
            4 * factor * height <= self.size
        ):  # two photo pixels per output pixel are what bilinear lookup averages
            factor *= 2
        if factor not in self._pictures:
            self._pictures[factor] = tuple(
                _smaller(picture, factor) for picture in (*self.textures, self.filled, self.fringe)
            )
        return self._pictures[factor]

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
        """Per-vertex values of a frame ``(M, 15)``: lids that close and eyes that turn change their source."""
        values = self._main_mesh[3].copy()
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
        own[:, 10:13] = (1 - share) * own[:, 10:13] + share * surface.turned_colour
        return values

    def _draw(
        self,
        vertices: np.ndarray,
        cameras: Cameras,
        background: np.ndarray,
        out: list[np.ndarray],
        antialias: bool,
        threads: int | None,
    ) -> None:
        """Write rgb, alpha and confidence of a few frames into ``out``, ``(T, N, H, W, C)`` each."""
        triangles, pixels, same, _, picture, layer = self._main_mesh
        fringe_triangles, fringe_pixels, fringe_values = self._fringe_mesh
        clips, fringe_clips, attributes, fades = [], [], [], []
        lining = lining_of(self.head)
        for frame in vertices:
            motion = measure_motion(self.head, self.reference, frame, self._rigid_parts)
            skin = frame + move_offsets(self.offsets, self._follow, motion)
            sheets = [
                move_hull(sheet.positions, sheet.weight, motion, self.pivot)
                for sheet in (self.hull.front, self.hull.back, self.hull.fringe)
            ]
            own = tuck_lining(cameras.to_clip(skin[None]), skin[None], cameras, lining)[0]  # (N, V, 4)
            clip = [own[:, self.surface.vertex], *(cameras.to_clip(sheet) for sheet in sheets[:2])]
            clips.append(np.concatenate(clip, axis=1))
            fringe_clips.append(cameras.to_clip(sheets[2]))
            fades.append(self._fringe_fades(motion, cameras))
            attributes.append(self._attributes(motion))
        clip, fringe_clip = np.concatenate(clips), np.concatenate(fringe_clips)
        ids, fringe_ids, grid, samples = _see(
            (clip, triangles), (fringe_clip, fringe_triangles), layer, cameras, antialias, threads
        )
        fade = np.concatenate(fades).astype(np.float32)
        under = np.full_like(ids, -1)
        if (fade < 1).any():  # in the photo's own view nothing shows through
            own = np.ascontiguousarray(clip[:, : len(self.surface.vertex)])
            under, _ = numba_backend.visibility(own, self.surface.triangles, *ids.shape[1:], threads=threads)
        photo, hull, filled, texture = self._pictures_for(cameras.height)
        solid = SolidMesh(
            clip, triangles, ids, under, samples[0], np.stack(attributes), pixels, same, picture, photo[0], hull[0],
            photo[1], *filled, np.float32(cameras.height / self.size), np.array(SHARP_ENOUGH, np.float32),
            np.array((LAYER_FRONT, LAYER_BACK), np.float32), 1 - fade,
        )  # fmt: skip
        fringe = FringeMesh(
            fringe_clip, fringe_triangles, fringe_ids, samples[1], fringe_values, fringe_pixels, texture[0],
            fade,
        )  # fmt: skip
        detail = np.empty((len(clip), len(pixels)), np.float32)
        flat = [array.reshape(len(clip), *array.shape[2:]) for array in out]
        with kernel_threads(threads) as count:
            draw = drawing.draw_serial if count == 1 else drawing.draw_parallel
            draw(solid, fringe, grid, background, detail, *flat)

    def _fringe_fades(self, motion: Motion, cameras: Cameras) -> np.ndarray:
        """How much of the soft edge along bare skin is left in every view, ``(N,)``."""
        middle = self.reference[self._rigid_parts[0]].mean(axis=0)
        then = self.camera_center - middle
        now = (
            motion.head.inverse(cameras.center) - middle
        )  # (N, 3): the camera as the photographed head sees it
        cosine = now @ then / (np.linalg.norm(now, axis=1) * np.linalg.norm(then))
        return 1 - _ramp(np.arccos(np.clip(cosine, -1, 1)), *FRINGE_FADE_RADIANS)


def _see(
    solid: tuple[np.ndarray, np.ndarray],
    fringe: tuple[np.ndarray, np.ndarray],
    layer: np.ndarray,
    cameras: Cameras,
    antialias: bool,
    threads: int | None,
) -> tuple[np.ndarray, np.ndarray, SampleGrid, tuple[np.ndarray, np.ndarray]]:
    """Which triangles of two meshes (clip positions, triangles) are seen.

    Returns:
        ids ``(B, H, W)`` at the pixel centres of both, the marked pixels, and ids ``(K, S)`` of both there.
    """
    size = (cameras.height, cameras.width)
    grids = [numba_backend.Snapped.empty(*clip.shape[:2]) for clip, _ in (solid, fringe)]
    ids, nearest = numba_backend.visibility(*solid, *size, threads=threads, snapped=grids[0])
    fringe_ids, _ = numba_backend.visibility(*fringe, *size, threads=threads, snapped=grids[1])
    if not antialias:
        none = np.zeros((0, len(SAMPLE_POINTS)), np.int32)
        return ids, fringe_ids, SampleGrid(np.full(ids.shape, -1, np.int32), SAMPLE_POINTS), (none, none)
    edges = find_edges(
        ids,
        nearest,
        layer,
        camera_from_clip_depth=cameras.camera_from_clip_depth,
        focal_px=np.tile(cameras.focal_px, len(ids) // len(cameras)),
        threads=threads,
    )
    samples = [
        numba_backend.sample_visibility(
            *mesh, grid, edges.slots, SAMPLE_OFFSETS, edges.count, threads=threads
        )
        for mesh, grid in zip((solid, fringe), grids)
    ]
    return ids, fringe_ids, SampleGrid(edges.slots, SAMPLE_POINTS), (samples[0], samples[1])


def _smaller(picture: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture shrunk by about ``factor``, and new pixels per old pixel ``(2,)``, x and y."""
    import cv2

    if factor == 1:
        return np.ascontiguousarray(picture, np.float32), np.ones(2, np.float32)
    height, width = (max(side // factor, 2) for side in picture.shape[:2])
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    scale = np.array([width / picture.shape[1], height / picture.shape[0]], np.float32)
    return np.ascontiguousarray(small, np.float32), scale


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``."""
    return np.clip((value - low) / (high - low), 0, 1)


def _plain(
    sheet: Sheet, seen: np.ndarray | float, layer: float, paint: np.ndarray | None = None
) -> np.ndarray:
    """Attributes of hull vertices, ``(V, 15)``: the texture as it is, or ``paint (V, 4)``: times this, plus that."""
    values = np.zeros((len(sheet.positions), 15), np.float32)
    values[:, 0] = 1
    values[:, 4] = seen
    values[:, 5] = sheet.facing * seen
    values[:, 6] = layer
    values[:, 7:9] = sheet.unrolled
    values[:, 9] = 1
    if paint is not None:
        values[:, 9:13] = paint
    return values
