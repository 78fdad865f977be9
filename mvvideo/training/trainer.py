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
from mvvideo.conditioning import encode_photo
from mvvideo.networks.composite import Plates, without_pattern
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser, ReferenceFeatures
from mvvideo.networks.storage import load_network, save_network
from mvvideo.sampling import mix
from mvvideo.training.batches import ClipBatch, ClipStore, jitter_colours, mirror
from mvvideo.training.config import Phase, TrainingConfig
from mvvideo.training.critic import Critic, Judged
from mvvideo.training.evaluation import evaluate
from mvvideo.training.losses import Truth, importance_of_time, reconstruction_losses
from mvvideo.training.scaling import scale_parts
from mvvideo.training.widening import widened

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
        initial: folder of weights to start from instead of random ones, spread over more channels if ``config`` has
            more; an earlier run in ``out`` goes first.
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
        self.config, self.out, self.budget = config, Path(out), 60.0 * minutes
        self.device = torch.device(device)
        self.out.mkdir(parents=True, exist_ok=True)
        self.store = ClipStore(
            data,
            device=self.device,
            max_gigabytes=config.max_gigabytes,
            discard=config.discard_loaded,
            size=config.network.image_size,
            intensities=config.network.motion_intensity > 0,
        )
        self._wait_for_clips()
        self.heldout = None
        if heldout is not None:
            self.heldout = ClipStore(
                heldout,
                device=self.device,
                max_gigabytes=config.max_gigabytes,
                intensities=config.network.motion_intensity > 0,
            )
        self._bf16 = config.precision == "bf16" or (config.precision == "auto" and self.device.type == "cuda")
        torch.manual_seed(config.seed)
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        self.model = MultiViewDenoiser(config.network).to(self.device, memory_format=torch.channels_last)
        if initial is not None:
            begun = load_network(initial)
            if begun.config.channels != config.network.channels:
                begun = widened(begun, config.network, seed=config.seed)
            self.model.load_state_dict(begun.state_dict(), strict=True)
        self.critic = Critic(
            config.critic,
            device=self.device,
            learning_rate=config.optimiser.discriminator_learning_rate,
        )
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(),
            lr=config.optimiser.learning_rate,
            betas=(0.9, 0.99),
            weight_decay=config.optimiser.weight_decay,
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
        if self.config.total_steps:
            return min(self.step / self.config.total_steps, 1.0)
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
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(phase.moves(name))
        if not any(parameter.requires_grad for parameter in self.model.parameters()):
            rule = f"phase {phase.name} has nothing to train"
            raise input_error(ConfigError, rule, f"trains: {phase.trains}", "switch the module on")
        log.info("phase %s: %d frames, %d views", phase.name, phase.frames, phase.views)

    # --- one step -----------------------------------------------------------------------------------------

    def _draw(self, phase: Phase) -> ClipBatch:
        count = max(1, self.config.pictures_per_step // (phase.frames * phase.views))
        batch = self.store.sample(count, frames=phase.frames, views=phase.views, generator=self.choices)
        if self.choices.random() < self.config.mirror_share:
            batch = mirror(batch)
        if self.config.colour_jitter:
            batch = jitter_colours(batch, strength=self.config.colour_jitter, generator=self.noise)
        parts, face = self.config.part_scaling, self.config.face_scaling
        if (parts, face) != ((1.0, 1.0), (1.0, 1.0)):
            batch = scale_parts(batch, parts=parts, face=face, generator=self.noise)
        return batch

    def _kept(self, count: int, null_share: float) -> torch.Tensor | None:
        """``(count,)`` 1 for clips that keep a condition, 0 for those that lose it; None when all do."""
        if not null_share:
            return None
        return (torch.rand(count, generator=self.noise, device=self.device) >= null_share).float()

    def _encode(self, batch: ClipBatch) -> ReferenceFeatures:
        """The photo, or nothing of it for the share of clips that train the unconditional pass."""
        return encode_photo(
            self.model,
            batch.reference,
            batch.reference_guidance,
            intensity=batch.intensity,
            kept=self._kept(len(batch.reference), self.config.null_reference_share),
        )

    def _seen_guidance(self, batch: ClipBatch) -> torch.Tensor:
        kept = self._kept(len(batch.guidance), self.config.null_guidance_share)
        return batch.guidance if kept is None else batch.guidance * kept.view(-1, 1, 1, 1, 1, 1)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._bf16)

    def _times(self, count: int) -> torch.Tensor:
        uniform = torch.rand(count, generator=self.noise, device=self.device)
        pure = torch.rand(count, generator=self.noise, device=self.device) < self.config.pure_noise_share
        return torch.where(pure, torch.ones_like(uniform), uniform)

    def _importance(self, times: torch.Tensor, batch: ClipBatch) -> torch.Tensor | None:
        """Weight of every picture by its clip's noise ``(B·V·T,)``; None: all alike."""
        options = self.config
        if not options.min_snr_gamma:
            return None
        weight = importance_of_time(times, gamma=options.min_snr_gamma, floor=options.min_snr_floor)
        return weight.repeat_interleave(batch.target.shape[1] * batch.target.shape[2])

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
            reference = self._encode(batch)
            layers = self.model(
                mix(clean, noise, times),
                times,
                self._seen_guidance(batch),
                reference,
                motion=phase.motion,
                views=phase.view_attention,
            )
        if self.config.network.appearance_input:  # as in use
            layers = without_pattern(layers, self.config.network.patch)
        picture = self.model.compose(layers, batch.guidance)
        flat_guidance = batch.guidance.flatten(0, 2)
        truth = Truth.build(
            batch.target.flatten(0, 2),
            batch.alpha.flatten(0, 2),
            batch.seen.flatten(0, 2),
            flat_guidance,
            self.config.losses,
            self._importance(times, batch),
        )
        terms = reconstruction_losses(picture, layers, truth, self.config.losses)
        loss = torch.stack(list(terms.values())).sum()
        adversarial = self.config.losses.adversarial > 0 and self.progress >= self.config.adversarial_from
        if adversarial:
            plates = Plates.from_guidance(flat_guidance)
            condition = torch.cat([plates.composite(), plates.alpha], 1)
            judged = Judged(picture.rgb, truth.rgb, condition, truth.weight * truth.alpha)
            judged = judged.seen(self.config.critic.view, self.noise)
            terms["critic"] = self.critic.learn(judged, self._autocast())
            # Eased in: a fresh discriminator's first opinions are worth little.
            ease = min(1.0, (self.progress - self.config.adversarial_from) / 0.05)
            terms["adversarial"] = ease * self.critic.ask(
                judged,
                self._autocast(),
                reconstruction=loss,
                last=self.model.head.out.weight,
                share=self.config.losses.adversarial,
            )
            loss = loss + terms["adversarial"]
        self._update(loss)
        terms["loss"] = loss.detach()
        return terms

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
        limit = max_steps if max_steps is not None else self.config.total_steps or None
        while self.elapsed < self.budget and (limit is None or self.step < limit):
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
            "critic": self.critic.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "critic_optimiser": self.critic.optimiser.state_dict(),
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
        if NetworkConfig.from_dict(state["network"]) != self.config.network:
            raise input_error(
                ConfigError, "the run in this folder has another network", path, "use another folder"
            )
        self.model.load_state_dict(state["model"], strict=True)
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.critic.network.load_state_dict(state["critic"], strict=True)
        self.optimiser.load_state_dict(state["optimiser"])
        self.critic.optimiser.load_state_dict(state["critic_optimiser"])
        self.step, self.elapsed = state["step"], state["elapsed"]
        # Streams of random numbers go on from the step, not from the start.
        self.choices = np.random.default_rng((self.config.seed, self.step))
        self.noise.manual_seed(self.config.seed + self.step)
        log.info("going on at step %d after %.1f minutes", self.step, self.elapsed / 60)
