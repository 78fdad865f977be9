"""The next frame is followed while the last picture is drawn, in order, and only where that is safe."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numba
import numpy as np
import pytest

from flame import FlameSequence
from flame.errors import InputError
from mvportrait.live import LiveOptions, overlap, run_live, session
from mvportrait.live.sources import LiveFrame, LiveSource


class Stage:
    """A source of four frames, a follower and a painter that tell what happened in which order."""

    def __init__(self, *, broken_at: int | None = None) -> None:
        self.pushed: list[int] = []
        self.painted: list[int] = []
        self.waited: list[bool] = []
        self._broken_at = broken_at
        self._news = threading.Condition()

    def frames(self):
        import time

        for index in range(4):
            yield LiveFrame(np.full((8, 8, 3), index, np.uint8), index / 5.0, time.perf_counter())

    def push(self, frame) -> SimpleNamespace:
        index = int(frame.image[0, 0, 0])
        if index == self._broken_at:
            raise InputError("the follower fails: on purpose; go on")
        with self._news:
            self.pushed.append(index)
            self._news.notify_all()
        return SimpleNamespace(sequence=FlameSequence.neutral(1), seen=True)

    def paint(self, frame, motion):
        index = int(frame.image[0, 0, 0])
        with self._news:
            self.waited.append(self._news.wait_for(lambda: index + 1 in self.pushed, timeout=self.patience))
        self.painted.append(index)
        return np.zeros((32, 64, 3), np.uint8), {"head": 0.0}

    patience = 5.0


def _run(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> object:
    monkeypatch.setattr("driving.video.LiveFollower", lambda **_: stage)
    monkeypatch.setattr(session, "_Painter", lambda *_: stage)
    monkeypatch.setattr(session, "open_source", lambda *_, **__: LiveSource(stage.frames(), fps=0.01))
    return run_live(LiveOptions(source="0", size=64, show="none"))


def test_the_next_frame_is_followed_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "may_overlap", lambda: True)
    stage = Stage()
    stage.patience = 0.5
    report = _run(monkeypatch, stage)
    assert stage.painted == stage.pushed == [0, 1, 2, 3]
    assert stage.waited == [False, True, True, False], "the first one is preparation, the last has no next"
    assert report.shown == 3


def test_one_after_the_other_where_it_is_not_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "may_overlap", lambda: False)
    stage = Stage()
    stage.patience = 0.02
    assert _run(monkeypatch, stage).shown == 3
    assert stage.painted == [0, 1, 2, 3]
    assert not any(stage.waited)


def test_what_fails_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "may_overlap", lambda: True)
    stage = Stage(broken_at=2)
    stage.patience = 0.05
    with pytest.raises(InputError, match="on purpose"):
        _run(monkeypatch, stage)


def test_drawing_leaves_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    before = numba.get_num_threads()
    monkeypatch.setattr(overlap.os, "cpu_count", lambda: 2)
    with overlap.fewer_threads():
        assert numba.get_num_threads() == 1
    assert numba.get_num_threads() == before
    for layer, safe in (("omp", True), ("workqueue", False)):
        monkeypatch.setattr(numba, "threading_layer", lambda layer=layer: layer)
        assert overlap.may_overlap() is safe
