"""What the network is told it did wrong: motion, speed, lip gap in millimetres, phones, contacts."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from driving.speech.layout import COLUMNS, FACE_COLUMNS, JAW_COLUMNS, LIP_COLUMNS, SHAPE_COLUMNS, Units
from driving.speech.lips import lip_meter

_LIP_WEIGHT, _OTHER_WEIGHT = 1.5, 0.6
_GAP_MM = 2.0  # one unit of the gap loss


class MotionLoss(nn.Module):
    """Losses on motion in network units, with the lip equation of the rig inside.

    Args:
        units: of the network.
    """

    weight: Tensor
    mean: Tensor
    scale: Tensor
    offset: Tensor
    slope: Tensor

    def __init__(self, units: Units) -> None:
        super().__init__()
        meter = lip_meter()
        weight = np.full(len(COLUMNS), _OTHER_WEIGHT, np.float32)
        weight[LIP_COLUMNS] = _LIP_WEIGHT
        self.register_buffer("weight", torch.from_numpy(weight))
        self.register_buffer("mean", torch.from_numpy(units.mean))
        self.register_buffer("scale", torch.from_numpy(units.scale))
        self.register_buffer("offset", torch.from_numpy(meter.offset.astype(np.float32)))
        self.register_buffer("slope", torch.from_numpy(meter.slope[:, SHAPE_COLUMNS].astype(np.float32)))
        self._step = float(meter.jaw_grid[1] - meter.jaw_grid[0])

    def gap_mm(self, motion: Tensor) -> Tensor:
        """(..., D) network units -> (...) signed gap of the lips in mm."""
        columns = motion * self.scale + self.mean
        jaw = columns[..., JAW_COLUMNS]
        angle = torch.atan2(jaw[..., 5], jaw[..., 4].clamp_min(0.2))
        place = (angle / self._step).clamp(0.0, len(self.offset) - 1.001)
        low = place.detach().floor().long()
        part = place - low
        slope = torch.lerp(self.slope[low], self.slope[low + 1], part[..., None])
        rest = torch.lerp(self.offset[low], self.offset[low + 1], part)
        shapes = columns[..., FACE_COLUMNS[0] : FACE_COLUMNS[-1] + 1].clamp(0.0, 1.0)
        return rest + (shapes * slope).sum(dim=-1)

    def simple(self, predicted: Tensor, target: Tensor, there: Tensor) -> Tensor:
        """Weighted squared error over frames (B, T, D) that are there (B, T)."""
        error = ((predicted - target).square() * self.weight).mean(dim=-1)
        return (error * there).sum() / there.sum().clamp_min(1.0)

    def velocity(self, predicted: Tensor, target: Tensor, there: Tensor) -> Tensor:
        """The same of the differences between frames."""
        both = there[:, 1:] * there[:, :-1]
        return self.simple(predicted.diff(dim=1), target.diff(dim=1), both)

    def gap(self, predicted: Tensor, target: Tensor, there: Tensor, demand: Tensor) -> Tensor:
        """Error of the lip gap; four times as much where a seal or contact is demanded (B, T)."""
        error = F.smooth_l1_loss(
            self.gap_mm(predicted) / _GAP_MM, self.gap_mm(target) / _GAP_MM, reduction="none"
        )
        weight = there * (1.0 + 3.0 * demand)
        return (error * weight).sum() / weight.sum().clamp_min(1.0)


def masked_cross_entropy(logits: Tensor, classes: Tensor, there: Tensor) -> Tensor:
    """(B, T, K), (B, T), (B, T) -> mean over frames that are there, with a little smoothing of labels."""
    loss = F.cross_entropy(logits.transpose(1, 2), classes, reduction="none", label_smoothing=0.05)
    return (loss * there).sum() / there.sum().clamp_min(1.0)


def masked_contacts(logits: Tensor, contacts: Tensor, there: Tensor) -> Tensor:
    """Binary cross-entropy of (B, T, 4) against soft targets."""
    loss = F.binary_cross_entropy_with_logits(logits, contacts, reduction="none").mean(dim=-1)
    return (loss * there).sum() / there.sum().clamp_min(1.0)
