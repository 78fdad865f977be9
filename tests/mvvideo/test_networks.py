"""The denoiser: exact start, right wiring, strict storage."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from flame.errors import AssetError, ConfigError
from mvvideo.denoising import predict_layers
from mvvideo.guidance import CHANNEL_COUNT, channel_slice
from mvvideo.networks.composite import (
    HELD_IN_MOUTH,
    HELD_WHERE_SEEN,
    STILL_IN_BACKGROUND,
    Layers,
    Plates,
    compose,
    restrained,
    smooth_band,
    warp,
    without_pattern,
)
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser
from mvvideo.networks.storage import load_network, save_network

from .video_fixtures import TINY


@pytest.fixture(scope="module")
def model() -> MultiViewDenoiser:
    torch.manual_seed(0)
    return MultiViewDenoiser(TINY).eval().requires_grad_(False)


def inputs(*, batch: int = 2, views: int = 2, frames: int = 3, seed: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape, size = (batch, views, frames), (32, 32)
    return {
        "noisy": torch.randn(*shape, 3, *size, generator=generator),
        "time": torch.ones(batch),
        "guidance": torch.rand(*shape, CHANNEL_COUNT, *size, generator=generator),
        "photo": torch.rand(batch, 3, *size, generator=generator),
        "photo_guidance": torch.rand(batch, CHANNEL_COUNT, *size, generator=generator),
    }


def wake(model: MultiViewDenoiser) -> MultiViewDenoiser:
    """A copy whose zero-initialised layers are not zero, so that everything has an effect."""
    import copy

    awake = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(2)
    for parameter in awake.parameters():
        if not parameter.any():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return awake


def run(model: MultiViewDenoiser, given: dict[str, torch.Tensor], **options: bool) -> Layers:
    reference = model.encode_reference(given["photo"], given["photo_guidance"])
    return model(given["noisy"], given["time"], given["guidance"], reference, **options)


def test_untrained_model_shows_exactly_the_appearance(model: MultiViewDenoiser) -> None:
    given = inputs()
    picture = model.compose(run(model, given), given["guidance"])
    appearance = Plates.from_guidance(given["guidance"].flatten(0, 2)).composite()
    torch.testing.assert_close(picture.rgb, appearance, atol=2e-6, rtol=0)
    assert float(picture.overshoot) == 0


def test_every_parameter_is_reached_by_the_gradient(model: MultiViewDenoiser) -> None:
    awake = wake(model).requires_grad_(True)
    given = inputs()
    picture = awake.compose(run(awake, given), given["guidance"])
    (picture.rgb.square().mean() + picture.alpha.mean()).backward()
    unreached = {name.rsplit(".", 2)[0] for name, p in awake.named_parameters() if p.grad is None}
    # The reference network ends inside its last block: nobody looks at what follows the recorded keys.
    tail = "reference_unet.up_blocks.0.attentions.1"
    assert {name for name in unreached if not name.startswith(tail)} == set()


@pytest.mark.parametrize("changed", ["photo", "photo_guidance", "noisy", "guidance"])
def test_every_input_matters(model: MultiViewDenoiser, changed: str) -> None:
    awake, given = wake(model), inputs()
    before = run(awake, given).rgb
    given[changed] = given[changed].flip(-1)
    assert not torch.allclose(before, run(awake, given).rgb, atol=1e-5)


def test_frames_and_views_talk_only_when_switched_on(model: MultiViewDenoiser) -> None:
    awake, given = wake(model), inputs(batch=1)
    other = {**given, "guidance": given["guidance"].clone()}
    other["guidance"][:, 1, 2] = 0  # change one view's last frame; watch view 0, frame 0 and view 1, frame 0

    def shift(place: tuple[int, int], **options: bool) -> float:
        a, b = (run(awake, x, **options).rgb.unflatten(0, (1, 2, 3))[0][place] for x in (given, other))
        return float((a - b).abs().max())

    assert shift((0, 0), motion=False, views=False) == 0
    assert shift((1, 0), motion=False, views=False) == 0
    assert shift((1, 0), motion=True, views=False) > 1e-6
    assert shift((0, 2), motion=False, views=True) > 1e-6
    assert shift((0, 0), motion=True, views=False) == 0
    assert shift((0, 0), motion=True, views=True) > 1e-7


def test_views_have_no_order(model: MultiViewDenoiser) -> None:
    awake, given = wake(model), inputs(batch=1, views=3, frames=2)
    swapped = {**given, "noisy": given["noisy"].flip(1), "guidance": given["guidance"].flip(1)}
    a, b = (run(awake, x).rgb.unflatten(0, (1, 3, 2)) for x in (given, swapped))
    torch.testing.assert_close(a, b.flip(1), atol=1e-5, rtol=1e-4)


def test_clips_of_a_batch_do_not_mix(model: MultiViewDenoiser) -> None:
    awake, given = wake(model), inputs(batch=2)
    alone = {name: value[1:] for name, value in given.items()}
    both = run(awake, given).rgb.unflatten(0, (2, -1))[1]
    torch.testing.assert_close(both, run(awake, alone).rgb, atol=1e-5, rtol=1e-4)


def test_warp_moves_by_whole_pixels_exactly() -> None:
    image = torch.rand(1, 2, 8, 8)
    flow = torch.zeros(1, 2, 8, 8)
    flow[:, 0] = 2  # look two pixels to the right
    torch.testing.assert_close(warp(image, flow)[..., :6], image[..., 2:], atol=1e-5, rtol=0)


def test_layers_act_the_same_at_twice_the_size() -> None:
    layers = Layers(
        flow=torch.full((1, 2, 8, 8), 1.0),
        gate_change=torch.full((1, 1, 8, 8), -0.25),
        detail_change=torch.full((1, 1, 8, 8), -0.25),
        alpha_change=torch.zeros(1, 1, 8, 8),
        rgb=torch.full((1, 3, 8, 8), 0.5),
    )
    large = layers.resized(16, 16)
    assert float(large.flow.mean()) == pytest.approx(2.0)
    smooth = torch.linspace(0.2, 0.8, 16).expand(1, 3, 16, 16)
    plates = Plates(rgb=smooth, alpha=torch.ones(1, 1, 16, 16), background=torch.zeros(1, 3, 16, 16))
    half = torch.nn.functional.avg_pool2d
    small = Plates(
        rgb=half(plates.rgb, 2), alpha=half(plates.alpha, 2), background=half(plates.background, 2)
    )
    torch.testing.assert_close(
        half(compose(large, plates).rgb, 2)[..., :6], compose(layers, small).rgb[..., :6], atol=1e-5, rtol=0
    )


def test_a_wrong_shade_is_replaced_and_the_fine_structure_kept() -> None:
    generator = torch.Generator().manual_seed(0)
    fine = 0.05 * torch.randn(1, 3, 128, 128, generator=generator)
    ones, nothing = torch.ones(1, 1, 128, 128), torch.zeros(1, 1, 128, 128)
    plates = Plates(rgb=0.3 + fine, alpha=ones, background=torch.zeros(1, 3, 128, 128))
    layers = Layers(
        flow=torch.zeros(1, 2, 128, 128),
        gate_change=-ones,
        detail_change=nothing,
        alpha_change=nothing,
        rgb=torch.full((1, 3, 128, 128), 0.6),
    )
    shown = compose(layers, plates).rgb
    expected = 0.6 + plates.rgb - smooth_band(plates.rgb, plates.alpha)
    torch.testing.assert_close(shown, expected, atol=1e-5, rtol=0)
    assert float(shown.std()) > 0.9 * float(fine.std())


def test_the_smooth_band_does_not_mix_the_plate_into_the_silhouette() -> None:
    alpha = torch.zeros(1, 1, 64, 64)
    alpha[..., :32] = 1
    rgb = torch.where(alpha > 0, torch.tensor(0.8), torch.tensor(0.0)).expand(1, 3, -1, -1)
    assert float(smooth_band(rgb, alpha)[..., :32].min()) > 0.79


def test_storage_is_exact_in_half_precision_and_split(model: MultiViewDenoiser, tmp_path: Path) -> None:
    save_network(model.state_dict(), TINY, tmp_path, name="tiny", training={"window_frames": 2})
    again = load_network(tmp_path)
    assert again.config == TINY
    for name, value in again.state_dict().items():
        assert torch.equal(value, model.state_dict()[name].half().float()), name


def test_changed_or_missing_weights_are_refused(model: MultiViewDenoiser, tmp_path: Path) -> None:
    save_network(model.state_dict(), TINY, tmp_path, name="tiny", training={})
    file = next(tmp_path.glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(AssetError, match="missing or changed"):
        load_network(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "version": 99}))
    with pytest.raises(AssetError, match="99"):
        load_network(tmp_path)
    with pytest.raises(AssetError, match="preview"):
        load_network(tmp_path / "nowhere")


def test_config_survives_json_and_refuses_what_it_does_not_know() -> None:
    assert NetworkConfig.from_dict(json.loads(json.dumps(TINY.to_dict()))) == TINY
    with pytest.raises(ConfigError, match="colour"):
        NetworkConfig.from_dict({"colour": 1})
    with pytest.raises(ConfigError, match="equal channels"):
        dataclasses.replace(TINY, reference_channels=(16, 16))
    with pytest.raises(ConfigError, match="multiple"):
        dataclasses.replace(TINY, image_size=33)
    with pytest.raises(ConfigError, match="one entry per level"):
        dataclasses.replace(TINY, attention=(True,))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_cuda_agrees_with_cpu(model: MultiViewDenoiser) -> None:
    awake, given = wake(model), inputs()
    on_cpu = run(awake, given).rgb
    on_gpu = run(awake.cuda(), {name: value.cuda() for name, value in given.items()}).rgb
    torch.testing.assert_close(on_gpu.cpu(), on_cpu, atol=1e-3, rtol=1e-3)


def test_the_flow_moves_the_silhouette_out_by_a_64th_at_most() -> None:
    alpha = torch.zeros(1, 1, 128, 128)
    alpha[..., 40:80, 40:80] = 1
    plates = Plates(rgb=torch.ones(1, 3, 128, 128), alpha=alpha, background=torch.zeros(1, 3, 128, 128))
    flow = torch.zeros(1, 2, 128, 128)
    flow[:, 0] = -8  # everything moves 8 px to the right
    nothing = torch.zeros(1, 1, 128, 128)
    layers = Layers(
        flow=flow, gate_change=nothing, detail_change=nothing, alpha_change=nothing, rgb=plates.rgb
    )
    shown = compose(layers, plates).alpha
    assert (shown[..., 60, 48:82] == 1).all()
    assert (shown[..., 60, 82:] == 0).all()
    assert (shown[..., 60, :48] == 0).all()


def test_in_use_the_photo_and_the_mouth_are_left_alone_more_than_what_nobody_saw() -> None:
    size = 32
    guidance = torch.zeros(1, CHANNEL_COUNT, size, size)
    guidance[:, channel_slice("confidence_facing")] = 1.0
    guidance[:, channel_slice("appearance_alpha"), :24] = 1.0  # below: background
    guidance[:, channel_slice("confidence_seen"), :, :8] = 1.0  # photographed
    guidance[:, channel_slice("confidence_seen"), :, 8:16] = 0.5  # mirrored
    guidance[:, channel_slice("region_mouth"), :, 26:] = 1.0
    change = torch.full((1, 1, size, size), -0.6)
    layers = Layers(
        flow=change.expand(1, 2, size, size),
        gate_change=change,
        detail_change=change,
        alpha_change=change,
        rgb=torch.rand(1, 3, size, size),
    )
    used = restrained(layers, guidance)
    assert torch.equal(used.rgb, layers.rgb)
    for name in ("flow", "gate_change", "detail_change", "alpha_change"):
        person = getattr(used, name)[..., :20, :]
        photographed, mirrored, unseen, mouth = (person[..., x].mean() for x in (3, 12, 20, 30))
        background = getattr(used, name)[..., 28:, 20].mean()
        # The flow stays away from what is photographed and from the mouth; what alpha takes from the plate may go.
        held = (1.0, STILL_IN_BACKGROUND, 1.0) if name == "flow" else (HELD_WHERE_SEEN, 0.0, HELD_IN_MOUTH)
        wanted = -0.6 * (1 - torch.tensor(held))
        torch.testing.assert_close(torch.stack([photographed, background, mouth]), wanted)
        torch.testing.assert_close(torch.stack([mirrored, unseen]), torch.tensor([-0.6, -0.6]))


def test_in_use_no_ghosts_are_added_to_the_background() -> None:
    size = 32
    guidance = torch.zeros(1, CHANNEL_COUNT, size, size)
    guidance[:, channel_slice("appearance_alpha"), :8] = 1.0
    change = torch.zeros(1, 1, size, size)
    change[..., :16], change[..., 16:] = 0.9, -0.1
    nothing = torch.zeros(1, 1, size, size)
    layers = Layers(nothing.expand(1, 2, size, size), nothing, nothing, change, torch.rand(1, 3, size, size))
    used = restrained(layers, guidance).alpha_change
    assert not used[..., 20:, :16].any()  # over the background
    torch.testing.assert_close(used[..., 20:, 16:], change[..., 20:, 16:])  # what takes away may
    torch.testing.assert_close(used[..., :8, :], change[..., :8, :])  # on the person all counts


def test_colours_in_use_have_no_pattern_of_patches() -> None:
    rows = torch.arange(64.0)
    stripes = 0.1 * torch.sin(2 * torch.pi * rows / 8)[None, None, :, None].expand(1, 3, 64, 64)
    ramp = (rows / 64)[None, None, None, :].expand(1, 3, 64, 64)
    nothing = torch.zeros(1, 1, 64, 64)
    layers = Layers(torch.zeros(1, 2, 64, 64), nothing, nothing, nothing, ramp + stripes)
    smooth = without_pattern(layers, 8).rgb
    inner = (slice(None), slice(None), slice(16, 48), slice(16, 48))
    assert (smooth - ramp)[inner].abs().max() < 1e-5  # stripes gone, the ramp neither moved nor bent
    assert smooth.shape == ramp.shape


def test_a_network_in_use_is_restrained_and_in_training_it_is_not(model: MultiViewDenoiser) -> None:
    awake, given = wake(model), inputs()
    reference = awake.encode_reference(given["photo"], given["photo_guidance"])
    free = run(awake, given)
    used = predict_layers(awake, given["noisy"], given["time"], given["guidance"], reference)
    assert torch.equal(used.gate_change, restrained(free, given["guidance"].flatten(0, 2)).gate_change)
    assert used.gate_change.abs().mean() < 0.9 * free.gate_change.abs().mean()


def test_values_beyond_their_limits_come_back_and_do_not_run_away() -> None:
    layers = Layers(
        flow=torch.zeros(1, 2, 8, 8),
        gate_change=torch.full((1, 1, 8, 8), 0.5, requires_grad=True),  # beyond 1
        detail_change=torch.zeros(1, 1, 8, 8),
        alpha_change=torch.full((1, 1, 8, 8), -2.0, requires_grad=True),  # beyond 0
        rgb=torch.full((1, 3, 8, 8), 0.2),
    )
    plates = Plates(torch.full((1, 3, 8, 8), 0.8), torch.ones(1, 1, 8, 8), torch.zeros(1, 3, 8, 8))
    alpha = compose(layers, plates).alpha.sum()
    (inward,) = torch.autograd.grad(-alpha, layers.alpha_change, retain_graph=True)
    (outward,) = torch.autograd.grad(alpha, layers.alpha_change)
    assert (inward < 0).all()  # descent raises it, back over 0
    assert not outward.any()
    gate = compose(layers, plates).gate.sum()
    assert not torch.autograd.grad(-gate, layers.gate_change, retain_graph=True)[0].any()
    assert (torch.autograd.grad(gate, layers.gate_change)[0] > 0).all()
