"""The channel table: packing, storing, and what zero means."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from flame.errors import ConfigError
from mvvideo.guidance import (
    CANONICAL_SCALE_METRES,
    CHANNEL_COUNT,
    GUIDANCE_CHANNELS,
    REGION_GROUPS,
    Guidance,
    channel_slice,
)

T, N, H, W = 2, 3, 4, 5


def random_inputs(seed: int) -> tuple[SimpleNamespace, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    shape = (T, N, H, W)
    appearance = SimpleNamespace(
        rgb=rng.random((*shape, 3)),
        alpha=rng.random((*shape, 1)),
        confidence=rng.random((*shape, 4)),
        background=rng.random((N, H, W, 3)),
        background_known=rng.random((N, H, W, 1)),
    )
    buffers = {
        "normals": rng.uniform(-1, 1, (*shape, 3)),
        "canonical": rng.uniform(-CANONICAL_SCALE_METRES, CANONICAL_SCALE_METRES, (*shape, 3)),
        **{f"region_{group}": rng.random((*shape, 1)) for group in REGION_GROUPS},
    }
    return appearance, buffers


def test_names_are_unique_and_slices_tile_the_axis():
    names = [channel.name for channel in GUIDANCE_CHANNELS]
    assert len(set(names)) == len(names)
    covered = np.concatenate([np.arange(CHANNEL_COUNT)[channel_slice(name)] for name in names])
    assert covered.tolist() == list(range(CHANNEL_COUNT))


def test_pack_puts_every_source_where_the_table_says():
    appearance, buffers = random_inputs(0)
    packed = Guidance.pack(appearance, buffers)
    assert packed.shape == (T, N, CHANNEL_COUNT, H, W)
    assert packed.dtype == np.float32
    parts = Guidance.unpack(packed)
    assert np.allclose(parts["appearance_rgb"], np.moveaxis(appearance.rgb, -1, -3))
    assert np.allclose(parts["confidence_detail"][:, :, 0], appearance.confidence[..., 2])
    assert np.allclose(parts["background_rgb"][1], np.moveaxis(appearance.background, -1, -3))
    assert np.allclose(parts["canonical"] * CANONICAL_SCALE_METRES, np.moveaxis(buffers["canonical"], -1, -3))
    assert np.allclose(parts["region_iris"][:, :, 0], buffers["region_iris"][..., 0])


def test_uint8_keeps_values_within_half_a_step_and_zero_exactly():
    appearance, buffers = random_inputs(1)
    packed = Guidance.pack(appearance, buffers)
    restored = Guidance.dequantise(Guidance.quantise(packed))
    assert np.abs(restored - packed).max() <= 0.5 / 127 + 1e-6
    null = Guidance.null(1, 2, height=3, width=3)
    assert not Guidance.dequantise(Guidance.quantise(null)).any()


def test_quantising_twice_changes_nothing():
    rng = np.random.default_rng(2)
    stored = rng.integers(0, 256, (CHANNEL_COUNT, 3, 3)).astype(np.uint8)
    values = Guidance.dequantise(stored)
    again = Guidance.quantise(values)
    signed = np.isin(np.arange(CHANNEL_COUNT), np.r_[channel_slice("normals"), channel_slice("canonical")])
    assert (again[~signed] == stored[~signed]).all()
    assert (again[signed] == stored[signed]).all()


def test_visualise_is_a_picture():
    appearance, buffers = random_inputs(3)
    picture = Guidance.visualise(Guidance.pack(appearance, buffers)[0, 0])
    assert picture.shape == (H, len(GUIDANCE_CHANNELS) * W, 3)
    assert picture.min() >= 0
    assert picture.max() <= 1


def test_wrong_width_and_unknown_name_are_refused():
    with pytest.raises(ConfigError, match="guidance must be"):
        Guidance.unpack(np.zeros((CHANNEL_COUNT - 1, 2, 2), np.float32))
    with pytest.raises(ConfigError, match="unknown guidance channel"):
        channel_slice("appearence_rgb")
