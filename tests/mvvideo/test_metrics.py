"""Scores against values worked out by hand or by scikit-image."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mvvideo.metrics import ScoreTable, contact_sheet, gradient_magnitude, masked_psnr, region_masks, ssim_map


def test_psnr_looks_only_inside_the_mask() -> None:
    truth = torch.zeros(2, 3, 16, 16)
    prediction = truth.clone()
    prediction[..., :8, :] = 0.1
    mask = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    mask[0, :, :8] = True
    mask[1, :, 0, :4] = True  # too few pixels to say anything
    psnr = masked_psnr(prediction, truth, mask)
    assert float(psnr[0]) == pytest.approx(20.0, abs=1e-4)
    assert math.isnan(float(psnr[1]))


def test_ssim_is_one_for_equals_and_agrees_with_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    rng = np.random.default_rng(0)
    a = rng.random((48, 40, 3)).astype(np.float32)
    b = np.clip(a + 0.2 * rng.standard_normal(a.shape), 0, 1).astype(np.float32)
    as_batch = [torch.from_numpy(x).permute(2, 0, 1)[None] for x in (a, b)]
    assert float(ssim_map(as_batch[0], as_batch[0]).mean()) == pytest.approx(1.0, abs=1e-5)
    _, theirs = metrics.structural_similarity(
        a,
        b,
        channel_axis=2,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    ours = ssim_map(*as_batch)[0, 0].numpy()
    np.testing.assert_allclose(ours[8:-8, 8:-8], theirs.mean(-1)[8:-8, 8:-8], atol=1e-4)


def test_blur_lowers_the_gradient_ratio() -> None:
    truth = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    blurred = torch.nn.functional.avg_pool2d(truth, 3, 1, 1)
    ones, zeros = torch.ones(2, 1, 32, 32), torch.zeros(2, 1, 32, 32)
    masks = region_masks(ones, ones, ones)
    table = ScoreTable()
    table.add("truth", truth, truth, masks, yaw_degrees=torch.tensor([0.0, 40.0]))
    table.add("blurred", blurred, truth, masks, yaw_degrees=torch.tensor([0.0, 40.0]))
    scores = table.summary()
    assert scores["truth"]["gradient_ratio"] == pytest.approx(1.0)
    assert scores["blurred"]["gradient_ratio"] < 0.5
    assert scores["blurred"]["psnr_foreground"] < scores["truth"]["psnr_foreground"]
    assert math.isnan(scores["blurred"]["psnr_hidden"])
    assert math.isnan(scores["blurred"]["psnr_foreground_yaw_15_30"])
    assert "blurred" in table.to_text()
    assert not region_masks(ones, zeros, ones)["visible"].any()


def test_gradient_of_a_ramp() -> None:
    ramp = torch.arange(8.0).expand(1, 3, 8, 8) / 10
    magnitude = gradient_magnitude(ramp)
    torch.testing.assert_close(magnitude[..., :, :-1], torch.full((1, 1, 8, 7), 0.1))
    assert float(magnitude[..., -1].max()) < 1e-5


def test_contact_sheet_puts_rows_below_each_other() -> None:
    picture = torch.zeros(3, 4, 5)
    assert contact_sheet([[picture, picture, picture], [picture] * 3]).shape == (3, 8, 15)
