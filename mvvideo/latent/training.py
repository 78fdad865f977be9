"""Three-phase training of the latent models, on one device or many, through accelerate.

As published for this family of models: first all that is spatial (guidance encoders, reference network, the
denoiser's 2D layers) on single pictures, then the motion modules alone on clips of one view, then the view
modules alone. VAE and image encoder never move. Each phase has its own optimiser; a run goes on after a stop.
"""

from __future__ import annotations

import json
import logging
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from flame.errors import ConfigError, MVPortraitError, input_error
from mvvideo.latent.config import CONFIG_NAME, LatentConfig, LatentPhase
from mvvideo.latent.diffusion import noise_process, scheduler_options
from mvvideo.latent.loading import load_parts, skeleton_parts
from mvvideo.latent.memory import Workload, check_memory, device_bytes, estimate_memory
from mvvideo.latent.storage import save_trained
from mvvideo.training.batches import ClipBatch, ClipStore, jitter_colours, mirror

__all__ = ["LatentTrainer"]

log = logging.getLogger(__name__)


class LatentTrainer:
    """One training run in a folder.

    ``out`` gets ``checkpoint.pt``, ``log.jsonl`` and ``weights/``: a ``config.yaml`` and ``trained/``, which is
    what ``--weights`` takes.

    Args:
        config: options; its phases are run in order.
        data: folder of training shards.
        out: folder of the run; made if missing, an earlier run there goes on.
        device: ``cuda``, ``cpu`` or ``auto``.
        held_gigabytes: clips are held on the device up to this.

    Raises:
        AssetError: weights or clips that cannot be used.
        ConfigError: a phase needs more memory than the device has, or longer clips than the model knows.
    """

    def __init__(
        self,
        config: LatentConfig,
        *,
        data: Path | str,
        out: Path | str,
        device: str = "auto",
        held_gigabytes: float = 8.0,
    ) -> None:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs

        self.config, self.out = config, Path(out)
        cpu = device == "cpu" or (device == "auto" and not torch.cuda.is_available())
        self.bf16 = config.precision == "bf16" or (config.precision == "auto" and not cpu)
        self.accelerator = Accelerator(
            cpu=cpu,
            mixed_precision="bf16" if self.bf16 else "no",
            gradient_accumulation_steps=config.optimiser.accumulate,
            # The last layers of the reference network feed nothing: their gradients never come.
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
        )
        self.device = self.accelerator.device
        self._say_memory()
        self.store = ClipStore(data, device=self.device, max_gigabytes=held_gigabytes)
        self.store.require()
        self.parts = load_parts(config, dtype=torch.bfloat16 if self.bf16 else torch.float32)
        self.model = self.parts.model.to(self.device)
        self.codec = self.parts.codec.to(self.device)
        self.process = noise_process(
            scheduler_options(self.parts.scheduler, config.diffusion), config.diffusion
        )
        if config.gradient_checkpointing:
            self.model.checkpoint_gradients()
        seed = config.seed + 1_000_003 * self.accelerator.process_index
        self.choices = np.random.default_rng(seed)
        self.noise = torch.Generator(device=self.device).manual_seed(seed)
        self.phase_number, self.step = 0, 0
        self.optimiser: torch.optim.Optimizer | None = None
        self.average: Any = None
        self._resume()

    def _say_memory(self) -> None:
        """Estimate every phase before anything large is loaded; refuse what does not fit."""
        skeleton = skeleton_parts(self.config)
        available = self.config.max_device_gigabytes * 1e9 or device_bytes(self.device)
        for phase in self.config.phases:
            if phase.frames > skeleton.model.max_frames:
                rule = f"the motion modules know at most {skeleton.model.max_frames} frames"
                raise input_error(ConfigError, rule, f"{phase.frames} in phase {phase.name}", "use fewer")
            work = Workload.of_phase(phase, self.config, bf16=self.bf16)
            estimate = estimate_memory(skeleton, work, cuda=self.device.type == "cuda")
            smaller = "lower clips, frames or views of the phase, or set optimiser.master_weights: bf16"
            line = check_memory(estimate, what=f"phase {phase.name}", available=available, smaller=smaller)
            if self.accelerator.is_main_process:
                log.info("%s", line)

    # --- phases -------------------------------------------------------------------------------------------

    @property
    def phase(self) -> LatentPhase:
        """The phase that is being run."""
        return self.config.phases[self.phase_number]

    def enter_phase(self) -> None:
        """Choose what moves: raise it to master precision, freeze the rest, make an optimiser for it."""
        from diffusers.training_utils import EMAModel

        options = self.config.optimiser
        master = torch.float32 if options.master_weights == "float32" or not self.bf16 else torch.bfloat16
        still = torch.bfloat16 if self.bf16 else torch.float32
        moving = []
        for name, parameter in self.model.named_parameters():
            trains = self.model.part(name) == self.phase.trains
            parameter.requires_grad_(trains)
            parameter.grad = None
            parameter.data = parameter.data.to(master if trains else still)
            if trains:
                moving.append(parameter)
        self.optimiser = torch.optim.AdamW(
            moving, lr=options.learning_rate, weight_decay=options.weight_decay, fused=True
        )
        self.average = EMAModel(moving, decay=options.ema_decay) if options.ema_decay > 0 else None
        self._wrapped, self._wrapped_optimiser = self.accelerator.prepare(self.model, self.optimiser)
        if self.accelerator.is_main_process:
            count = sum(p.numel() for p in moving) / 1e6
            log.info("phase %s: %d steps, %.1f M parameters move", self.phase.name, self.phase.steps, count)

    def leave_phase(self) -> None:
        """Keep the average, where there is one, and let the optimiser go."""
        if self.average is not None:
            self.average.copy_to([p for p in self.model.parameters() if p.requires_grad])
        # What accelerate wrapped is let go as a whole; the model itself stays.
        self.accelerator.unwrap_model(self._wrapped, keep_fp32_wrapper=False)
        self.accelerator.free_memory()
        self.optimiser = self.average = None

    # --- one step -----------------------------------------------------------------------------------------

    def _draw(self) -> ClipBatch:
        phase = self.phase
        batch = self.store.sample(
            phase.clips, frames=phase.frames, views=phase.views, generator=self.choices
        ).resized(self.config.model.image_size)
        if self.choices.random() < self.config.mirror_share:
            batch = mirror(batch)
        if self.config.colour_jitter:
            batch = jitter_colours(batch, strength=self.config.colour_jitter, generator=self.noise)
        return batch

    def loss(self, batch: ClipBatch) -> torch.Tensor:
        """The weighted squared error of one batch of clips at random times."""
        seen_noise = self.config.model.photo_noise if self.config.preset == "svd" else 0.0
        photo = self.codec.photo(batch.reference, batch.reference_guidance, seen_noise=seen_noise)
        mixed = self.process.mix(self.codec.encode(batch.target), self.noise)
        answer = self._wrapped(
            mixed.noisy,
            mixed.time,
            batch.guidance,
            photo,
            use_photo=bool(self.choices.random() >= self.config.diffusion.photo_dropout),
            motion=self.phase.trains != "appearance",
            views=self.phase.trains == "views",
        )
        error = (answer.float() - mixed.target).square().flatten(1).mean(1)
        return (error * mixed.weight).mean()

    def train_step(self) -> float:
        """One update (of ``optimiser.accumulate`` batches); returns the mean loss."""
        if self.optimiser is None:
            self.enter_phase()
        assert self.optimiser is not None
        options = self.config.optimiser
        for group in self.optimiser.param_groups:
            group["lr"] = options.learning_rate * min(1.0, (self.step + 1) / max(1, options.warmup_steps))
        total = 0.0
        for _ in range(options.accumulate):
            with self.accelerator.accumulate(self._wrapped):
                loss = self.loss(self._draw())
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    moving = [p for p in self.model.parameters() if p.requires_grad]
                    self.accelerator.clip_grad_norm_(moving, options.gradient_clip)
                self._wrapped_optimiser.step()
                self._wrapped_optimiser.zero_grad(set_to_none=True)
            total += float(loss.detach()) / options.accumulate
        if self.average is not None:
            self.average.step([p for p in self.model.parameters() if p.requires_grad])
        self.step += 1
        return total

    # --- the run ------------------------------------------------------------------------------------------

    def run(self, *, max_steps: int | None = None) -> None:
        """Run the phases that are left (or ``max_steps`` updates), saving on the way and at the end."""
        done = 0
        while self.phase_number < len(self.config.phases):
            while self.step < self.phase.steps and (max_steps is None or done < max_steps):
                loss = self.train_step()
                done += 1
                self._log(loss)
                if self.step % self.config.checkpoint_steps == 0 and self.step < self.phase.steps:
                    self.save()
            if self.step < self.phase.steps:
                break
            if self.optimiser is not None:
                self.leave_phase()
            self.phase_number, self.step = self.phase_number + 1, 0
            self.save()
        if self.step:
            self.save()

    def _log(self, loss: float) -> None:
        if not math.isfinite(loss):
            raise MVPortraitError(
                f"training diverged: step {self.step} of phase {self.phase.name}; "
                "lower optimiser.learning_rate and start again, it goes on at the last checkpoint"
            )
        if not self.accelerator.is_main_process or self.step % self.config.log_steps:
            return
        entry = {"phase": self.phase.name, "step": self.step, "loss": round(loss, 6)}
        if self.device.type == "cuda":
            entry["peak_gigabytes"] = round(torch.cuda.max_memory_allocated(self.device) / 1e9, 2)
        log.info("%s", json.dumps(entry))
        self.out.mkdir(parents=True, exist_ok=True)
        with open(self.out / "log.jsonl", "a") as file:
            file.write(json.dumps(entry) + "\n")

    def save(self) -> None:
        """Write the weights for use and the checkpoint, each complete or as it was."""
        self.accelerator.wait_for_everyone()
        if not self.accelerator.is_main_process:
            return
        weights = self.out / "weights"
        weights.mkdir(parents=True, exist_ok=True)
        moving = [p for p in self.model.parameters() if p.requires_grad]
        if self.average is not None:
            self.average.store(moving)
            self.average.copy_to(moving)
        training = {"phase": self.phase_number, "step": self.step, "config": self.config.to_dict()}
        save_trained(
            self.model.state_dict(),
            self.config,
            weights / "trained",
            training=training,
            dtype=torch.bfloat16 if self.bf16 else torch.float32,
        )
        if self.average is not None:
            self.average.restore(moving)
        values = self.config.to_dict()
        values["weights"]["trained"] = "trained"
        (weights / CONFIG_NAME).write_text(yaml.safe_dump(values, sort_keys=False))
        state: dict[str, Any] = {
            "phase": self.phase_number,
            "step": self.step,
            "phases": [asdict(phase) for phase in self.config.phases],
        }
        if self.optimiser is not None:  # within a phase: the exact weights that move, and how they move
            state["optimiser"] = self.optimiser.state_dict()
            state["moving"] = {n: p.detach() for n, p in self.model.named_parameters() if p.requires_grad}
            state["average"] = None if self.average is None else self.average.state_dict()
        partial = self.out / ".checkpoint.pt.partial"
        torch.save(state, partial)
        os.replace(partial, self.out / "checkpoint.pt")

    def _resume(self) -> None:
        path = self.out / "checkpoint.pt"
        if not path.is_file():
            return
        from dataclasses import replace

        from mvvideo.latent.storage import load_trained

        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["phases"] != [asdict(phase) for phase in self.config.phases]:
            rule = "the run in this folder has other phases"
            raise input_error(
                ConfigError, rule, path, "use another folder or the configuration it began with"
            )
        trained = self.out / "weights" / "trained"
        config = replace(self.config, weights=replace(self.config.weights, trained=str(trained)))
        dtype = torch.bfloat16 if self.bf16 else torch.float32
        load_trained(trained, self.model, config, dtype=dtype)
        self.model.to(self.device)
        self.phase_number, self.step = state["phase"], state["step"]
        if "optimiser" in state:
            self.enter_phase()
            assert self.optimiser is not None
            own = dict(self.model.named_parameters())
            with torch.no_grad():
                for name, value in state["moving"].items():
                    own[name].copy_(value)
            self.optimiser.load_state_dict(state["optimiser"])
            if self.average is not None and state["average"] is not None:
                self.average.load_state_dict(state["average"])
        # Streams of random numbers go on from the step, not from the start.
        seed = self.config.seed + 1_000_003 * self.accelerator.process_index + self.step + 1
        self.choices = np.random.default_rng((seed, self.phase_number))
        self.noise.manual_seed(seed + self.phase_number)
        if self.accelerator.is_main_process:
            log.info("going on in phase %d at step %d", self.phase_number, self.step)
