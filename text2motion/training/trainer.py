"""The trainer: EMA, resumable, CPU or CUDA. Noise level uniform, x0 loss plus velocity loss."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from text2motion.denoiser import ClauseBatch, Denoiser, DenoiserConfig
from text2motion.features import EMOTION_FEATURES, MOTION_FEATURES, Normaliser
from text2motion.models import save_weights
from text2motion.sampling import add_noise
from text2motion.training.attributes import AttributeHead, caption_attributes, noisy_tokens
from text2motion.training.bank import load_bank
from text2motion.training.config import TrainingConfig
from text2motion.training.data import SceneChunk, SceneSource


class ScenePool:
    """Scenes as tensors on the training device, overwritten in turn by fresh ones."""

    def __init__(self, chunks: list[SceneChunk], device: torch.device) -> None:
        names = asdict(chunks[0]).keys()
        self._device = device
        self._arrays = {
            name: torch.cat([torch.from_numpy(getattr(chunk, name)) for chunk in chunks]).to(device)
            for name in names
        }
        self._cursor = 0

    def __len__(self) -> int:
        return len(self._arrays["frames"])

    def renew(self, chunk: SceneChunk) -> None:
        """Overwrite the oldest scenes."""
        size = len(chunk.frames)
        rows = (self._cursor + torch.arange(size)) % len(self)
        for name, array in self._arrays.items():
            array[rows.to(self._device)] = torch.from_numpy(getattr(chunk, name)).to(self._device)
        self._cursor = int((self._cursor + size) % len(self))

    def draw(self, size: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """``size`` random scenes."""
        rows = torch.randint(len(self), (size,), generator=generator).to(self._device)
        return {name: array[rows] for name, array in self._arrays.items()}

    def feature_samples(self) -> torch.Tensor:
        """(S * T, D) every frame, for measuring statistics."""
        return self._arrays["features"].flatten(0, 1).float().cpu()


class Trainer:
    """One model's training. ``run`` trains, ``export`` writes the averaged weights."""

    def __init__(
        self, config: TrainingConfig, *, bank_path: Path, out: Path, note: Callable[[str], None] | None = None
    ) -> None:
        self.config, self.out = config, out
        self.note = note or (lambda line: None)
        out.mkdir(parents=True, exist_ok=True)
        self.device = _device(config.device)
        bank = load_bank(bank_path)
        dense, lengths = bank.dense()
        self._tokens = torch.from_numpy(dense).to(self.device)  # (N, L, 384)
        self._lengths = torch.from_numpy(lengths).to(self.device)
        self._source = SceneSource(
            bank,
            str(bank_path),
            role=config.role,
            frames=config.frames,
            workers=config.workers,
            seed=config.seed,
        )
        names = MOTION_FEATURES if config.role == "motion" else EMOTION_FEATURES
        torch.manual_seed(config.seed)
        self.model_config = DenoiserConfig(
            features=len(names),
            width=config.width,
            layers=config.layers,
            heads=config.heads,
            patch=config.patch,
        )
        self.model = Denoiser(self.model_config).to(self.device)
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.head = AttributeHead(config.width).to(self.device)
        actions, amounts = caption_attributes(bank)
        self._actions = torch.from_numpy(actions).to(self.device)
        self._amounts = torch.from_numpy(amounts).to(self.device)
        self.optimiser = torch.optim.AdamW(
            [*self.model.parameters(), *self.head.parameters()],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            betas=(0.9, 0.98),
        )
        self.step = 0
        self._random = torch.Generator().manual_seed(config.seed + 1)
        self._noise = torch.Generator(device=self.device).manual_seed(config.seed + 2)
        self._fill_pool()
        self._resume()

    def _fill_pool(self) -> None:
        chunks, have = [], 0
        started = time.monotonic()
        while have < self.config.pool:
            chunks.append(self._source.take(256))
            have += len(chunks[-1].frames)
        self.pool = ScenePool(chunks, self.device)
        self.normaliser = Normaliser.measure(self.pool.feature_samples().numpy())
        self.note(f"{len(self.pool)} scenes performed in {time.monotonic() - started:.0f} s on {self.device}")

    def run(self) -> None:
        """Train until the steps or the minutes are used up; checkpoints and exports on the way."""
        config = self.config
        if self.step == 0:
            self._learn_words()
        started, running = time.monotonic(), 0.0
        mean = torch.from_numpy(self.normaliser.mean).to(self.device)
        scale = torch.from_numpy(self.normaliser.scale).to(self.device)
        while self.step < config.steps:
            elapsed = (time.monotonic() - started) / 60.0
            if config.minutes and elapsed > config.minutes:
                break
            self._renew()
            progress = max(self.step / config.steps, elapsed / config.minutes if config.minutes else 0.0)
            rate = config.learning_rate * min(1.0, (self.step + 1) / config.warmup_steps)
            for group in self.optimiser.param_groups:
                group["lr"] = rate * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))
            loss = self._step(mean, scale)
            running = loss if not running else 0.98 * running + 0.02 * loss
            self.step += 1
            if self.step % 100 == 0:
                self.note(f"{config.role} step {self.step} loss {running:.4f} {elapsed:.1f} min")
            if self.step % config.checkpoint_steps == 0:
                self.checkpoint()
        self.checkpoint()
        self._source.close()

    def _renew(self) -> None:
        if self.config.workers:
            fresh = self._source.take_ready()
        else:
            fresh = self._source.take(32 * self.config.renew) if self.step % 32 == 31 else None
        if fresh is not None:
            self.pool.renew(fresh)

    def _step(self, mean: torch.Tensor, scale: torch.Tensor) -> float:
        config = self.config
        drawn = self.pool.draw(config.batch, self._random)
        x0 = (drawn["features"].float() - mean) / scale  # (B, T, D)
        frames = torch.arange(x0.shape[1], device=self.device)
        mask = frames < drawn["frames"][:, None]  # (B, T)
        t = self._levels(config.batch)
        noise = torch.randn(x0.shape, generator=self._noise, device=self.device)
        batch = self._condition(drawn)
        autocast = torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")
        with autocast:
            told = self.model.encode(batch)
            predicted = self.model(
                add_noise(x0, noise, t), t, batch, start_seconds=drawn["start_seconds"], frame_mask=mask,
                clauses=told,
            ).float()  # fmt: skip
        loss = motion_loss(predicted, x0, mask, velocity_weight=config.velocity_weight)
        loss = loss + config.words_weight * self._words_loss(told, batch.clause_mask, drawn["caption"])
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.gradient_clip)
        self.optimiser.step()
        decay = min(config.ema, (1 + self.step) / (10 + self.step))
        state = self.model.state_dict()
        torch._foreach_lerp_(list(self.average.values()), [state[name] for name in self.average], 1.0 - decay)
        return float(loss.detach()) if self.step % 10 == 0 or self.device.type == "cpu" else self._last(loss)

    def _levels(self, size: int) -> torch.Tensor:
        """Noise levels (B,): half uniform, half near pure noise, where the text decides and not the input."""
        uniform = torch.rand(size, generator=self._noise, device=self.device)
        high = torch.arange(size, device=self.device) % 2 == 0
        return torch.where(high, 1.0 - 0.3 * uniform, uniform)

    def _words_loss(self, told: torch.Tensor, there: torch.Tensor, caption: torch.Tensor) -> torch.Tensor:
        rows = caption[:, : there.shape[1]][there]
        if not len(rows):
            return told.sum() * 0.0
        return self.head.loss(told[there].float(), self._actions[rows], self._amounts[rows])

    def _learn_words(self) -> None:
        """Teach the clause encoder the captions before there is any motion."""
        config = self.config
        trained = [*self.model.clauses.parameters(), *self.head.parameters()]
        optimiser = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.05)
        loss = torch.zeros(())
        for step in range(config.words_steps):
            for group in optimiser.param_groups:
                group["lr"] = 1e-3 * min(1.0, (step + 1) / 50) * (1.0 - 0.9 * step / config.words_steps)
            rows = torch.randint(len(self._lengths), (128,), generator=self._random).to(self.device)
            batch = self._clauses(rows[:, None], torch.ones(128, 1, dtype=torch.bool, device=self.device))
            batch.own = (torch.rand(128, 1, generator=self._noise, device=self.device) < 0.5).float()
            told = self.model.encode(batch)[:, 0]
            loss = self.head.loss(told, self._actions[rows], self._amounts[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.note(f"words learnt: loss {float(loss.detach()):.3f} after {config.words_steps} steps")

    def _last(self, loss: torch.Tensor) -> float:
        """On CUDA reading every loss would stall the queue; between readings the last one stands."""
        self._seen = getattr(self, "_seen", 0.0) if self.step % 10 else float(loss.detach())
        return self._seen

    def _condition(self, drawn: dict[str, torch.Tensor]) -> ClauseBatch:
        caption = drawn["caption"]  # (B, K)
        there = caption >= 0
        silent = (
            torch.rand(len(caption), generator=self._noise, device=self.device) < self.config.silent_share
        )
        most = max(int(there.sum(dim=1).max()), 1)
        batch = self._clauses(caption.clamp_min(0)[:, :most], (there & ~silent[:, None])[:, :most])
        batch.spans, batch.counts = drawn["spans"][:, :most], drawn["counts"][:, :most]
        batch.own, batch.intensity = drawn["own"][:, :most], drawn["intensity"]
        return batch

    def _clauses(self, index: torch.Tensor, there: torch.Tensor) -> ClauseBatch:
        """Token states of captions (B, K), noised a little, with neutral times."""
        lengths = self._lengths[index]
        longest = int(lengths.max())
        token_mask = torch.arange(longest, device=self.device) < lengths[..., None]
        tokens = noisy_tokens(
            self._tokens[index][:, :, :longest].float(), self._noise, strength=self.config.token_noise
        )
        zero = torch.zeros(index.shape, device=self.device)
        spans = torch.zeros(*index.shape, 3, device=self.device)
        return ClauseBatch(tokens, token_mask, there, spans, zero + 1.0, zero, zero[:, 0] + 1.0)

    # ------------------------------------------------------------------ files

    def checkpoint(self) -> None:
        """Write the state to resume from, and the weights to use."""
        state = {
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average,
            "head": self.head.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "config": json.dumps(asdict(self.config)),
            "mean": torch.from_numpy(self.normaliser.mean),
            "scale": torch.from_numpy(self.normaliser.scale),
        }
        partial = self.out / f"{self.config.role}.partial"
        torch.save(state, partial)
        partial.replace(self.out / f"{self.config.role}.checkpoint.pt")
        save_weights(
            self.out / f"{self.config.role}.safetensors", self.average, role=self.config.role,
            config=self.model_config, normaliser=self.normaliser, steps=self.step,
        )  # fmt: skip

    def _resume(self) -> None:
        path = self.out / f"{self.config.role}.checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.head.load_state_dict(state["head"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])
        self.normaliser = Normaliser(state["mean"].cpu().numpy(), state["scale"].cpu().numpy())
        self._random.manual_seed(self.config.seed + 1 + self.step)
        self.note(f"resumed at step {self.step}")


def motion_loss(
    predicted: torch.Tensor, target: torch.Tensor, mask: torch.Tensor, *, velocity_weight: float
) -> torch.Tensor:
    """Mean squared error over real frames plus the same of frame differences.

    Args:
        predicted, target: (B, T, D) in network units.
        mask: (B, T) True where there is a frame.
    """
    there = mask.to(predicted.dtype)[..., None]
    error = predicted - target
    simple = (error.square() * there).sum() / (there.sum() * error.shape[-1])
    both = there[:, 1:] * there[:, :-1]
    velocity = ((error[:, 1:] - error[:, :-1]).square() * both).sum() / (both.sum() * error.shape[-1])
    return simple + velocity_weight * velocity


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
