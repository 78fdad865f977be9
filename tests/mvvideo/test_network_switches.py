"""What a configuration adds to the network and takes from it: nothing by default, something when switched."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from flame.errors import ConfigError
from flame.head import load_head
from flame.sequence import FlameSequence
from mvvideo.conditioning import GuidedNetwork, encode_photo
from mvvideo.denoising import denoise_layers
from mvvideo.guidance import CHANNEL_COUNT, channel_slice
from mvvideo.intensity import clip_intensity, sequence_intensity, track_intensity
from mvvideo.networks.composite import Layers
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser, ReferenceFeatures
from mvvideo.pipeline import WEIGHTS_DIRECTORY, VideoModel, find_preset

from .test_pipeline import StandIn, cameras, motion
from .video_fixtures import TINY

ADDED = {
    "motion_intensity": 64,
    "memory_bank": 8,
    "identity_adapter": True,
    "separate_tokens": True,
}
REMOVED = {
    "reference_network": False,
    "motion_module": False,
    "view_module": False,
    "appearance_input": False,
    "confidence_input": False,
    "region_input": False,
    "two_gates": False,
}


@functools.cache
def _built(config: NetworkConfig) -> MultiViewDenoiser:
    torch.manual_seed(0)
    return MultiViewDenoiser(config).eval().requires_grad_(False)


def build(**switches: object) -> MultiViewDenoiser:
    return copy.deepcopy(_built(dataclasses.replace(TINY, **switches)))


def wake(model: MultiViewDenoiser) -> MultiViewDenoiser:
    """Zero-initialised layers made random, in place."""
    generator = torch.Generator().manual_seed(2)
    for parameter in model.parameters():
        if not parameter.any():
            parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model


def inputs(seed: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shape, size = (2, 2, 2), (32, 32)
    return {
        "noisy": torch.randn(*shape, 3, *size, generator=generator),
        "guidance": torch.rand(*shape, CHANNEL_COUNT, *size, generator=generator),
        "photo": torch.rand(2, 3, *size, generator=generator),
        "photo_guidance": torch.rand(2, CHANNEL_COUNT, *size, generator=generator),
        "intensity": torch.tensor([[0.1, 0.9], [0.5, 0.5]]),
    }


def look(network: MultiViewDenoiser | GuidedNetwork, given: dict[str, torch.Tensor]) -> ReferenceFeatures:
    return network.encode_reference(given["photo"], given["photo_guidance"], intensity=given["intensity"])


def run(model: MultiViewDenoiser | GuidedNetwork, given: dict[str, torch.Tensor]) -> Layers:
    return model(given["noisy"], torch.ones(2), given["guidance"], look(model, given))


def same(a: Layers, b: Layers) -> bool:
    return all(torch.equal(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(Layers))


# --- defaults ---------------------------------------------------------------------------------------------


def test_manifests_from_before_the_switches_mean_the_same_network() -> None:
    given = json.loads((Path(WEIGHTS_DIRECTORY) / "manifest.json").read_text())["network"]
    old = {name: value for name, value in given.items() if name not in {**ADDED, **REMOVED}}
    config = NetworkConfig.from_dict(old)
    assert config == NetworkConfig.from_dict({**old, **NetworkConfig().to_dict(), **old})
    assert config.hidden_channels == ()
    with torch.device("meta"):
        names = set(MultiViewDenoiser(config).state_dict())
    from safetensors import safe_open

    stored: set[str] = set()
    for file in Path(WEIGHTS_DIRECTORY).glob("*.safetensors"):
        with safe_open(file, "pt") as piece:
            stored |= set(piece.keys())
    assert names == stored


@pytest.mark.parametrize("name", [n for n in ADDED if n != "separate_tokens"])
def test_what_is_added_starts_as_nothing_and_shares_all_other_weights(name: str) -> None:
    plain, more = build(), build(**{name: ADDED[name]})
    shared = plain.state_dict()
    state = more.state_dict()
    assert set(shared) < set(state)
    assert all(torch.equal(state[key], value) for key, value in shared.items())
    # The other layers awake, the new one's last still zero: it must not change a thing.
    wake(plain)
    more.load_state_dict({**state, **plain.state_dict()})
    assert same(run(plain, inputs()), run(more, inputs()))


@pytest.mark.parametrize("name", ADDED)
def test_what_is_added_matters_once_trained(name: str) -> None:
    plain, more = wake(build()), wake(build(**{name: ADDED[name]}))
    more.load_state_dict({**more.state_dict(), **plain.state_dict()})
    assert not torch.allclose(run(plain, inputs()).rgb, run(more, inputs()).rgb, atol=1e-6)


@pytest.mark.parametrize("name", ADDED)
def test_every_added_parameter_is_reached_by_the_gradient(name: str) -> None:
    model = wake(build(**{name: ADDED[name]})).requires_grad_(True)
    run(model, inputs()).rgb.square().mean().backward()
    own = set(model.state_dict()) - set(build().state_dict())
    assert own
    assert all(p.grad is not None and p.grad.any() for n, p in model.named_parameters() if n in own)


# --- taken away -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REMOVED)
def test_what_is_left_out_changes_the_answer_and_adds_no_weights(name: str) -> None:
    plain, less = wake(build()), wake(build(**{name: False}))
    state = less.state_dict()
    assert set(state) <= set(plain.state_dict())
    less.load_state_dict({key: plain.state_dict()[key] for key in state})
    assert not same(run(plain, inputs()), run(less, inputs()))


@pytest.mark.parametrize(
    ("switch", "channel"),
    [
        ("appearance_input", "appearance_rgb"),
        ("appearance_input", "appearance_alpha"),
        ("appearance_input", "confidence_seen"),
        ("confidence_input", "confidence_layer"),
        ("region_input", "region_iris"),
    ],
)
def test_hidden_channels_are_not_seen(switch: str, channel: str) -> None:
    model, given = wake(build(**{switch: False})), inputs()
    before = model.compose(run(model, given), given["guidance"]).rgb
    layers = run(model, given).rgb
    given["guidance"][:, :, :, channel_slice(channel)] *= 0.25
    assert torch.equal(run(model, given).rgb, layers)
    if switch == "appearance_input":  # nor does anything of it reach the picture
        after = model.compose(run(model, given), given["guidance"]).rgb
        torch.testing.assert_close(after, before, atol=2e-6, rtol=0)


def test_one_gate_is_one() -> None:
    layers = run(wake(build(two_gates=False)), inputs())
    assert torch.equal(layers.gate_change, layers.detail_change)


def test_bad_switches_are_refused() -> None:
    with pytest.raises(ConfigError, match="must not be negative"):
        dataclasses.replace(TINY, memory_bank=-1)


# --- classifier-free guidance -----------------------------------------------------------------------------


def test_scale_one_is_the_network_itself() -> None:
    model, given = wake(build()), inputs()
    assert same(run(GuidedNetwork(model), given), run(model, given))


def test_guidance_goes_from_the_blind_answer_through_the_seeing_one() -> None:
    model, given = wake(build(motion_intensity=16)), inputs()
    seeing = run(model, given)
    nothing = encode_photo(
        model,
        given["photo"],
        given["photo_guidance"],
        intensity=given["intensity"],
        kept=torch.zeros(2),
    )
    blind = model(given["noisy"], torch.ones(2), given["guidance"], nothing)
    guided = run(GuidedNetwork(model, 2.0), given)
    expected = blind.rgb + 2 * (seeing.rgb - blind.rgb)
    torch.testing.assert_close(guided.rgb, expected, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(blind.rgb, seeing.rgb, atol=1e-5)
    for steps in (1, 2):  # stands where the network stands
        network = GuidedNetwork(model, 2.0)
        layers = denoise_layers(network, given["noisy"], given["guidance"], look(network, given), steps=steps)
        assert layers.rgb.shape == seeing.rgb.shape
    with pytest.raises(ConfigError, match="guidance scale"):
        GuidedNetwork(model, 0.5)


def test_the_photo_can_be_kept_for_some_clips_only() -> None:
    model, given = wake(build()), inputs()
    some = encode_photo(model, given["photo"], given["photo_guidance"], kept=torch.tensor([1.0, 0.0]))
    whole = look(model, given)
    torch.testing.assert_close(some.tokens[0], whole.tokens[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(some.tokens[1], whole.tokens[1], atol=1e-3)


class Nodding(StandIn):
    """The stand-in with landmarks that move as its frames do."""

    @property
    def head(self) -> SimpleNamespace:
        spread = np.random.default_rng(0).normal(size=(1, 68, 3))
        return SimpleNamespace(
            pose=lambda sequence: np.asarray(sequence.translation)[:, None],
            landmarks=lambda vertices, which: spread + 0.1 * vertices,
        )


def test_both_reach_the_network_in_use() -> None:
    model = wake(build(motion_intensity=16))
    preset = find_preset("quality")

    def frames(network: object) -> np.ndarray:
        video = VideoModel(preset, network, window_frames=4, device="cpu")
        return np.concatenate(list(video.generate(Nodding(), motion(6), cameras(2), size=32)))

    plain, guided = frames(model), frames(GuidedNetwork(model, 3.0))
    assert plain.shape == guided.shape == (6, 2, 32, 32, 3)
    assert np.array_equal(plain, frames(GuidedNetwork(model)))
    assert not np.array_equal(plain, guided)
    with torch.no_grad():
        model.intensity_encoder.out.bias += 0.5
    assert not np.array_equal(plain, frames(model)), "the motion's intensity is told"


# --- intensities ------------------------------------------------------------------------------------------


def test_intensities_grow_with_the_motion_and_tell_face_from_head() -> None:
    head, frames = load_head(), 8
    swing = np.sin(np.linspace(0, 2 * np.pi, frames)).astype(np.float32)

    def moved(*, jaw: float = 0.0, shift: float = 0.0) -> np.ndarray:
        still = FlameSequence.neutral(frames)
        return sequence_intensity(
            dataclasses.replace(
                still,
                jaw=np.outer(np.abs(swing), [jaw, 0, 0]).astype(np.float32),
                translation=np.outer(swing, [shift, 0, 0]).astype(np.float32),
            ),
            head,
        )

    assert not moved().any()
    small, large = moved(jaw=0.1), moved(jaw=0.3)
    assert 0 < small[0] < large[0] <= 1
    assert large[1] < 1e-3
    shifted = moved(shift=0.03)
    assert shifted[1] > 0.3
    assert shifted[0] < 1e-3


def test_scale_of_the_picture_does_not_matter_and_unseen_noses_measure_nothing() -> None:
    points = np.random.default_rng(0).normal(size=(5, 12, 2))
    np.testing.assert_allclose(track_intensity(points), track_intensity(points * 50 + 3), atol=1e-6)
    assert not track_intensity(points, np.arange(12) > 0).any()
    assert clip_intensity(np.full((2, 2, CHANNEL_COUNT, 16, 16), 128, np.uint8)).shape == (2,)
