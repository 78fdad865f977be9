"""Three-phase training of the denoiser under a time budget; resumable, with EMA and a late discriminator."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from flame.errors import ConfigError, MVPortraitError, input_error
from mvvideo.networks.composite import Plates
from mvvideo.networks.denoiser import MultiViewDenoiser
from mvvideo.networks.storage import load_network, save_network
from mvvideo.sampling import mix
from mvvideo.training.batches import ClipBatch, ClipStore, jitter_colours, mirror
from mvvideo.training.config import Phase, TrainingConfig
from mvvideo.training.evaluation import evaluate
from mvvideo.training.losses import (
    PatchDiscriminator,
    Truth,
    generator_loss,
    hinge_losses,
    reconstruction_losses,
)

__all__ = ["Trainer"]

log = logging.getLogger(__name__)


class Trainer:
    """One training run in a folder.

    ``out`` gets ``checkpoint.pt`` (to go on after a stop), ``log.jsonl``, ``weights/`` (EMA, ready for use)
    and ``sheet_*.jpg``. The budget counts time spent training over all starts.

    Args:
        config: options.
        data: folder of training shards; may still be growing.
        heldout: folder of held-out shards, or ``None``.
        out: folder of the run; made if missing.
        minutes: time budget; learning rate and phases follow it.
        device: ``cuda`` or ``cpu``.
        initial: folder of weights to start from instead of random ones; an earlier run in ``out`` goes first.
    """

    def __init__(
        self,
        config: TrainingConfig,
        *,
        data: Path | str,
        heldout: Path | str | None,
        out: Path | str,
        minutes: float,
        device: str,
        initial: Path | str | None = None,
    ) -> None:
        if not minutes > 0:
            raise input_error(ConfigError, "minutes must be positive", minutes, "give for example 12")
        if not math.isclose(sum(phase.share for phase in config.phases), 1.0, abs_tol=1e-6):
            given = [phase.share for phase in config.phases]
            raise input_error(ConfigError, "the shares of the phases must sum to 1", given, "correct them")
        self.config, self.out, self.budget = config, Path(out), 60.0 * minutes
        self.device = torch.device(device)
        self.out.mkdir(parents=True, exist_ok=True)
        self.store = ClipStore(
            data,
            device=self.device,
            max_gigabytes=config.max_gigabytes,
            discard=config.discard_loaded,
            size=config.network.image_size,
        )
        self._wait_for_clips()
        self.heldout = None
        if heldout is not None:
            self.heldout = ClipStore(heldout, device=self.device, max_gigabytes=config.max_gigabytes)
        if config.precision not in ("auto", "bf16", "float32"):
            raise input_error(
                ConfigError, "precision must be auto, bf16 or float32", config.precision, "correct it"
            )
        self._bf16 = config.precision == "bf16" or (config.precision == "auto" and self.device.type == "cuda")
        torch.manual_seed(config.seed)
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        self.model = MultiViewDenoiser(config.network).to(self.device, memory_format=torch.channels_last)
        if initial is not None:
            self.model.load_state_dict(load_network(initial).state_dict(), strict=True)
        self.critic = PatchDiscriminator().to(self.device, memory_format=torch.channels_last)
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(),
            lr=config.optimiser.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=config.optimiser.weight_decay,
            fused=True,
        )
        self.critic_optimiser = torch.optim.AdamW(
            self.critic.parameters(),
            lr=config.optimiser.discriminator_learning_rate,
            betas=(0.5, 0.99),
            weight_decay=0.0,
            fused=True,
        )
        self.step, self.elapsed, self.phase_name = 0, 0.0, ""
        self.choices = np.random.default_rng(config.seed)
        self.noise = torch.Generator(device=self.device).manual_seed(config.seed)
        self._resume()

    def _wait_for_clips(self) -> None:
        """Let the actors' renderer get ahead: wait until there are some clips, or the patience ends."""
        patience = time.monotonic() + self.config.wait_seconds
        while len(self.store) < self.config.wait_for_clips and time.monotonic() < patience:
            time.sleep(1.0)
            self.store.refresh()
        self.store.require()

    # --- schedule -----------------------------------------------------------------------------------------

    @property
    def progress(self) -> float:
        """Share of the budget that is used, 0 … 1."""
        return min(self.elapsed / self.budget, 1.0)

    def phase(self) -> Phase:
        """The phase that the used share of the budget falls into."""
        end = 0.0
        for phase in self.config.phases:
            end += phase.share
            if self.progress < end:
                return phase
        return self.config.phases[-1]

    def learning_rate(self) -> float:
        """Cosine over the budget, after a linear warm-up by steps."""
        options = self.config.optimiser
        cosine = 0.5 * (1 + math.cos(math.pi * self.progress))
        rate = options.final_learning_rate + (options.learning_rate - options.final_learning_rate) * cosine
        return rate * min(1.0, (self.step + 1) / max(1, options.warmup_steps))

    def _enter(self, phase: Phase) -> None:
        """Choose which parameters move."""
        if phase.name == self.phase_name:
            return
        self.phase_name = phase.name
        part = {"all": "", "motion": ".motion.", "views": ".view."}.get(phase.trains)
        if part is None:
            raise input_error(
                ConfigError, "trains must be all, motion or views", phase.trains, "correct the phase"
            )
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(part in name)
        log.info("phase %s: %d frames, %d views", phase.name, phase.frames, phase.views)

    # --- one step -----------------------------------------------------------------------------------------

    def _draw(self, phase: Phase) -> ClipBatch:
        count = max(1, self.config.pictures_per_step // (phase.frames * phase.views))
        batch = self.store.sample(count, frames=phase.frames, views=phase.views, generator=self.choices)
        if self.choices.random() < self.config.mirror_share:
            batch = mirror(batch)
        if self.config.colour_jitter:
            batch = jitter_colours(batch, strength=self.config.colour_jitter, generator=self.noise)
        return batch

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._bf16)

    def _times(self, count: int) -> torch.Tensor:
        uniform = torch.rand(count, generator=self.noise, device=self.device)
        pure = torch.rand(count, generator=self.noise, device=self.device) < self.config.pure_noise_share
        return torch.where(pure, torch.ones_like(uniform), uniform)

    def train_step(self) -> dict[str, torch.Tensor]:
        """Draw a batch, update the model (and the discriminator when it is its time); returns the terms."""
        phase = self.phase()
        self._enter(phase)
        batch = self._draw(phase)
        clean = batch.target * 2 - 1
        noise = torch.randn(clean.shape, generator=self.noise, device=self.device)
        if self.choices.random() < 0.5:  # at inference all pictures of a clip share their noise
            noise = noise[:, :1, :1].expand_as(noise)
        times = self._times(len(clean))
        with self._autocast():
            reference = self.model.encode_reference(batch.reference, batch.reference_guidance)
            layers = self.model(
                mix(clean, noise, times),
                times,
                batch.guidance,
                reference,
                motion=phase.motion,
                views=phase.view_attention,
            )
        picture = self.model.compose(layers, batch.guidance)
        flat_guidance = batch.guidance.flatten(0, 2)
        truth = Truth.build(
            batch.target.flatten(0, 2),
            batch.alpha.flatten(0, 2),
            batch.seen.flatten(0, 2),
            flat_guidance,
            self.config.losses,
        )
        terms = reconstruction_losses(picture, layers, truth, self.config.losses)
        loss = torch.stack(list(terms.values())).sum()
        adversarial = self.config.losses.adversarial > 0 and self.progress >= self.config.adversarial_from
        if adversarial:
            plates = Plates.from_guidance(flat_guidance)
            condition = torch.cat([plates.composite(), plates.alpha], 1)
            terms["critic"] = self._critic_step(picture.rgb.detach(), truth, condition)
            loss = loss + self._fooling(picture.rgb, truth, condition, loss, terms)
        self._update(loss)
        terms["loss"] = loss.detach()
        return terms

    def _critic_step(self, fake: torch.Tensor, truth: Truth, condition: torch.Tensor) -> torch.Tensor:
        with self._autocast():
            logits = self.critic(torch.cat([truth.rgb, fake]), condition.repeat(2, 1, 1, 1))
        real, made = logits.chunk(2)
        loss = hinge_losses(real, made, truth.weight * truth.alpha)
        self.critic_optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.critic_optimiser.step()
        return loss.detach()

    def _fooling(
        self,
        fake: torch.Tensor,
        truth: Truth,
        condition: torch.Tensor,
        reconstruction: torch.Tensor,
        terms: dict[str, torch.Tensor],
    ) -> torch.Tensor:
        last = self.model.head.out.weight
        if not last.requires_grad:
            return reconstruction.new_zeros(())
        self.critic.requires_grad_(False)
        with self._autocast():
            logits = self.critic(fake, condition)
        self.critic.requires_grad_(True)
        share = self.config.losses.adversarial
        # Eased in: a fresh discriminator's first opinions are worth little.
        ease = min(1.0, (self.progress - self.config.adversarial_from) / 0.05)
        terms["adversarial"] = ease * generator_loss(
            logits, truth.weight * truth.alpha, reconstruction=reconstruction, last=last, share=share
        )
        return terms["adversarial"]

    def _update(self, loss: torch.Tensor) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.learning_rate()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        moving = [p for p in self.model.parameters() if p.grad is not None]
        torch.nn.utils.clip_grad_norm_(moving, self.config.optimiser.gradient_clip)
        self.optimiser.step()
        decay = min(self.config.optimiser.ema_decay, (1 + self.step) / (10 + self.step))
        parameters = dict(self.model.named_parameters())
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.average.values()), [parameters[name] for name in self.average], 1 - decay
            )
        self.step += 1

    # --- the run ------------------------------------------------------------------------------------------

    def run(self, *, max_steps: int | None = None) -> None:
        """Train until the budget (or ``max_steps``) is used; then evaluate and save."""
        last = {"refresh": time.monotonic(), "evaluate": time.monotonic(), "checkpoint": time.monotonic()}
        spent_before, started, first_step = self.elapsed, time.monotonic(), self.step
        while self.elapsed < self.budget and (max_steps is None or self.step < max_steps):
            terms = self.train_step()
            self.elapsed = spent_before + time.monotonic() - started
            if self.step % self.config.log_steps == 0 or self.step == first_step + 1:
                self._log(terms, self.elapsed - spent_before, self.step - first_step)
                if not math.isfinite(float(terms["loss"])):
                    self._step_back()
            for name, action in (
                ("refresh", self.store.refresh),
                ("evaluate", self.evaluate),
                ("checkpoint", self.save),
            ):
                if time.monotonic() - last[name] > getattr(self.config, f"{name}_seconds"):
                    action()
                    last[name] = time.monotonic()
        scores = self.evaluate()
        self.save(scores)

    def _log(self, terms: dict[str, torch.Tensor], seconds: float, steps: int) -> None:
        entry: dict[str, Any] = {
            "step": self.step,
            "phase": self.phase_name,
            "progress": round(self.progress, 4),
            "rate": self.learning_rate(),
            "clips": len(self.store),
            "pictures_per_second": round(steps * self.config.pictures_per_step / max(seconds, 1e-6), 1),
            **{name: round(float(value.detach()), 5) for name, value in terms.items()},
        }
        log.info("%s", json.dumps(entry))
        with open(self.out / "log.jsonl", "a") as file:
            file.write(json.dumps(entry) + "\n")

    def _step_back(self) -> None:
        """After a loss that is no number: go on from the last checkpoint, with other random numbers."""
        log.warning("the loss at step %d is not finite; going back to the last checkpoint", self.step)
        if not (self.out / "checkpoint.pt").is_file():
            raise MVPortraitError(
                f"training diverged before its first checkpoint: step {self.step}; lower optimiser.learning_rate"
            )
        elapsed, step = self.elapsed, self.step
        self._resume()
        self.elapsed = elapsed
        self.choices = np.random.default_rng((self.config.seed, step))

    def averaged_state(self) -> dict[str, torch.Tensor]:
        """State dict with the averaged parameters and the model's (constant) buffers."""
        return {**self.model.state_dict(), **self.average}

    def averaged_model(self) -> MultiViewDenoiser:
        """A copy of the model with the averaged weights, for use."""
        model = MultiViewDenoiser(self.config.network).to(self.device, memory_format=torch.channels_last)
        model.load_state_dict(self.averaged_state(), strict=True)
        return model.eval()

    def evaluate(self) -> dict[str, dict[str, float]]:
        """Scores of the averaged weights on held-out clips (nothing without them); writes a contact sheet."""
        if self.heldout is None or not (self.heldout.refresh() or len(self.heldout)):
            return {}
        sheet = self.out / f"sheet_{self.step:06d}.jpg"
        clips = self.config.evaluate_clips
        table = evaluate(self.averaged_model(), self.heldout, clips=clips, seed=self.config.seed, sheet=sheet)
        log.info("step %d\n%s", self.step, table.to_text())
        summary = table.summary()
        with open(self.out / "scores.jsonl", "a") as file:
            file.write(json.dumps({"step": self.step, "progress": self.progress, **summary}) + "\n")
        return summary

    def save(self, scores: dict[str, dict[str, float]] | None = None) -> None:
        """Write the checkpoint and the averaged weights, atomically; nothing when they are not finite."""
        if not all(bool(torch.isfinite(value).all()) for value in self.average.values()):
            log.warning("weights at step %d are not finite: not saved", self.step)
            return
        state = {
            "model": self.model.state_dict(),
            "average": self.average,
            "critic": self.critic.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
            "step": self.step,
            "elapsed": self.elapsed,
            "network": self.config.network.to_dict(),
        }
        partial = self.out / ".checkpoint.pt.partial"
        torch.save(state, partial)
        os.replace(partial, self.out / "checkpoint.pt")
        training = {
            "steps": self.step,
            "minutes": round(self.elapsed / 60, 2),
            "clips": len(self.store),
            "window_frames": max(phase.frames for phase in self.config.phases),
            "scores": scores or {},
            "config": asdict(self.config),
        }
        save_network(
            self.averaged_state(), self.config.network, self.out / "weights", name="small", training=training
        )

    def _resume(self) -> None:
        path = self.out / "checkpoint.pt"
        if not path.is_file():
            return
        state = torch.load(path, map_location=self.device, weights_only=True)
        if state["network"] != self.config.network.to_dict():
            raise input_error(
                ConfigError, "the run in this folder has another network", path, "use another folder"
            )
        self.model.load_state_dict(state["model"], strict=True)
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.critic.load_state_dict(state["critic"], strict=True)
        self.optimiser.load_state_dict(state["optimiser"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        # Streams of random numbers go on from the step, not from the start.
        self.choices = np.random.default_rng((self.config.seed, self.step))
        self.noise.manual_seed(self.config.seed + self.step)
        log.info("going on at step %d after %.1f minutes", self.step, self.elapsed / 60)
