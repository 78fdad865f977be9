"""The network as it is trained: the denoiser with its word lesson, and conditions made from drawn batches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from text2motion.denoiser import ClauseBatch, Denoiser
from text2motion.training.attributes import WordLesson, noisy_tokens
from text2motion.training.bank import CaptionBank
from text2motion.training.clips import DrawnBatch


class TrainedNetwork(nn.Module):
    """Denoiser and word lesson in one forward pass, so that accelerate may wrap it for several devices."""

    def __init__(self, denoiser: Denoiser) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.lesson = WordLesson(denoiser.config.width)

    def forward(self, noisy: Tensor, t: Tensor, batch: ClauseBatch, start_seconds: Tensor, mask: Tensor,
                silenced: Tensor, taught: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Predicted x0 (B, T, D) and the lesson's loss.

        ``silenced`` (B,) is True where words are withheld; ``taught`` are action and signature (M, …) of the
        real clauses, None where captions are not labelled.
        """
        encoder = self.denoiser.clauses
        nothing = noisy.new_zeros(())
        if not bool(batch.clause_mask.any()):
            unused = sum(p.sum() for p in [*encoder.parameters(), *self.lesson.parameters()])
            predicted = self.denoiser(noisy, t, batch, start_seconds=start_seconds, frame_mask=mask)
            return predicted, nothing + 0.0 * unused  # every parameter has a gradient on every device
        words = encoder.read(batch)
        if taught is None:
            lesson = 0.0 * sum(p.sum() for p in self.lesson.parameters())
        else:
            lesson = self.lesson(words, *taught)
        heard = ~silenced[:, None].expand(batch.clause_mask.shape)[batch.clause_mask]
        told = encoder(batch, words * heard[:, None].to(words.dtype))
        predicted = self.denoiser(noisy, t, batch, start_seconds=start_seconds, frame_mask=mask, clauses=told)
        return predicted, nothing + lesson


@dataclass
class Teller:
    """Drawn batches as conditions on a device; draws what is withheld.

    Attributes:
        tokens, lengths: (N, L, E) and (N,) of the bank, on the device.
        noise: strength of the noise on token states.
        silent, words_only, signature_only: shares of samples without clauses, signatures, words.
    """

    tokens: Tensor
    lengths: Tensor
    noise: float = 0.0
    silent: float = 0.0
    words_only: float = 0.0
    signature_only: float = 0.0

    @classmethod
    def of_bank(cls, bank: CaptionBank, device: torch.device, **shares: float) -> Teller:
        """Put the bank's captions on the device."""
        dense, lengths = bank.dense()
        return cls(torch.from_numpy(dense).to(device), torch.from_numpy(lengths).to(device), **shares)

    def tell(self, drawn: DrawnBatch, generator: torch.Generator) -> tuple[ClauseBatch, Tensor]:
        """The condition, and where words are withheld (B,)."""
        device = self.tokens.device
        caption = torch.from_numpy(drawn.caption).to(device)  # (B, K)
        chance = torch.rand(len(caption), generator=generator, device=device)
        told = (caption >= 0) & (chance >= self.silent)[:, None]
        way = torch.rand(len(caption), generator=generator, device=device)
        signature = torch.from_numpy(drawn.signature).to(device)
        unknown = way < self.words_only
        signature = signature * (~unknown)[:, None, None]
        silenced = way >= 1.0 - self.signature_only
        tokens, token_mask = self.states(caption.clamp_min(0), generator)
        spans, counts, own = (
            torch.from_numpy(array).to(device) for array in (drawn.spans, drawn.counts, drawn.own)
        )
        intensity = torch.from_numpy(drawn.intensity).to(device)
        batch = ClauseBatch(tokens, token_mask, told, spans, counts, own, signature, intensity)
        return batch, silenced

    def states(self, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Token states (..., L, E) of captions, noised, and their mask."""
        lengths = self.lengths[rows]
        longest = int(lengths.max())
        mask = torch.arange(longest, device=rows.device) < lengths[..., None]
        tokens = self.tokens[rows][..., :longest, :].float()
        return noisy_tokens(tokens, generator, strength=self.noise) if self.noise else tokens, mask
