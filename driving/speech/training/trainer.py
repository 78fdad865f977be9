"""The trainer: accelerate, averaged weights, resumable, validation on held-out voices."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from driving.speech.features import BANDS, FeatureExtractor
from driving.speech.layout import COLUMNS, Units
from driving.speech.network import SpeechConfig, SpeechNetwork, window_noise
from driving.speech.phones import SYMBOLS
from driving.speech.style import STYLE_DIMS
from driving.speech.training.config import SpeechTrainingConfig
from driving.speech.training.data import SegmentSource, SpeechCorpus, altered_rows
from driving.speech.training.losses import MotionLoss, masked_contacts, masked_cross_entropy
from driving.speech.weight_files import save_weights
from text2motion.sampling import add_noise

_MOST_MEASURED = 200_000  # frames for the statistics of columns


class SpeechTrainer:
    """One training. ``run`` trains; every checkpoint exports the averaged weights.

    Args:
        config: of the run.
        corpus: features and targets.
        heldout: of voices kept out of training, for validation; by default those so marked in the corpus.
        extractor: that made the features.
        out: folder of checkpoint, weights and curves.
        note: is told lines of progress.
    """

    def __init__(
        self,
        config: SpeechTrainingConfig,
        *,
        corpus: SpeechCorpus,
        extractor: FeatureExtractor,
        out: Path,
        heldout: SpeechCorpus | None = None,
        note: Callable[[str], None] | None = None,
    ) -> None:
        from accelerate import Accelerator

        self.config, self.out = config, out
        self.note = note or (lambda line: None)
        out.mkdir(parents=True, exist_ok=True)
        self.accelerator = Accelerator(cpu=config.device == "cpu" or not torch.cuda.is_available())
        self.device = self.accelerator.device
        torch.manual_seed(config.seed)
        self.network_config = SpeechConfig(
            features=extractor.name,
            feature_rate=extractor.rate,
            feature_dims=extractor.dims,
            columns=len(COLUMNS),
            phones=len(SYMBOLS),
            style=STYLE_DIMS,
            width=config.width,
            layers=config.layers,
            heads=config.heads,
            context=config.context,
            chunk=config.chunk,
            dropout=config.dropout,
        )
        network = SpeechNetwork(self.network_config)
        optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98)
        )
        self.network, self.optimiser = self.accelerator.prepare(network, optimiser)
        self.average = {name: value.detach().clone() for name, value in self._plain().state_dict().items()}
        self._bands = BANDS if extractor.name.startswith("mel") else 0
        self._sources = {
            kept: SegmentSource(
                held, self.network_config, quiet=extractor.quiet(), segment=config.segment, heldout=kept
            )
            for kept, held in ((False, corpus), (True, corpus if heldout is None else heldout))
        }
        picked = np.linspace(0, corpus.frames - 1, min(corpus.frames, _MOST_MEASURED)).astype(np.int64)
        self.units = Units.measure(corpus.motion[picked].astype(np.float32))
        self.step = 0
        self._resume()
        self.loss = MotionLoss(self.units).to(self.device)

    def run(self) -> None:
        """Train until the steps or the minutes are used up."""
        config = self.config
        began, counted = time.monotonic(), 0
        sums: dict[str, float] = {}
        while self.step < config.steps:
            minutes = (time.monotonic() - began) / 60.0
            if config.minutes and minutes > config.minutes:
                break
            progress = max(self.step / config.steps, minutes / config.minutes if config.minutes else 0.0)
            rate = config.learning_rate * min(1.0, (self.step + 1) / config.warmup_steps)
            for group in self.optimiser.param_groups:
                group["lr"] = rate * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0))))
            parts = self._learn()
            sums = {name: sums.get(name, 0.0) + value for name, value in parts.items()}
            counted += 1
            self.step += 1
            if self.step % config.checkpoint_steps == 0 or self.step == config.steps:
                self._report({name: value / counted for name, value in sums.items()}, minutes)
                sums, counted = {}, 0
                self.checkpoint()
        self.checkpoint()

    # ------------------------------------------------------------------ a step

    def _learn(self) -> dict[str, float]:
        generator = np.random.default_rng((self.config.seed, 1, self.step))
        chance = torch.Generator(device=self.device).manual_seed(self.config.seed * 7919 + self.step)
        self.network.train()
        loss, parts = self._losses(self._batch(generator, training=True), generator, chance, training=True)
        self.optimiser.zero_grad(set_to_none=True)
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), self.config.gradient_clip)
        self.optimiser.step()
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        state = self._plain().state_dict()
        torch._foreach_lerp_(list(self.average.values()), [state[name] for name in self.average], 1.0 - decay)
        return parts

    def _batch(self, generator: np.random.Generator, *, training: bool) -> dict[str, Tensor]:
        config = self.config
        source = self._sources[not training]
        if not len(source.clips):
            source = self._sources[False]
        drawn = source.draw(config.batch, generator, augmented_share=config.augmented_share)
        if training and self._bands:
            drawn["rows"] = altered_rows(
                drawn["rows"], generator, bands=self._bands, strength=config.feature_noise
            )
        drawn["motion"] = self.units.forward(drawn["motion"])
        return {name: torch.from_numpy(value).to(self.device) for name, value in drawn.items()}

    def _losses(
        self,
        batch: dict[str, Tensor],
        generator: np.random.Generator,
        chance: torch.Generator,
        *,
        training: bool,
    ) -> tuple[Tensor, dict[str, float]]:
        config, network, loss = self.config, self._plain(), self.loss
        there, motion = batch["there"], batch["motion"]
        sound = network.encoder(batch["rows"])  # (B, context + segment, W)
        style = self._told(batch["style"], chance, training=training)
        draft = network.encoder.drafted(sound, style)
        demand = batch["contacts"][..., :2].amax(dim=-1)
        windows = self._windows(sound, draft, batch, style, generator, chance)
        new = windows["new"]
        made, wanted, real = windows["made"], windows["wanted"], windows["there"]
        parts = {
            "draft": config.draft_weight
            * (
                loss.simple(draft, motion, there)
                + config.velocity_weight * loss.velocity(draft, motion, there)
            ),
            "draft_gap": config.gap_weight * loss.gap(draft, motion, there, demand),
            "phone": config.phone_weight
            * masked_cross_entropy(network.encoder.phone(sound), batch["phones"], there),
            "contact": config.contact_weight
            * masked_contacts(network.encoder.contact(sound), batch["contacts"], there),
            "simple": loss.simple(made[:, new:], wanted[:, new:], real[:, new:]),
            "velocity": config.velocity_weight
            * loss.velocity(made[:, new - 1 :], wanted[:, new - 1 :], real[:, new - 1 :]),
            "gap": config.gap_weight
            * loss.gap(made[:, new:], wanted[:, new:], real[:, new:], windows["demand"][:, new:]),
        }
        total = torch.stack(list(parts.values())).sum()
        return total, {name: float(value.detach()) for name, value in parts.items()}

    def _told(self, style: Tensor, chance: torch.Generator, *, training: bool) -> Tensor:
        """(B, S + 1): the style with its flag, or zeros where it is dropped."""
        told = torch.cat([style, style.new_ones(len(style), 1)], dim=1)
        if not training:
            return told
        kept = torch.rand(len(style), 1, generator=chance, device=self.device) >= self.config.drop_style
        return told * kept

    def _windows(
        self,
        sound: Tensor,
        draft: Tensor,
        batch: dict[str, Tensor],
        style: Tensor,
        generator: np.random.Generator,
        chance: torch.Generator,
    ) -> dict[str, Any]:
        """Windows at random places of the segments, denoised: made, wanted (N, T, D), there and demand (N, T)."""
        config, network = self.config, self._plain()
        length = config.context + config.chunk
        begins = generator.integers(0, config.segment - config.chunk + 1, (config.batch, config.windows))
        begins[:, 0] = np.where(generator.random(config.batch) < 0.5, 0, begins[:, 0])
        frames = torch.from_numpy(begins.reshape(-1, 1) + np.arange(length)).to(self.device)  # (N, T)
        rows = torch.arange(config.batch, device=self.device).repeat_interleave(config.windows)[:, None]
        wanted = batch["motion"][rows, frames]
        count = len(frames)
        heard = sound[rows, frames]
        deaf = torch.rand(count, 1, 1, generator=chance, device=self.device) < config.drop_sound
        heard = torch.where(deaf, network.nothing.to(heard.dtype), heard)
        drafted = draft[rows, frames]
        t = torch.rand(count, generator=chance, device=self.device)
        t = torch.where(torch.rand(count, generator=chance, device=self.device) < 0.25, torch.ones_like(t), t)
        noise = window_noise((count, config.chunk, wanted.shape[-1]), chance, self.device)
        before = wanted[:, : config.context]
        slip = torch.randn((count, 1, wanted.shape[-1]), generator=chance, device=self.device)
        grain = torch.randn(before.shape, generator=chance, device=self.device)
        before = before + config.context_noise * (slip + 0.5 * grain)
        x = torch.cat([before, add_noise(wanted[:, config.context :], noise, t)], dim=1)
        known = torch.zeros(count, length, device=self.device)
        known[:, : config.context] = 1.0
        told = network.modulations(t, style[rows[:, 0]])
        made = network.denoise(x, told, known=known, heard=network.listen(heard, drafted), draft=drafted)
        made = torch.cat([wanted[:, : config.context], made[:, config.context :]], dim=1)
        demand = batch["contacts"][..., :2].amax(dim=-1)[rows, frames]
        return {
            "made": made, "wanted": wanted, "there": batch["there"][rows, frames], "demand": demand,
            "new": config.context,
        }  # fmt: skip

    # ------------------------------------------------------------------ looking and keeping

    def validate(self) -> dict[str, float]:
        """Losses of the averaged weights on held-out voices, the same segments every time."""
        network = self._plain()
        kept = {name: value.detach().clone() for name, value in network.state_dict().items()}
        network.load_state_dict(self.average)
        network.eval()
        sums: dict[str, float] = {}
        with torch.no_grad():
            for index in range(self.config.validation_batches):
                generator = np.random.default_rng((self.config.seed, 2, index))
                chance = torch.Generator(device=self.device).manual_seed(index)
                batch = self._batch(generator, training=False)
                _, parts = self._losses(batch, generator, chance, training=False)
                sums = {name: sums.get(name, 0.0) + value for name, value in parts.items()}
        network.load_state_dict(kept)
        return {name: value / max(self.config.validation_batches, 1) for name, value in sums.items()}

    def checkpoint(self) -> None:
        """Write the state to resume from, and the weights to use."""
        state = {
            "step": self.step,
            "network": self._plain().state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "config": json.dumps(asdict(self.config)),
            "mean": torch.from_numpy(self.units.mean),
            "scale": torch.from_numpy(self.units.scale),
        }
        partial = self.out / "speech.partial"
        torch.save(state, partial)
        partial.replace(self.out / "speech.checkpoint.pt")
        save_weights(
            self.out / "speech.safetensors", self.average, config=self.network_config, units=self.units,
            steps=self.step,
        )  # fmt: skip

    def _report(self, losses: dict[str, float], minutes: float) -> None:
        held = self.validate()
        row = {"step": self.step, "minutes": round(minutes, 2)}
        row |= {f"train_{name}": round(value, 5) for name, value in losses.items()}
        row |= {f"heldout_{name}": round(value, 5) for name, value in held.items()}
        path = self.out / "curves.csv"
        fresh = not path.is_file()
        with path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if fresh:
                writer.writeheader()
            writer.writerow(row)
        shown = " ".join(f"{name} {value:.3f}/{held[name]:.3f}" for name, value in losses.items())
        self.note(f"step {self.step} {minutes:.1f} min (train/held-out) {shown}")

    def _resume(self) -> None:
        path = self.out / "speech.checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        self._plain().load_state_dict(state["network"])
        self.average = state["average"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])
        self.units = Units(state["mean"].cpu().numpy(), state["scale"].cpu().numpy())
        self.note(f"resumed at step {self.step}")

    def _plain(self) -> Any:
        return self.accelerator.unwrap_model(self.network)
