"""A pair of small encoders that put a prompt and its motion at one place: the features of R-precision and the
Fréchet distance.

Trained by contrast (InfoNCE, van den Oord et al. 2018) on scenes of the corpus with composed captions, with no
part of MotionDM or EmotionDM. Motion goes in as FLAME channels at 12.5 frames per second, text as MiniLM's
token states. ``python -m text2motion.evaluation.matching_training --out FILE`` trains it anew.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from flame.errors import ConfigError, input_error
from flame.sequence import FlameSequence
from text2motion.features import EMOTION_FEATURES, MOTION_FEATURES, emotion_features, motion_features

FEATURE_FPS = 12.5
WEIGHTS = Path(__file__).parent / "matching.safetensors"
_FORMAT = "mvportrait-text-motion-matching"
_TEXT_WIDTH = 384
_CUT = re.compile(
    r"(\b(?:and then|then|and afterwards|afterwards|after that|and|while|before|after|as well as|finally)\b"
    r"|[,.;:!?()\[\]*]+)"
)

Encode = Callable[[list[str]], list[np.ndarray]]


class Matcher(nn.Module):
    """Both encoders: convolutions over frames, recurrent nets over what they give and over tokens."""

    def __init__(self, width: int = 128, vector: int = 64) -> None:
        super().__init__()
        features = len(MOTION_FEATURES) + len(EMOTION_FEATURES)
        self.config = {"width": width, "vector": vector}
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.frames = nn.Sequential(
            nn.Conv1d(features, width, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Conv1d(width, width, 5, stride=2, padding=2),
            nn.GELU(),
        )
        self.motion_memory = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.motion_out = nn.Linear(2 * width, vector)
        self.tokens = nn.Linear(_TEXT_WIDTH, width)
        self.text_memory = nn.GRU(width, width // 2, batch_first=True, bidirectional=True)
        self.text_out = nn.Linear(2 * width, vector)
        self.sharpness = nn.Parameter(torch.tensor(2.5))

    def motion(self, motions: Tensor, lengths: Tensor) -> Tensor:
        """(B, T, F) padded features and (B,) frames -> (B, D) unit vectors."""
        units = (motions - self.mean) / self.scale
        alive = torch.arange(units.shape[1]) < lengths[:, None]
        steps = self.frames((units * alive[..., None]).transpose(1, 2)).transpose(1, 2)
        return F.normalize(self.motion_out(_remember(self.motion_memory, steps, (lengths + 3) // 4)), dim=-1)

    def text(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """(B, L, 384) padded token states and (B,) tokens -> (B, D) unit vectors."""
        return F.normalize(self.text_out(_remember(self.text_memory, self.tokens(tokens), lengths)), dim=-1)


def _remember(memory: nn.GRU, steps: Tensor, lengths: Tensor) -> Tensor:
    """(B, T, W), (B,) -> (B, 2 W): mean and maximum of what the recurrent net says of the real steps."""
    packed = nn.utils.rnn.pack_padded_sequence(steps, lengths, batch_first=True, enforce_sorted=False)
    said, _ = nn.utils.rnn.pad_packed_sequence(memory(packed)[0], batch_first=True)
    alive = (torch.arange(said.shape[1]) < lengths[:, None])[..., None]
    mean = (said * alive).sum(dim=1) / lengths[:, None]
    return torch.cat([mean, said.masked_fill(~alive, -1e4).amax(dim=1)], dim=-1)


def motion_array(sequence: FlameSequence) -> np.ndarray:
    """(T, F) features of a motion at :data:`FEATURE_FPS`."""
    at = sequence.resample(FEATURE_FPS)
    return np.concatenate([motion_features(at), emotion_features(at)], axis=1)


def text_array(text: str, encode: Encode) -> np.ndarray:
    """(L, 384) token states of a prompt of any length, encoded piece by piece (joining words are pieces)."""
    pieces = [piece.strip() for piece in _CUT.split(text.lower())]
    pieces = [piece for piece in pieces if any(c.isalnum() for c in piece)] or [text.lower()]
    return np.concatenate([states[1:-1] if len(states) > 2 else states for states in encode(pieces)])


@torch.inference_mode()
def motion_vectors(matcher: Matcher, motions: Sequence[FlameSequence], *, batch: int = 64) -> np.ndarray:
    """(N, D) vectors of motions."""
    found = []
    for begin in range(0, len(motions), batch):
        arrays = [motion_array(motion) for motion in motions[begin : begin + batch]]
        found.append(matcher.motion(*padded(arrays)).numpy())
    return np.concatenate(found)


@torch.inference_mode()
def text_vectors(matcher: Matcher, texts: Sequence[str], encode: Encode, *, batch: int = 64) -> np.ndarray:
    """(N, D) vectors of prompts."""
    found = []
    for begin in range(0, len(texts), batch):
        arrays = [text_array(text, encode) for text in texts[begin : begin + batch]]
        found.append(matcher.text(*padded(arrays)).numpy())
    return np.concatenate(found)


def padded(arrays: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Arrays (T_i, W) -> (B, T, W) with zeros behind, and (B,) lengths."""
    lengths = torch.tensor([len(array) for array in arrays])
    whole = torch.zeros(len(arrays), int(lengths.max()), arrays[0].shape[1])
    for row, array in zip(whole, arrays, strict=True):
        row[: len(array)] = torch.from_numpy(np.asarray(array, np.float32))
    return whole, lengths


def contrast(motions: Tensor, texts: Tensor, sharpness: Tensor) -> Tensor:
    """InfoNCE in both directions, vectors (B, D)."""
    likeness = motions @ texts.T * sharpness.exp().clamp(max=50.0)
    own = torch.arange(len(likeness))
    return 0.5 * (F.cross_entropy(likeness, own) + F.cross_entropy(likeness.T, own))


@functools.lru_cache(maxsize=2)
def load_matcher(path: Path = WEIGHTS) -> Matcher:
    """The trained pair.

    Raises:
        ConfigError: the file is missing or is not such a pair.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != _FORMAT:
                raise KeyError("format")
            matcher = Matcher(**json.loads(header["config"]))
            matcher.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})
    except (OSError, KeyError, RuntimeError, SafetensorError) as error:
        raise input_error(
            ConfigError,
            "no text-motion matching pair of this version",
            path,
            "train it with: python -m text2motion.evaluation.matching_training --out FILE",
        ) from error
    return matcher.eval()


def save_matcher(matcher: Matcher, path: Path) -> None:
    """Write a pair in half precision."""
    from safetensors.torch import save_file

    halves = {name: value.half().contiguous() for name, value in matcher.state_dict().items()}
    save_file(halves, str(path), {"format": _FORMAT, "config": json.dumps(matcher.config)})
