"""The trainer: accelerate (CPU, one GPU or several), resumable, averaged weights, validation curves."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from flame.errors import ConfigError, input_error
from text2motion.denoiser import Denoiser, DenoiserConfig
from text2motion.features import Normaliser
from text2motion.noise import motion_noise
from text2motion.sampling import add_noise
from text2motion.training.attributes import caption_lessons
from text2motion.training.clips import BatchDrawer, DrawnBatch
from text2motion.training.config import TrainingConfig
from text2motion.training.curves import Curve
from text2motion.training.losses import draw_levels, level_weights, motion_loss
from text2motion.training.network import Teller, TrainedNetwork
from text2motion.training.sources import TrainingData
from text2motion.weight_files import FEATURES, load_weights, save_weights

_VALIDATION_LEVELS = (0.1, 0.4, 0.7, 1.0)
_SIZES = ("role", "encoder", "width", "layers", "heads", "patch", "stream")


class Trainer:
    """One model's training. :meth:`run` trains; checkpoints and weights to use are written on the way.

    Args:
        config: the settings.
        data: captions and clips, see ``text2motion.training.sources``.
        out: folder of checkpoint, weights and curves; a checkpoint there is resumed.
        note: receives lines of progress.
    """

    def __init__(
        self,
        config: TrainingConfig,
        *,
        data: TrainingData,
        out: Path,
        note: Callable[[str], None] | None = None,
    ) -> None:
        from accelerate import Accelerator

        self.config, self.data, self.out = config, data, out
        self.accelerator = Accelerator(cpu=config.device == "cpu", mixed_precision=config.precision)
        self.device = self.accelerator.device
        if config.device == "cuda" and self.device.type != "cuda":
            raise input_error(ConfigError, "no CUDA device was found", config.device, "use device=auto")
        self._say = note or (lambda line: None)
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.step = 0
        self.normaliser = Normaliser.measure(_sample(data.training.features), FEATURES[config.role])
        self.sizes = DenoiserConfig(
            len(FEATURES[config.role]), config.width, config.layers, config.heads, config.patch,
            config.stream, data.bank.states.shape[1], free_words=not data.bank.sayings,
        )  # fmt: skip
        self.network = TrainedNetwork(Denoiser(self.sizes)).to(self.device)
        if config.start_from:
            self.normaliser = begin_from(self.network.denoiser, Path(config.start_from), role=config.role)
        self.average = _copy(self.network.denoiser)
        self.teller = Teller.of_bank(
            data.bank, self.device, noise=config.token_noise, silent=config.silent_share,
            words_only=config.words_only,
            signature_only=0.0 if self.sizes.free_words else config.signature_only,
        )  # fmt: skip
        self._lessons: tuple[Tensor, Tensor] | None = None
        if data.bank.sayings:
            actions, meant = (
                torch.from_numpy(part).to(self.device) for part in caption_lessons(data.bank.sayings)
            )
            of_caption = torch.zeros(len(data.bank.texts), dtype=torch.long, device=self.device)
            for number, rows in enumerate(data.bank.choices):
                of_caption[torch.from_numpy(rows).long().to(self.device)] = number
            self._lessons = actions[of_caption], meant[of_caption]
        self.curve = Curve(out / f"{config.role}.curve.jsonl")
        state = self._read_checkpoint()
        if state is None:
            self._learn_words()
            self.curve.cut(after=0)
        optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay,
            betas=(0.9, 0.98), fused=True,
        )  # fmt: skip
        if state is not None:
            self._resume(state, optimiser)
        self.model, self.optimiser = self.accelerator.prepare(self.network, optimiser)
        rank = self.accelerator.process_index
        self._draws = np.random.default_rng([config.seed, self.step, rank])
        self._random = torch.Generator(self.device).manual_seed(config.seed + 7919 * (self.step + 1) + rank)
        self._mean = torch.from_numpy(self.normaliser.mean).to(self.device)
        self._scale = torch.from_numpy(self.normaliser.scale).to(self.device)
        self._drawer = self._drawer_of(data.training)
        self._held_out = self._drawer_of(data.validation)

    def note(self, line: str) -> None:
        """Progress, said by the first process alone."""
        if self.accelerator.is_main_process:
            self._say(line)

    def run(self) -> None:
        """Train until the steps or the minutes are used up."""
        config = self.config
        started = time.monotonic()
        saved, running, first = 0.0, 0.0, self.step
        while self.step < config.steps:
            minutes = self._agreed((time.monotonic() - started) / 60.0)
            if config.minutes and minutes > config.minutes:
                break
            progress = max(self.step / config.steps, minutes / config.minutes if config.minutes else 0.0)
            rate = self._set_rate(progress)
            loss = self._train_step()
            running = loss if self.step == first else 0.99 * running + 0.01 * loss
            self.step += 1
            if self.step % config.validate_steps == 0 or self.step == config.steps:
                self._validate(running, rate, minutes)
            if minutes - saved > config.checkpoint_minutes:
                self.checkpoint()
                saved = minutes
        self.checkpoint()
        if self.accelerator.is_main_process:
            self.curve.plot(self.out / f"{config.role}.curve.png", title=f"{config.role} model")

    def _agreed(self, value: float) -> float:
        """The first process' value, so that all of them stop and save at the same step."""
        if self.accelerator.num_processes == 1:
            return value
        from accelerate.utils import broadcast

        return float(broadcast(torch.tensor([value], device=self.device))[0])

    def _set_rate(self, progress: float) -> float:
        config = self.config
        warm = min(1.0, (self.step + 1) / config.warmup_steps)
        rate = (
            config.learning_rate * warm * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))
        )
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        return rate

    def _train_step(self) -> float:
        config = self.config
        drawn = self._drawer.draw(config.batch, self._draws)
        t = draw_levels(config.batch, self._random, high_share=config.high_share)
        with self.accelerator.autocast():
            loss, lesson = self._losses(self.model, drawn, t, self.teller, level_weights(t))
            loss = loss + config.words_weight * lesson
        self.optimiser.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.model.parameters(), config.gradient_clip)
        self.optimiser.step()
        self._average()
        return float(loss.detach()) if self.device.type == "cpu" or self.step % 20 == 0 else self._last(loss)

    def _losses(self, model: Any, drawn: DrawnBatch, t: Tensor, teller: Teller,
                weights: Tensor | None) -> tuple[Tensor, Tensor]:  # fmt: skip
        config = self.config
        x0 = (torch.from_numpy(drawn.features).to(self.device) - self._mean) / self._scale  # (B, T, D)
        frames = torch.from_numpy(drawn.frames).to(self.device)
        mask = torch.arange(x0.shape[1], device=self.device) < frames[:, None]  # (B, T)
        noise = motion_noise(len(x0), x0.shape[1], x0.shape[2], self._random)
        batch, silenced = teller.tell(drawn, self._random)
        start = torch.from_numpy(drawn.start_seconds).to(self.device)
        taught = None
        if self._lessons is not None:
            rows = torch.from_numpy(drawn.caption).to(self.device)[batch.clause_mask]
            taught = self._lessons[0][rows], self._lessons[1][rows]
        predicted, lesson = model(add_noise(x0, noise, t), t, batch, start, mask, silenced, taught)
        loss = motion_loss(
            predicted.float(), x0, mask, velocity_weight=config.velocity_weight,
            acceleration_weight=config.acceleration_weight, weights=weights,
        )  # fmt: skip
        return loss, lesson

    def _average(self) -> None:
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        state = self.accelerator.unwrap_model(self.model).denoiser.state_dict()
        names = list(self.average)
        torch._foreach_lerp_([self.average[n] for n in names], [state[n] for n in names], 1.0 - decay)

    def _last(self, loss: Tensor) -> float:
        """On CUDA reading every loss would stall the queue; between readings the last one stands."""
        self._seen = getattr(self, "_seen", None) or float(loss.detach())
        return self._seen

    def _validate(self, training: float, rate: float, minutes: float) -> None:
        """Losses of the averaged weights on held-out clips, every time with the same noise."""
        network = self.accelerator.unwrap_model(self.model)
        kept = _copy(network.denoiser)
        network.denoiser.load_state_dict(self.average)
        before, self._random = self._random, torch.Generator(self.device).manual_seed(12345)
        draws = np.random.default_rng(12345)
        # as at sampling: words are heard by networks of free captions alone
        listener = Teller(
            self.teller.tokens, self.teller.lengths, signature_only=0.0 if self.sizes.free_words else 1.0
        )
        losses = dict.fromkeys(_VALIDATION_LEVELS, 0.0)
        size = self.config.batch
        chunks = [range(b, min(b + size, len(self.data.validation)))
                  for b in range(0, len(self.data.validation), size)]  # fmt: skip
        with torch.inference_mode():
            for rows in chunks:
                drawn = self._held_out.take(np.array(rows), draws)
                for level in losses:
                    t = torch.full((len(rows),), level, device=self.device)
                    loss, _ = self._losses(network, drawn, t, listener, None)
                    losses[level] += float(loss) * len(rows) / len(self.data.validation)
        self._random = before
        network.denoiser.load_state_dict(kept)
        mean = sum(losses.values()) / len(losses)
        self.note(
            f"{self.config.role} step {self.step} loss {training:.4f} held out {mean:.4f} {minutes:.1f} min"
        )
        if self.accelerator.is_main_process:
            self.curve.add(
                step=self.step, minutes=round(minutes, 2), rate=rate, training=training, validation=mean,
                **{f"validation_at_{level:g}": value for level, value in losses.items()},
            )  # fmt: skip

    def _learn_words(self) -> None:
        """Teach the clause encoder the captions before there is any motion."""
        if self._lessons is None or not self.config.words_steps or self.config.start_from:
            return
        steps = self.config.words_steps
        encoder, lesson = self.network.denoiser.clauses, self.network.lesson
        trained = [*encoder.project.parameters(), *encoder.score.parameters(), *encoder.words.parameters()]
        optimiser = torch.optim.AdamW([*trained, *lesson.parameters()], lr=2e-3, weight_decay=0.05)
        random = torch.Generator(self.device).manual_seed(self.config.seed + 1)
        loss = torch.zeros(())
        started = time.monotonic()
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = 2e-3 * min(1.0, (step + 1) / 50) * (1.0 - 0.9 * step / steps)
            rows = torch.randint(len(self.teller.lengths), (128,), generator=random, device=self.device)
            tokens, mask = self.teller.states(rows[:, None], random)
            loss = lesson(
                encoder.read_tokens(tokens[:, 0], mask[:, 0]), *(part[rows] for part in self._lessons)
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        self.average = _copy(self.network.denoiser)
        seconds = time.monotonic() - started
        self.note(f"words learnt: loss {float(loss.detach()):.3f} after {steps} steps, {seconds:.0f} s")

    def _drawer_of(self, clips: Any) -> BatchDrawer:
        choices = list(self.data.bank.choices)
        return BatchDrawer(clips, choices, patch=self.config.patch, frames=self.config.frames)

    # ------------------------------------------------------------------ files

    def checkpoint(self) -> None:
        """Write the state to resume from, and the weights to use."""
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        network = self.accelerator.unwrap_model(self.model)
        state = {
            "step": self.step,
            "network": network.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "config": json.dumps(asdict(self.config)),
            "mean": torch.from_numpy(self.normaliser.mean),
            "scale": torch.from_numpy(self.normaliser.scale),
        }
        role = self.config.role
        partial = self.out / f"{role}.partial"
        torch.save(state, partial)
        partial.replace(self.out / f"{role}.checkpoint.pt")
        save_weights(
            self.out / f"{role}.safetensors", self.average, role=role, config=self.sizes,
            normaliser=self.normaliser, steps=self.step, encoder=self.config.encoder,
        )  # fmt: skip

    def _read_checkpoint(self) -> dict[str, Any] | None:
        path = self.out / f"{self.config.role}.checkpoint.pt"
        if not path.is_file():
            return None
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            given = json.loads(state["config"])
        except Exception as error:
            rule = "the checkpoint to resume from cannot be read"
            raise input_error(ConfigError, rule, path, "delete it, or give another --out") from error
        for key in _SIZES:
            if given.get(key) != getattr(self.config, key):
                rule = f"the checkpoint in --out was made with {key}={given.get(key)}"
                raise input_error(
                    ConfigError, rule, f"{key}={getattr(self.config, key)}", "give another --out"
                )
        return state

    def _resume(self, state: dict[str, Any], optimiser: torch.optim.Optimizer) -> None:
        try:
            self.network.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
        except (RuntimeError, ValueError, KeyError) as error:
            rule = "the checkpoint in --out belongs to another vocabulary"
            raise input_error(ConfigError, rule, self.out, "give another --out") from error
        self.average = state["average"]
        self.step = int(state["step"])
        self.normaliser = Normaliser(state["mean"].cpu().numpy(), state["scale"].cpu().numpy())
        self.curve.cut(after=self.step)
        self.note(f"resumed at step {self.step}")


def begin_from(network: Denoiser, path: Path, *, role: str) -> Normaliser:
    """Take over weights, signature columns by their names; returns the normaliser that goes with them.

    Raises:
        ConfigError: of other sizes.
        AssetError: not weights of this role.
    """
    there, normaliser = load_weights(path, role=role, feature_names=FEATURES[role])
    names = network.config.signature
    if replace(there.config, signature=names, free_words=network.config.free_words) != network.config:
        given = ", ".join(
            f"{key} {value}" for key, value in there.config.as_dict().items() if key != "signature"
        )
        raise input_error(ConfigError, "start_from has other sizes", given, "set the same sizes")
    state = there.state_dict()
    known = network.clauses.known.weight.detach().cpu().clone()
    for column, name in enumerate(there.config.signature):
        known[:, names.index(name)] = state["clauses.known.weight"][:, column]
    network.load_state_dict({**state, "clauses.known.weight": known})
    return normaliser


def _copy(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def _sample(features: np.ndarray, most: int = 400_000) -> np.ndarray:
    """Frames for measuring statistics, evenly taken."""
    return features[:: max(1, len(features) // most)].astype(np.float32)
