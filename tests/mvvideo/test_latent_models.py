"""The latent models: tiny ones of the very classes that public weights fill, from folders to predictions."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from flame.errors import AssetError, ConfigError
from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.latent.config import LatentConfig, load_latent_config, with_weights
from mvvideo.latent.diffusion import noise_process, scheduler_options
from mvvideo.latent.loading import ModelParts, load_parts, skeleton_parts
from mvvideo.latent.photo import EncodedPhoto
from mvvideo.latent.sampling import make_scheduler, sample_latents

from .latent_fixtures import write_all, write_sd15

PRESETS = ("sd15", "svd")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_all(tmp_path_factory)


@pytest.fixture(params=PRESETS)
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    return folders[request.param]


def opened(folder: Path) -> tuple[LatentConfig, ModelParts]:
    config = load_latent_config(folder / "config.yaml")
    return config, load_parts(config, dtype=torch.float32)


def clip(
    parts: ModelParts, *, clips: int = 1, views: int = 2, frames: int = 2, size: int = 16
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, EncodedPhoto]:
    """Noisy latents, times, guidance and a photo, all random."""
    generator = torch.Generator().manual_seed(5)
    guidance = torch.rand((clips, views, frames, CHANNEL_COUNT, size, size), generator=generator)
    photo = parts.codec.photo(torch.rand((clips, 3, size, size), generator=generator), guidance[:, 0, 0])
    noisy = torch.randn((clips, views, frames, 4, size // 2, size // 2), generator=generator)
    return noisy, torch.full((clips,), 3.0), guidance, photo


def wake(parts: ModelParts, *pieces: str) -> None:
    """Give layers that start at zero something to do."""
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for name, parameter in parts.model.named_parameters():
            if any(piece in name for piece in pieces):
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))


# --- loading ------------------------------------------------------------------------------------------------


def test_weights_arrive_where_they_belong(folders: dict[str, Path]) -> None:
    _, parts = opened(folders["sd15"])
    unet = load_file(folders["sd15"] / "sd15" / "unet" / "diffusion_pytorch_model.safetensors")
    adapter = load_file(folders["sd15"] / "motion_adapter" / "diffusion_pytorch_model.safetensors")
    ours = parts.model.state_dict()
    for name in ("conv_in.weight", "mid_block.attentions.0.transformer_blocks.0.attn1.to_k.weight"):
        assert torch.equal(ours["unet." + name], unet[name])
        assert torch.equal(ours["reference_unet." + name], unet[name])
        # Copies: the two networks are trained apart.
        assert ours["unet." + name].data_ptr() != ours["reference_unet." + name].data_ptr()
    name = "down_blocks.0.motion_modules.0.proj_out.weight"
    assert torch.equal(ours["unet." + name.replace(".proj", ".motion.proj")], adapter[name])
    assert adapter[name].abs().sum() > 0


def test_the_public_model_is_unchanged_until_something_is_trained(folders: dict[str, Path]) -> None:
    """Without the photo ours is diffusers' own U-Net with motion modules: what is added starts at zero."""
    from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

    _, parts = opened(folders["sd15"])
    noisy, time, guidance, photo = clip(parts)
    unet = UNet2DConditionModel.from_pretrained(folders["sd15"] / "sd15" / "unet")
    adapter = MotionAdapter.from_pretrained(folders["sd15"] / "motion_adapter")
    public = UNetMotionModel.from_unet2d(unet, adapter).eval()
    with torch.no_grad():
        ours = parts.model.denoise(noisy, time, guidance, photo, None)
        theirs = public(
            noisy[0].transpose(1, 2), time[0], torch.zeros(4, *photo.denoiser_tokens.shape[1:])
        ).sample
    assert torch.allclose(ours[0], theirs.transpose(1, 2), atol=1e-5)


def test_stable_video_diffusion_is_unchanged_too(folders: dict[str, Path]) -> None:
    from diffusers import UNetSpatioTemporalConditionModel

    config, parts = opened(folders["svd"])
    noisy, time, guidance, photo = clip(parts)
    public = UNetSpatioTemporalConditionModel.from_pretrained(folders["svd"] / "svd" / "unet").eval()
    latents = (photo.latents / parts.codec.scale)[:, None].expand(2, 2, -1, -1, -1)
    told = torch.tensor([[config.model.frames_per_second - 1.0, config.model.motion_bucket, 0.02]] * 2)
    with torch.no_grad():
        ours = parts.model.denoise(noisy, time, guidance, photo, {})
        tokens = photo.denoiser_tokens.expand(2, -1, -1)
        theirs = public(torch.cat([noisy[0], latents], 2), time[0], tokens, told).sample
    assert torch.allclose(ours[0], theirs, atol=1e-5)


def test_photo_guidance_views_and_frames_all_matter(folder: Path) -> None:
    _, parts = opened(folder)
    wake(parts, "guidance_encoder.conv_out", ".view.proj_out")
    model = parts.model
    noisy, time, guidance, photo = clip(parts)
    with torch.no_grad():
        seen = model.look_at(photo)
        base = model.denoise(noisy, time, guidance, photo, seen)
        assert not torch.allclose(base, model.denoise(noisy, time, guidance, photo, None), atol=1e-5)
        assert not torch.allclose(base, model.denoise(noisy, time, guidance * 0.5, photo, seen), atol=1e-5)
        alone = torch.cat(
            [model.denoise(noisy[:, v : v + 1], time, guidance[:, v : v + 1], photo, seen) for v in range(2)],
            1,
        )
        assert not torch.allclose(base, alone, atol=1e-5)
        still = torch.cat(
            [
                model.denoise(noisy[:, :, t : t + 1], time, guidance[:, :, t : t + 1], photo, seen)
                for t in (0, 1)
            ],
            2,
        )
        assert not torch.allclose(base, still, atol=1e-5)
        # Two clips at once are two clips one by one.
        twice = model.forward(
            noisy.expand(2, *noisy.shape[1:]),
            time.expand(2),
            guidance.expand(2, *guidance.shape[1:]),
            EncodedPhoto(
                *(getattr(photo, f.name).repeat_interleave(2, 0) for f in dataclasses.fields(photo))
            ),
        )
    assert torch.allclose(twice, base.expand_as(twice), atol=1e-4)


def test_an_adapter_without_middle_and_no_adapter_at_all(tmp_path: Path) -> None:
    folder = write_sd15(tmp_path, middle=False)
    config = load_latent_config(folder / "config.yaml")
    without = dataclasses.replace(config, weights=dataclasses.replace(config.weights, motion_adapter=None))
    for each in (config, without):
        parts = load_parts(each, dtype=torch.float32)
        noisy, time, guidance, photo = clip(parts)
        with torch.no_grad():
            assert parts.model(noisy, time, guidance, photo).shape == noisy.shape
            both = parts.model.denoise(noisy, time, guidance, photo, None)
            still = parts.model.denoise(noisy, time, guidance, photo, None, motion=False)
        assert torch.equal(both, still) == (each is without)  # fresh motion modules change nothing


def test_patch_tokens(folders: dict[str, Path]) -> None:
    config = load_latent_config(folders["sd15"] / "config.yaml", ["model.image_tokens=patches"])
    parts = load_parts(config, dtype=torch.float32)
    noisy, time, guidance, photo = clip(parts)
    assert photo.denoiser_tokens.shape == (1, 5, 24)  # 2 x 2 patches and one for all
    with torch.no_grad():
        assert parts.model(noisy, time, guidance, photo).shape == noisy.shape


def test_skeletons_take_no_memory_and_name_the_same_parameters(folder: Path) -> None:
    config, parts = opened(folder)
    bare = skeleton_parts(config)
    assert {p.device.type for p in bare.model.parameters()} == {"meta"}
    assert [(n, p.shape) for n, p in bare.model.named_parameters()] == [
        (n, p.shape) for n, p in parts.model.named_parameters()
    ]
    assert {parts.model.part(n) for n, _ in parts.model.named_parameters()} == {
        "appearance",
        "motion",
        "views",
    }


# --- folders that cannot be used ----------------------------------------------------------------------------


def copied(folders: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders["sd15"], tmp_path / "copy"))


def refused(folder: Path) -> str:
    with pytest.raises((AssetError, ConfigError)) as caught:
        load_parts(load_latent_config(folder / "config.yaml"), dtype=torch.float32)
    message = str(caught.value)
    assert "\n" not in message and message.count("; ") >= 1
    return message


def test_pickles_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders, tmp_path)
    weights = folder / "sd15" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    assert "safetensors" in refused(folder) and "diffusion_pytorch_model.bin" in refused(folder)


def test_a_wrong_shape_is_named(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders, tmp_path)
    file = folder / "motion_adapter" / "diffusion_pytorch_model.safetensors"
    state = load_file(file)
    name = "down_blocks.1.motion_modules.0.proj_in.weight"
    save_file({**state, name: torch.zeros(3, 64)}, file)
    assert f"{name} is (3, 64), not (64, 64)" in refused(folder)
    save_file({n: v for n, v in state.items() if n != name}, file)
    assert f"{name} is missing" in refused(folder)
    save_file({**state, "extra": torch.zeros(1)}, file)
    assert "extra is unknown" in refused(folder)
    file.write_bytes(b"no safetensors at all")
    assert "not a readable safetensors file" in refused(folder)
    file.unlink()
    assert "no safetensors file" in refused(folder)


def test_an_index_with_missing_pieces(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders, tmp_path)
    unet = folder / "sd15" / "unet"
    state = load_file(unet / "diffusion_pytorch_model.safetensors")
    (unet / "diffusion_pytorch_model.safetensors").unlink()
    names = sorted(state)
    half = len(names) // 2
    pieces = {"a.safetensors": names[:half], "b.safetensors": names[half:]}
    for file, part in pieces.items():
        save_file({n: state[n] for n in part}, unet / file)
    index = {"weight_map": {n: file for file, part in pieces.items() for n in part}}
    (unet / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    config = load_latent_config(folder / "config.yaml")
    parts = load_parts(config, dtype=torch.float32)
    assert torch.equal(parts.model.state_dict()["unet.conv_in.weight"], state["conv_in.weight"])
    (unet / "b.safetensors").unlink()
    assert "b.safetensors" in refused(folder)


def test_old_names_of_attention_are_read(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders, tmp_path)
    file = folder / "sd15" / "vae" / "diffusion_pytorch_model.safetensors"
    old = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}
    state = load_file(file)
    renamed = {}
    for name, value in state.items():
        for new, past in old.items():
            name = name.replace(new, past)
        renamed[name] = value
    assert renamed.keys() != state.keys()
    save_file(renamed, file)
    parts = load_parts(load_latent_config(folder / "config.yaml"), dtype=torch.float32)
    name = "encoder.mid_block.attentions.0.to_q.weight"
    assert torch.equal(parts.codec.vae.state_dict()[name], state[name])


def test_a_whole_clip_is_used_for_its_eye(folders: dict[str, Path], tmp_path: Path) -> None:
    """The public CLIP folders hold text and vision together, and old files a list of positions."""
    folder = copied(folders, tmp_path)
    place = folder / "image_encoder"
    state = load_file(place / "model.safetensors")
    values = json.loads((place / "config.json").read_text())
    whole = {
        "architectures": ["CLIPModel"],
        "model_type": "clip",
        "projection_dim": values.pop("projection_dim"),
        "text_config": {"hidden_size": 8},
        "vision_config": {**values, "projection_dim": 512, "bad_words_ids": None, "torchscript": False},
    }
    (place / "config.json").write_text(json.dumps(whole))
    others = {
        "text_model.embeddings.token_embedding.weight": torch.zeros(3, 8),
        "vision_model.embeddings.position_ids": torch.arange(5)[None],
        "logit_scale": torch.tensor(1.0),
    }
    save_file({**state, **others}, place / "model.safetensors")
    _, parts = opened(folder)
    name = "visual_projection.weight"
    assert torch.equal(parts.codec.tokens.encoder.state_dict()[name], state[name])


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("sd15/unet/config.json", {"in_channels": 9}, "must take 4 channels"),
        ("sd15/unet/config.json", {"addition_embed_type": "text_time"}, "addition_embed_type: text_time"),
        ("sd15/unet/config.json", {"_class_name": "UNetMotionModel"}, "must hold a UNet2DConditionModel"),
        ("sd15/unet/config.json", {"cross_attention_dim": 48}, "cross-attention, 48: 24"),
        ("motion_adapter/config.json", {"block_out_channels": [32, 32]}, "the U-Net's widths, [32, 64]"),
        ("image_encoder/config.json", {"model_type": "vit"}, "CLIPVisionModelWithProjection"),
        ("sd15/scheduler/scheduler_config.json", {"beta_schedule": "sigmoid"}, ""),
    ],
)
def test_models_that_do_not_belong_together(
    folders: dict[str, Path], tmp_path: Path, file: str, change: dict[str, object], said: str
) -> None:
    folder = copied(folders, tmp_path)
    values = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**values, **change}))
    if said:
        assert said in refused(folder)
        return
    config, parts = opened(folder)
    with pytest.raises(AssetError, match="beta_schedule"):
        noise_process(scheduler_options(parts.scheduler, config.diffusion), config.diffusion)


def test_missing_and_unnamed_folders(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(folders, tmp_path)
    shutil.rmtree(folder / "image_encoder")
    assert "weights.image_encoder does not exist" in refused(folder)
    (folder / "sd15" / "scheduler" / "scheduler_config.json").unlink()
    (folder / "image_encoder").mkdir()
    assert "lacks scheduler_config.json" in refused(folder)
    with pytest.raises(AssetError, match="needs the folder weights.sd15: not named"):
        load_parts(LatentConfig(), dtype=torch.float32)
    with pytest.raises(ConfigError, match="does not exist"):
        with_weights("sd15", tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="use --preset sd15"):
        with_weights("svd", folder)
    bare = with_weights("sd15", folder / "sd15")  # a folder without anything that has a known name
    assert bare.weights.sd15 is None
    (folder / "config.yaml").unlink()
    assert with_weights("sd15", folder).weights.motion_adapter == str(folder / "motion_adapter")


def test_configurations_are_strict(tmp_path: Path) -> None:
    for override, said in (
        ("sampling.stepps=3", "config.sampling.stepps"),
        ("precision=fp8", "precision must be one of"),
        ("sampling.steps=0", "at least one step"),
        ("model.guidance_widths=16", "must be a list"),
        ("seed=true", "must be a int"),
        ("preset=sd3", "use sd15 or svd"),
        ("phases=[{name: a}]", "lacks options: trains, steps, frames, views"),
        ("nonsense", "key=value"),
    ):
        with pytest.raises(ConfigError, match="(?s)" + said.replace(".", r"\.")):
            load_latent_config(None, [override])
    with pytest.raises(ConfigError, match="not found"):
        load_latent_config(tmp_path / "no.yaml")
    root = Path(__file__).resolve().parents[2]
    for preset in PRESETS:
        config = load_latent_config(root / "configs" / f"{preset}.yaml")
        assert config.preset == preset
        assert [phase.trains for phase in config.phases] == ["appearance", "motion", "views"]
        assert load_latent_config(None, [f"preset={preset}"]).phases == config.phases


# --- one step ---------------------------------------------------------------------------------------------


def test_one_step_from_the_model_is_finite_and_repeatable(folder: Path) -> None:
    config, parts = opened(folder)
    noisy, _, guidance, photo = clip(parts)
    options = scheduler_options(parts.scheduler, config.diffusion)

    def run() -> torch.Tensor:
        with torch.no_grad():
            seen = parts.model.look_at(photo)
            latents = sample_latents(
                lambda x, t, known: parts.model.denoise(x, t, guidance, photo, seen if known else None),
                noisy,
                make_scheduler(options, config.sampling),
                steps=1,
                guidance_scale=2.0,
            )
            return torch.cat(list(parts.codec.decode(latents[0, 0])))

    pictures = run()
    assert pictures.shape == (2, 3, 16, 16)
    assert torch.isfinite(pictures).all() and 0 <= pictures.min() and pictures.max() <= 1
    assert torch.equal(pictures, run())
