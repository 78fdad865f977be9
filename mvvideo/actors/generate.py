"""Making many clips on many processes: resumable, and the same files for the same seed."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from flame.errors import ConfigError, MVPortraitError, input_error
from mvvideo.actors.spec import SPLITS

__all__ = ["Job", "generate", "plan"]

SEED_STRIDE = 10_000_000
RETRY_STRIDE = 1_000_000
RETRIES = 4
_THREAD_VARIABLES = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "4294967296"}
"""Keeps glibc from handing large arrays back after every clip: the page faults would cost a third of the time."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One shard: where it goes and the seeds of its clips."""

    kit: str
    out: str
    name: str
    seeds: tuple[int, ...]
    seed: int
    split: str
    size: int
    frames: int
    views: int
    supersample: int
    motions: str | None = None


def plan(
    *,
    kit: str,
    out: str,
    clips: int,
    seed: int,
    split: str,
    size: int = 256,
    frames: int = 3,
    views: int = 3,
    shard_clips: int = 16,
    supersample: int = 2,
    motions: str | None = None,
) -> list[Job]:
    """The shards that make up ``clips`` clips. Clip i of a seed and split is always the same clip.

    Raises:
        ConfigError: a number below 1 or an unknown split.
    """
    for name, value in (
        ("clips", clips),
        ("size", size),
        ("frames", frames),
        ("views", views),
        ("shard_clips", shard_clips),
        ("supersample", supersample),
    ):
        if value < 1:
            raise input_error(ConfigError, f"{name} must be at least 1", value, "give a positive number")
    if split not in SPLITS:
        raise input_error(ConfigError, "there is no such split", split, f"use one of {', '.join(SPLITS)}")
    if not 0 <= seed < 100:
        raise input_error(ConfigError, "the seed must be 0 to 99", seed, "clips are numbered within a seed")
    first = seed * SEED_STRIDE
    return [
        Job(
            kit,
            out,
            f"{split}_{seed:02d}_{start // shard_clips:05d}",
            tuple(range(first + start, first + min(start + shard_clips, clips))),
            seed,
            split,
            size,
            frames,
            views,
            supersample,
            motions,
        )
        for start in range(0, clips, shard_clips)
    ]


def _prepare_process() -> None:
    import cv2

    cv2.setNumThreads(1)


def make_shard(job: Job) -> tuple[str, int]:
    """Render and write one shard; returns its name and how many clips failed at first and were drawn again."""
    from flame.head import load_head
    from mvvideo.actors.clips import make_clip
    from mvvideo.actors.kit import load_kit
    from mvvideo.actors.library import load_library
    from mvvideo.training.shards import write_shard

    kit, head = load_kit(job.kit), load_head("open")
    motions = load_library(job.motions) if job.motions else None
    clips, redrawn = [], 0
    for seed in job.seeds:
        for attempt in range(RETRIES + 1):
            try:
                clips.append(
                    make_clip(
                        kit,
                        head,
                        seed + attempt * RETRY_STRIDE,
                        split=job.split,
                        size=job.size,
                        frames=job.frames,
                        views=job.views,
                        supersample=job.supersample,
                        motions=motions,
                    )
                )
                break
            except MVPortraitError as error:  # a fit that fails on an odd pose: another actor takes the place
                redrawn += 1
                _log.warning("clip %d drawn again: %s", seed, error)
                if attempt == RETRIES:
                    raise
    write_shard(job.out, job.name, clips, split=job.split, seed=job.seed)
    return job.name, redrawn


def generate(jobs: list[Job], *, workers: int) -> Iterator[str]:
    """Make the shards that are not there yet; yields the name of each as it is finished.

    Args:
        jobs: from :func:`plan`. workers: processes; each uses one thread.

    Raises:
        ConfigError: fewer than one worker. MVPortraitError: a clip failed ``RETRIES`` times over.
    """
    if workers < 1:
        raise input_error(ConfigError, "workers must be at least 1", workers, "give the number of processes")
    missing = [job for job in jobs if not (Path(job.out) / job.name / "index.json").is_file()]
    _log.info("%d of %d shards are there already", len(jobs) - len(missing), len(jobs))
    if not missing:
        return
    if workers == 1:
        _prepare_process()
        for job in missing:
            yield make_shard(job)[0]
        return
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = "1"
    os.environ.update(_MALLOC)
    started, done = time.monotonic(), 0
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_process) as pool:
        # one clip first: it fills numba's cache, which all processes would otherwise compile at the same time
        pool.submit(_warm_up, missing[0]).result()
        futures = [pool.submit(make_shard, job) for job in missing]
        for future in as_completed(futures):
            name, _ = future.result()
            done += 1
            elapsed = time.monotonic() - started
            _log.info(
                "%s  %d/%d  %.0f s, %.0f s to go",
                name,
                done,
                len(missing),
                elapsed,
                elapsed / done * (len(missing) - done),
            )
            yield name


def _warm_up(job: Job) -> None:
    from flame.head import load_head
    from mvvideo.actors.clips import make_clip
    from mvvideo.actors.kit import load_kit

    make_clip(load_kit(job.kit), load_head("open"), job.seeds[0], split=job.split, size=64, frames=1, views=1)
