"""The benchmarks of the video model run on a tiny network; what needs a GPU takes the same path on the CPU."""

from __future__ import annotations

import pytest
import torch

from benchmarks import inference, video

from .video_fixtures import TINY


def test_stages_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    video.main(["--stages", "--frames", "2", "--views", "1", "--sizes", "64"], TINY)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in lines] == ["stage   ", "photo, o", "one step", "composit", "composit"]
    assert all(float(line.split()[-1]) > 0 for line in lines[1:])


def test_the_gpu_table_counts_frames_and_training_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    video.gpu_table(TINY, torch.device("cpu"), size=64, frames=2, repeats=1)
    out = capsys.readouterr().out
    assert all(f"{views} views" in out for views in (1, 4, 8))
    assert "training at 32²" in out


@pytest.mark.skipif(torch.cuda.is_available(), reason="has CUDA")
def test_without_cuda_the_gpu_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        video.main(["--gpu"], TINY)
    assert "needs CUDA" in capsys.readouterr().err


def test_engines_are_compared_with_eager(capsys: pytest.CaptureFixture[str]) -> None:
    inference.main(["--engines", "plain,eager,jit", "--frames", "1", "--views", "1", "--repeats", "1"], TINY)
    rows = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines()[2:]}
    assert set(rows) == {"plain", "eager", "jit"}
    for row in rows.values():
        assert float(row[5]) < 0.5  # of 255, or of a pixel


def test_an_unknown_engine_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        inference.main(["--engines", "abacus"], TINY)
    assert "abacus" in capsys.readouterr().err
