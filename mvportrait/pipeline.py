"""``animate`` from end to end: the one long function, in numbered phases."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flame.errors import MotionFileError, input_error
from mvportrait.drive import MAX_FRAMES, Sources, motion_from_sources, onto_portrait, open_sources
from mvportrait.manifest import sha256_of_arrays, sha256_of_file, versions, write_manifest
from mvportrait.media.images import Picture, read_picture
from mvportrait.media.pasting import PasteBack
from mvportrait.media.recorder import ViewRecorder
from mvportrait.models import load_video_model
from mvportrait.options import AnimateOptions, TurntableOptions
from mvportrait.outputs import check_output_folder, output_folder
from mvportrait.portraits import PreparedPortrait, prepare_portrait
from mvportrait.provenance import Provenance
from mvportrait.reporting import Reporter, Stopwatch
from mvportrait.views import (
    DEFAULT_ORBIT_DEGREES,
    check_views,
    choose_cameras,
    limited_orbit_degrees,
    photo_view,
    view_file_name,
)
from mvportrait.work import check_not_at_work, work_folder

if TYPE_CHECKING:
    from flame.sequence import FlameSequence
    from mvvideo import VideoModel
    from mvvideo.latent import LatentVideoModel
    from mvvideo.portrait import Portrait
    from renderer.cameras import Cameras

__all__ = ["AnimateResult", "animate", "list_inputs", "prepare_motion", "work_key"]

FULL_FRAME_FILE = "full_frame.mp4"


@dataclass(frozen=True)
class AnimateResult:
    """What a run made.

    Attributes:
        out: the output folder.
        views: view name → video file.
        frames, fps, size: of every video.
        manifest: as written.
    """

    out: Path
    views: dict[str, Path]
    frames: int
    fps: float
    size: int
    manifest: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "out": str(self.out),
            "views": {name: str(path) for name, path in self.views.items()},
            "frames": self.frames,
            "fps": self.fps,
            "size": self.size,
            "crop": self.manifest["crop"],
            "warnings": self.manifest["warnings"],
            "timings_seconds": self.manifest["timings_seconds"],
        }


def animate(options: AnimateOptions, out: Path, *, reporter: Reporter | None = None) -> AnimateResult:
    """Make synchronized videos of a portrait from several views.

    Args:
        options: what is asked for.
        out: the folder; its files appear together at the end, or not at all.
        reporter: told about progress, choices and warnings.

    Returns:
        What was made.

    Raises:
        InputError: anything in the options or files that cannot be used.
    """
    reporter = reporter or Reporter()
    watch = Stopwatch()

    # 1. Check what was given, before anything heavy is imported.
    options.check()
    check_views(options.views, options.cameras)
    check_output_folder(out)
    check_not_at_work(out)
    pictures = [read_picture(given) for given in (options.reference, *options.other_references)]
    sources = open_sources(options)

    # 2. The portrait: find the face, cut, matte, fit the head, build its appearance.
    with watch.stage("portrait"), reporter.track("portrait"):
        prepared = prepare_portrait(
            pictures, size=options.size, full_frame=options.full_frame, reporter=reporter
        )
    portrait, size = prepared.portrait, prepared.size

    # 3. The motion, added to how the person in the photo is.
    with watch.stage("motion"):
        motion = prepare_motion(options, sources, portrait, reporter=reporter)

    # 4. The cameras.
    front = portrait.camera.resized(size, size)
    cameras = choose_cameras(
        front,
        portrait.pivot,
        views=options.views,
        cameras_file=options.cameras,
        orbit_degrees=_orbit_degrees(options, motion, reporter),
    )
    full = _full_frame(prepared, pictures[0], cameras, front) if options.full_frame else None

    # 5. The video model.
    with watch.stage("load model"), reporter.track("load model"):
        model = load_video_model(
            options.preset, options.weights, views=len(cameras), size=size, note=reporter.note
        )

    # 6. Frames, streaming from the model to the encoders, in segments that survive a kill.
    provenance = Provenance("animate", options.preset, options.seed)
    inputs = list_inputs(options, pictures)
    key = work_key(options, inputs, motion, cameras, size=size)
    with work_folder(out, key=key, resume=options.resume, reporter=reporter) as work:
        begun_at = work.frames
        recorder = ViewRecorder(
            work,
            names=cameras.names,
            file_name=view_file_name,
            frames=motion.frames,
            fps=motion.fps,
            size=size,
            provenance=provenance,
            full=None if full is None else (FULL_FRAME_FILE, full.paste.height, full.paste.width),
        )
        if begun_at:
            reporter.note(f"an interrupted run is taken up at frame {begun_at} of {motion.frames}")
        progress = reporter.track("frames", motion.frames, done=begun_at)
        with recorder, watch.stage("frames"), progress as advance:
            if begun_at < motion.frames:
                for frames, whole in _pictures(
                    model, prepared, motion, cameras, full, seed=options.seed, start=begun_at
                ):
                    recorder.write(frames, whole)
                    advance(len(frames))

        # 7. The finished files, what else is known, and the manifest over all of it.
        from renderer import save_cameras

        with output_folder(out) as folder:
            recorder.finish(folder, sound=None if options.mute else sources.sound)
            motion.save(folder / "motion.npz")
            save_cameras(cameras, folder / "cameras.json")
            manifest = write_manifest(
                folder,
                command="animate",
                options=options.as_json(),
                seed=options.seed,
                inputs=inputs,
                crop=[int(value) for value in portrait.crop],
                timings_seconds=watch.finish(),
                provenance=provenance.manifest_entry(),
                warnings=reporter.warnings,
                extra={
                    "preset": options.preset,
                    "frames": motion.frames,
                    "fps": motion.fps,
                    "size": size,
                    "views": dict(zip(cameras.names, recorder.files, strict=True)),
                    "taken_up_at_frame": begun_at,
                    "full_frame": None if full is None else full.as_json(),
                    "drivers": dict(options.chosen_mix.sources(options.drivers)),
                    "sound": None if sources.sound is None or options.mute else str(sources.sound.path),
                },
            )
    videos = {name: out / file for name, file in zip(cameras.names, recorder.files, strict=True)}
    return AnimateResult(out, videos, motion.frames, motion.fps, size, manifest)


@dataclass(frozen=True, eq=False)
class _FullFrame:
    """The view that goes back into the photo, at which size, and how."""

    view: int
    size: int
    paste: PasteBack

    def as_json(self) -> dict[str, Any]:
        return {"file": FULL_FRAME_FILE, "height": self.paste.height, "width": self.paste.width}


def _full_frame(prepared: PreparedPortrait, picture: Picture, cameras: Cameras, front: Cameras) -> _FullFrame:
    """Raise a CameraError where no view has the photo's own camera."""
    portrait = prepared.portrait
    paste = PasteBack(picture.pixels, portrait.crop, plate=portrait.plate, plate_known=portrait.plate_known)
    return _FullFrame(photo_view(cameras, front), prepared.full_size, paste)


def _pictures(
    model: VideoModel | LatentVideoModel,
    prepared: PreparedPortrait,
    motion: FlameSequence,
    cameras: Cameras,
    full: _FullFrame | None,
    *,
    seed: int,
    start: int,
) -> Iterator[tuple[np.ndarray, list[np.ndarray] | None]]:
    """Frames of every view ``(n, N, S, S, 3)``, and of the whole photo, n of ``(height, width, 3)``."""
    from mvvideo import VideoModel
    from mvvideo.scene import Shots

    if full is None or not isinstance(model, VideoModel) or full.size == prepared.size:
        for frames in model.generate(
            prepared.portrait, motion, cameras, size=prepared.size, seed=seed, start=start
        ):
            yield frames, None if full is None else [full.paste.paste(views[full.view]) for views in frames]
        return
    shots = (Shots(tuple(range(len(cameras))), prepared.size), Shots((full.view,), full.size))
    for frames, large in model.generate_shots(
        prepared.portrait, motion, cameras, shots=shots, seed=seed, start=start
    ):
        yield frames, [full.paste.paste(picture) for picture in large[:, 0]]


def prepare_motion(
    options: AnimateOptions | TurntableOptions,
    sources: Sources,
    portrait: Portrait,
    *,
    reporter: Reporter,
) -> FlameSequence:
    """The motion asked for, as the portrait's head performs it."""
    given = motion_from_sources(options, sources, reporter=reporter)
    if given.frames > MAX_FRAMES:
        rule = f"motion has more than {MAX_FRAMES} frames"
        raise input_error(MotionFileError, rule, given.frames, "use less --seconds or --fps")
    return onto_portrait(
        given,
        portrait.fit,
        head=portrait.head,
        absolute=options.absolute,
        reporter=reporter,
        shut_lips=options.chosen_mix.sources(options.drivers)["lips"] == "audio",
    )


def _orbit_degrees(options: AnimateOptions, motion: FlameSequence, reporter: Reporter) -> tuple[float, float]:
    """As asked for; else 40, less on a side where the face would turn out of sight."""
    if options.orbit_degrees is not None:
        return options.orbit_degrees, options.orbit_degrees
    if options.cameras is not None:
        return DEFAULT_ORBIT_DEGREES, DEFAULT_ORBIT_DEGREES
    from flame.signals import measure

    left, right = limited_orbit_degrees(np.asarray(measure(motion)["head_yaw_deg"]))
    left, right = float(math.floor(left)), float(math.floor(right))
    if min(left, right) < DEFAULT_ORBIT_DEGREES:
        reporter.note(
            f"views orbit {left:g}° to the left and {right:g}° to the right, not {DEFAULT_ORBIT_DEGREES:g}°, "
            "to keep the turned face in sight; --orbit overrules"
        )
    return left, right


def list_inputs(
    options: AnimateOptions | TurntableOptions, pictures: Sequence[Picture]
) -> dict[str, dict[str, str]]:
    """Name → path and hash of every file that was given."""
    names = ["reference", *(f"reference {number}" for number in range(2, len(pictures) + 1))]
    inputs = {
        name: {"path": str(picture.path), "sha256": picture.sha256}
        for name, picture in zip(names, pictures, strict=True)
    }
    for name in ("script", "audio", "video", "motion", "cameras"):
        path = getattr(options, name, None)
        if path is not None:
            inputs[name] = {"path": str(path), "sha256": sha256_of_file(path)}
    return inputs


def work_key(
    options: AnimateOptions | TurntableOptions,
    inputs: Mapping[str, Mapping[str, str]],
    motion: FlameSequence,
    cameras: Cameras,
    *,
    size: int,
) -> dict[str, Any]:
    """Everything that the frames depend on: unfinished work is taken up only where all of it is the same.

    Names are what the user is told when it is not.
    """
    from mvvideo.pipeline import WEIGHTS_DIRECTORY

    by_content = ("reference", "other_references", "script", "audio", "video", "motion", "cameras")
    given = {
        "--" + name.replace("_degrees", "").replace("_", "-"): value
        for name, value in options.as_json().items()
        if name not in ("resume", *by_content)
    }
    files = {f"{name} file": entry["sha256"] for name, entry in inputs.items()}
    sums = WEIGHTS_DIRECTORY / "SHA256SUMS"
    seen = [cameras.world_to_camera, cameras.focal_px, cameras.principal_px]
    return {
        **given,
        **files,
        "size": size,
        "motion": sha256_of_arrays([motion.shape, *motion.arrays().values(), motion.fps]),
        "cameras": sha256_of_arrays(seen),
        "model": sha256_of_file(sums) if sums.is_file() else None,
        "software": versions(),
    }
