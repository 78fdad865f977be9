"""``turntable``: one video, the camera travels round the moving portrait and back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mvportrait.drive import open_sources
from mvportrait.manifest import sha256_of_file, versions
from mvportrait.media.images import read_picture
from mvportrait.media.segments import SegmentedWriter, Stream
from mvportrait.options import TurntableOptions
from mvportrait.outputs import check_output_file, output_file
from mvportrait.pipeline import list_inputs, prepare_motion, work_key
from mvportrait.portraits import prepare_portrait
from mvportrait.provenance import Provenance
from mvportrait.reporting import Reporter, Stopwatch
from mvportrait.work import check_not_at_work, work_folder

__all__ = ["turntable"]


def turntable(options: TurntableOptions, out: Path, *, reporter: Reporter | None = None) -> dict[str, Any]:
    """Write one mp4 in which the camera goes half the arc to either side of the moving portrait and back.

    Args:
        options: what is asked for.
        out: the .mp4 file; it appears whole or not at all.
        reporter: told about progress, choices and warnings.

    Returns:
        A summary as JSON values: file, frames, fps, size, crop, warnings, timings.

    Raises:
        InputError: anything in the options or files that cannot be used.
    """
    reporter = reporter or Reporter()
    watch = Stopwatch()

    # 1. Check what was given, before anything heavy is imported.
    options.check()
    check_output_file(out, suffix=".mp4")
    check_not_at_work(out)
    pictures = [read_picture(given) for given in (options.reference, *options.other_references)]
    sources = open_sources(options)

    # 2. Portrait, motion, and one camera per frame.
    with watch.stage("portrait"), reporter.track("portrait"):
        prepared = prepare_portrait(pictures, size=options.size, reporter=reporter)
    portrait, size = prepared.portrait, prepared.size
    with watch.stage("motion"):
        motion = prepare_motion(options, sources, portrait, reporter=reporter)
    from renderer import turntable as turntable_cameras

    front = portrait.camera.resized(size, size)
    arc = math.radians(options.arc_degrees)
    cameras = turntable_cameras(front, arc_radians=arc, frames=motion.frames, pivot=portrait.pivot)

    # 3. Frames, streaming from the model to the encoder, in segments that survive a kill.
    with watch.stage("load model"), reporter.track("load model"):
        from mvvideo import VideoModel

        model = VideoModel.load(options.preset)
    provenance = Provenance("turntable", options.preset, options.seed)
    tags = provenance.video_tags(view=f"turntable {options.arc_degrees:g}")
    key = work_key(options, list_inputs(options, pictures), motion, cameras, size=size)
    with work_folder(out, key=key, resume=options.resume, reporter=reporter) as work:
        begun_at = work.frames
        stream = Stream(out.name, size, size, tags)
        writer = SegmentedWriter(work, [stream], frames=motion.frames, fps=motion.fps)
        if begun_at:
            reporter.note(f"an interrupted run is taken up at frame {begun_at} of {motion.frames}")
        progress = reporter.track("frames", motion.frames, done=begun_at)
        with writer, watch.stage("frames"), progress as advance:
            if begun_at < motion.frames:
                chunks = model.generate(
                    portrait,
                    motion,
                    cameras,
                    size=size,
                    seed=options.seed,
                    camera_per_frame=True,
                    start=begun_at,
                )
                for frames in chunks:  # (n, 1, S, S, 3)
                    for frame in frames:
                        writer.write(frame)
                    advance(len(frames))
        with output_file(out) as staged:
            writer.join(staged.parent, sound=None if options.mute else sources.sound)
    return {
        "out": str(out),
        "sha256": sha256_of_file(out),
        "frames": motion.frames,
        "fps": motion.fps,
        "size": size,
        "crop": [int(value) for value in portrait.crop],
        "options": options.as_json(),
        "versions": versions(),
        "warnings": reporter.warnings,
        "timings_seconds": {name: round(value, 3) for name, value in watch.finish().items()},
    }
