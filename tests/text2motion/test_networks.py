"""Denoiser, sampler and features: shapes, invariances and exact cases."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from flame.errors import AssetError
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence
from text2motion.conditioning import JOINT_ROLE, make_condition
from text2motion.denoiser import PHASE_FEATURES, ClauseBatch, Denoiser, DenoiserConfig, phase_features
from text2motion.encoder import clip_encoder
from text2motion.features import (
    EMOTION_FEATURES,
    MOTION_FEATURES,
    Normaliser,
    emotion_channels,
    emotion_features,
    motion_channels,
    motion_features,
)
from text2motion.joint import JointDM
from text2motion.noise import motion_noise
from text2motion.planning import EMOTION_ROLE, MOTION_ROLE, Clause, plan
from text2motion.sampling import add_noise, ddim, signal_and_noise
from text2motion.signature import SIGNATURE_NAMES, signature_of
from text2motion.weight_files import FEATURES, load_weights, save_weights

_B, _K, _L = 2, 3, 5
_COLUMN = SIGNATURE_NAMES.index


def _batch(seed: int = 0) -> ClauseBatch:
    generator = torch.Generator().manual_seed(seed)
    token_mask = torch.ones(_B, _K, _L, dtype=torch.bool)
    token_mask[:, 1, 3:] = False
    return ClauseBatch(
        torch.randn(_B, _K, _L, 384, generator=generator),
        token_mask,
        torch.ones(_B, _K, dtype=torch.bool),
        torch.rand(_B, _K, 3, generator=generator).cumsum(-1),
        torch.ones(_B, _K),
        torch.zeros(_B, _K),
        torch.rand(_B, _K, len(SIGNATURE_NAMES), generator=generator),
        torch.ones(_B),
    )


def _network(**sizes: Any) -> Denoiser:
    """Random everywhere, the zero-initialised layers too."""
    torch.manual_seed(1)
    small: dict[str, Any] = {"features": 6, "width": 16, "layers": 2, "heads": 2, "patch": 2, "stream": 8}
    made = Denoiser(DenoiserConfig(**small | sizes))
    for layer in (made.head.out, made.head.modulate, *(block.modulate for block in made.blocks)):
        torch.nn.init.normal_(layer.weight, std=0.3)
    return made.eval()


@pytest.fixture(scope="module")
def network() -> Denoiser:
    return _network()


def _run(network: Denoiser, batch: ClauseBatch, **options) -> torch.Tensor:
    x = torch.randn(_B, 10, 6, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        return network(x, torch.full((_B,), 0.5), batch, start_seconds=torch.zeros(_B), **options)


def test_shapes_and_an_empty_prompt(network: Denoiser) -> None:
    told = _run(network, _batch())
    assert told.shape == (_B, 10, 6)
    silent = _run(network, _batch().without_text())
    assert torch.isfinite(silent).all()
    assert not torch.allclose(told, silent)


def test_clauses_are_a_set_and_padding_is_nothing(network: Denoiser) -> None:
    batch = _batch()
    order = torch.tensor([2, 0, 1])
    parts = ("tokens", "token_mask", "clause_mask", "spans", "counts", "own", "signature")
    turned = ClauseBatch(
        **{name: getattr(batch, name)[:, order] for name in parts}, intensity=batch.intensity
    )
    torch.testing.assert_close(_run(network, batch), _run(network, turned), atol=1e-5, rtol=1e-4)
    batch.clause_mask[:, 2] = False
    first = _run(network, batch)
    batch.tokens[:, 2] = 100.0
    batch.signature[:, 2] = 100.0
    batch.tokens[:, 1, 3:] = 50.0  # behind the token mask
    torch.testing.assert_close(first, _run(network, batch), atol=1e-5, rtol=1e-4)


def test_kept_clause_vectors_change_nothing(network: Denoiser) -> None:
    batch = _batch()
    with torch.inference_mode():
        told = network.encode(batch)
    torch.testing.assert_close(_run(network, batch), _run(network, batch, clauses=told))


def test_frames_behind_the_mask_are_not_seen(network: Denoiser) -> None:
    mask = torch.ones(_B, 10, dtype=torch.bool)
    mask[:, 6:] = False
    x = torch.randn(_B, 10, 6, generator=torch.Generator().manual_seed(3))
    other = x.clone()
    other[:, 6:] = 9.0
    level, start = torch.full((_B,), 0.3), torch.zeros(_B)
    with torch.inference_mode():
        a = network(x, level, _batch(), start_seconds=start, frame_mask=mask)
        b = network(other, level, _batch(), start_seconds=start, frame_mask=mask)
    torch.testing.assert_close(a[:, :6], b[:, :6], atol=1e-5, rtol=1e-4)


def test_a_patch_has_no_edges() -> None:
    """A change in one frame is felt by its neighbours on both sides of a patch's border."""
    network = _network(patch=5)
    x = torch.zeros(1, 20, 6)
    batch = ClauseBatch(**{name: value[:1] for name, value in vars(_batch().without_text()).items()})
    level, start = torch.tensor([0.5]), torch.zeros(1)
    for block in network.blocks:  # without attention and MLP only the stream at frame rate remains
        torch.nn.init.zeros_(block.proj.weight)
        torch.nn.init.zeros_(block.mlp[2].weight)
    torch.nn.init.zeros_(network.unpatch.weight)
    with torch.inference_mode():
        before = network(x, level, batch, start_seconds=start)
        x[0, 9] = 1.0  # the last frame of the second patch
        changed = (network(x, level, batch, start_seconds=start) - before).abs().amax(dim=(0, 2)) > 1e-6
    assert changed[8:11].all()


def test_phases_depend_on_relative_time_only() -> None:
    seconds = torch.linspace(0, 4, 9)[None]
    spans, counts = torch.tensor([[[1.0, 2.0, 3.0]]]), torch.tensor([[2.0]])
    first = phase_features(seconds, spans, counts)
    assert first.shape == (1, 9, 1, PHASE_FEATURES)
    torch.testing.assert_close(first, phase_features(seconds + 5, spans + 5, counts), atol=1e-3, rtol=1e-3)
    assert first.abs().max() <= 2.0


def test_signatures_say_what_the_vocabulary_knows() -> None:
    nothing = signature_of(Clause("hums a tune", MOTION_ROLE))
    assert not nothing.any()
    left = signature_of(Clause("", MOTION_ROLE, action="turn_left"))
    right = signature_of(Clause("", MOTION_ROLE, action="turn_right"))
    strong = signature_of(Clause("", MOTION_ROLE, action="turn_left", size=1, speed=-1))
    yaw = _COLUMN("target_yaw")
    assert left[_COLUMN("known")] == left[_COLUMN("kind_hold")] == 1.0
    assert left[yaw] > 1.0
    assert right[yaw] == -left[yaw]
    assert strong[yaw] > left[yaw]
    assert strong[_COLUMN("speed")] == -1.0


def test_conditions_carry_own_parts_and_signatures() -> None:
    clauses = [
        Clause("nods", MOTION_ROLE, action="nod", count=2),
        Clause("smiles", EMOTION_ROLE, action="smile"),
    ]
    planned = plan(clauses, seconds=3.0)
    states = [np.ones((4, 32), np.float32), np.ones((2, 32), np.float32)]
    for role, own in ((MOTION_ROLE, [1, 0]), (EMOTION_ROLE, [0, 1]), (JOINT_ROLE, [1, 1])):
        condition = make_condition(planned, states, role=role, intensity=1.0)
        assert condition.own[0].tolist() == own
    assert condition.tokens.shape == (1, 2, 4, 32)
    assert condition.token_mask.sum() == 6
    np.testing.assert_array_equal(condition.signature[0, 0], signature_of(clauses[0]))
    assert condition.counts[0].tolist() == [2, 1]


def test_known_actions_do_not_depend_on_their_wording(network: Denoiser) -> None:
    batch = _batch()
    other = ClauseBatch(**{**vars(batch), "tokens": batch.tokens + 1.0})
    torch.testing.assert_close(network.encode(batch), network.encode(other))
    batch.signature[:, 1] = other.signature[:, 1] = 0.0  # an action that the vocabulary does not know
    changed = (network.encode(batch) - network.encode(other)).abs().amax(dim=(0, 2)) > 1e-4
    assert changed.tolist() == [False, True, False]
    free = _network(free_words=True)
    assert not torch.allclose(free.encode(batch), free.encode(other))


def test_noise_is_standard_and_slow() -> None:
    noise = motion_noise(64, 150, 4, torch.Generator().manual_seed(0))
    assert noise.shape == (64, 150, 4)
    assert float(noise.std()) == pytest.approx(1.0, abs=0.03)
    assert float(noise[:, 0].std()) == pytest.approx(
        float(noise[:, 75].std()), abs=0.2
    )  # ends like the middle
    step = (noise[:, 1:] - noise[:, :-1]).square().mean()
    assert float(step) < 1.2  # 2 for white noise


def test_ddim_with_a_perfect_model_returns_its_answer() -> None:
    target = torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(1, 8, 3, generator=torch.Generator().manual_seed(1))
    for steps in (1, 4, 25):
        torch.testing.assert_close(
            ddim(lambda x, t: target, noise, steps=steps), target, atol=1e-4, rtol=1e-3
        )


def test_schedule_keeps_the_variance() -> None:
    t = torch.linspace(0, 1, 11)
    signal, sigma = signal_and_noise(t)
    torch.testing.assert_close(signal**2 + sigma**2, torch.ones(11), atol=1e-5, rtol=0)
    x0 = torch.ones(2, 3, 4)
    torch.testing.assert_close(add_noise(x0, torch.zeros_like(x0), torch.zeros(2)), x0)
    assert all(a >= b for a, b in itertools.pairwise(signal.tolist()))


def test_features_there_and_back(rng: np.random.Generator) -> None:
    eye = rng.normal(0, 0.2, (12, 3))
    sequence = FlameSequence.neutral(12).replace(
        neck=rng.normal(0, 0.3, (12, 3)),
        rotation=rng.normal(0, 0.1, (12, 3)),
        eyes=np.concatenate([eye, eye], axis=1),
        translation=rng.normal(0, 0.01, (12, 3)),
        jaw=np.abs(rng.normal(0, 0.2, (12, 3))) * [1, 0, 0],
        eyelids=rng.uniform(0, 1, (12, 2)),
        expression=rng.uniform(0, 1, (12, len(EXPRESSION_NAMES))),
    )
    motion, emotion = motion_features(sequence), emotion_features(sequence)
    assert motion.shape[1] == len(MOTION_FEATURES)
    assert emotion.shape[1] == len(EMOTION_FEATURES)
    for name, array in {**motion_channels(motion), **emotion_channels(emotion)}.items():
        np.testing.assert_allclose(array, getattr(sequence, name), atol=1e-5, err_msg=name)
    normal = Normaliser.measure(motion, MOTION_FEATURES)
    np.testing.assert_allclose(normal.backward(normal.forward(motion)), motion, atol=1e-5)


def test_what_seldom_moves_is_not_blown_up() -> None:
    features = np.zeros((1000, 2), np.float32)
    features[:500, 0] = 1.0  # a smile half of the time
    features[:5, 1] = 1.0  # a tongue that is out once
    often, seldom = Normaliser.measure(features, ("mouthSmileLeft", "tongueOut")).scale
    assert 1.5 < often / seldom < 4.0


def _state(role: str) -> tuple[Denoiser, Normaliser]:
    network = _network(features=len(FEATURES[role]))
    return network, Normaliser(
        np.zeros(len(FEATURES[role]), np.float32), np.ones(len(FEATURES[role]), np.float32)
    )


def test_weights_there_and_back(tmp_path) -> None:
    network, normaliser = _state("motion")
    path = tmp_path / "motion.safetensors"
    save_weights(
        path, network.state_dict(), role="motion", config=network.config, normaliser=normaliser, steps=3
    )
    again, _ = load_weights(path, role="motion", feature_names=MOTION_FEATURES)
    assert again.config == network.config
    for name, value in again.state_dict().items():
        torch.testing.assert_close(value, network.state_dict()[name], atol=2e-3, rtol=2e-3)
    with pytest.raises(AssetError, match="not emotion weights"):
        load_weights(path, role="emotion", feature_names=EMOTION_FEATURES)
    with pytest.raises(AssetError, match="another rig"):
        load_weights(path, role="motion", feature_names=EMOTION_FEATURES)
    path.write_bytes(b"junk")
    with pytest.raises(AssetError, match="cannot be read"):
        load_weights(path, role="motion", feature_names=MOTION_FEATURES)


def test_a_vocabulary_may_grow_but_not_shrink_under_weights(tmp_path, monkeypatch) -> None:
    network, normaliser = _state("motion")
    path = tmp_path / "motion.safetensors"
    save_weights(
        path, network.state_dict(), role="motion", config=network.config, normaliser=normaliser, steps=3
    )
    for module in ("clauses", "weight_files"):
        monkeypatch.setattr(f"text2motion.{module}.SIGNATURE_NAMES", ("new", *SIGNATURE_NAMES))
    grown, _ = load_weights(path, role="motion", feature_names=MOTION_FEATURES)
    assert grown.clauses.columns.tolist() == list(range(1, len(SIGNATURE_NAMES) + 1))
    for module in ("clauses", "weight_files"):
        monkeypatch.setattr(f"text2motion.{module}.SIGNATURE_NAMES", SIGNATURE_NAMES[:-1])
    with pytest.raises(AssetError, match="vocabulary no longer has"):
        load_weights(path, role="motion", feature_names=MOTION_FEATURES)


def test_the_joint_model_makes_both_parts(tmp_path, word_encoder) -> None:
    network, normaliser = _state("joint")
    path = tmp_path / "joint.safetensors"
    save_weights(
        path, network.state_dict(), role="joint", config=network.config, normaliser=normaliser, steps=3
    )
    motion, emotion = JointDM.load(path, encoder=word_encoder).parts()
    planned = plan([Clause("nods", MOTION_ROLE, action="nod")], seconds=2.0)
    head = motion.features(planned, seconds=2.0, steps=2)
    face = emotion.features(planned, seconds=2.0, steps=2)
    assert head.shape == (50, len(MOTION_FEATURES))
    assert face.shape == (50, len(EMOTION_FEATURES))
    assert {"neck", "jaw"} <= {*motion.channels(head), *emotion.channels(face)}


def test_clip_is_a_text_encoder_too(tmp_path) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    words = [
        "<|startoftext|>",
        "<|endoftext|>",
        *"abcdefghijklmnopqrstuvwxyz",
        *(c + "</w>" for c in "abcdefghijklmnopqrstuvwxyz"),
    ]
    (tmp_path / "vocab.json").write_text(str({word: i for i, word in enumerate(words)}).replace("'", '"'))
    (tmp_path / "merges.txt").write_text("#version: 0.2\n")
    CLIPTokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt")).save_pretrained(tmp_path)
    torch.manual_seed(0)
    sizes = CLIPTextConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
        bos_token_id=0, eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    CLIPTextModel(sizes).save_pretrained(tmp_path)
    encoder = clip_encoder(tmp_path)
    nods, smiles = encoder.encode(["nods", "smiles"])
    assert nods.shape == (6, encoder.width) == (6, 16)
    assert smiles.shape == (8, 16)
    network = _network(text_dim=16)
    planned = plan([Clause("nods", MOTION_ROLE)], seconds=2.0)
    batch = ClauseBatch(
        **{
            name: torch.from_numpy(value)
            for name, value in vars(make_condition(planned, [nods], role=0, intensity=1.0)).items()
        }
    )
    with torch.inference_mode():
        assert (
            network(torch.zeros(1, 10, 6), torch.ones(1), batch, start_seconds=torch.zeros(1))
            .isfinite()
            .all()
        )
    with pytest.raises(AssetError, match="CLIP"):
        clip_encoder(tmp_path / "absent")
