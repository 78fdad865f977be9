"""wav2vec 2.0 and HuBERT as ears: features of a transformers model from a local folder, 50 rows a second.

The model sees a fixed stretch of past with every piece, so that memory stays flat and a stream and a whole
recording give the same numbers (when both go through the same grid, as ``SpeechDriver`` does). Baevski et al.,
wav2vec 2.0, NeurIPS 2020; Hsu et al., HuBERT, IEEE/ACM TASLP 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from driving.speech.resampling import SAMPLE_RATE
from flame.errors import AssetError, MVPortraitError, input_error

_PAST_SECONDS = 2.0
_FIELD = 400  # samples that one row of these models' convolutions sees


@dataclass
class TransformerState:
    """Samples of the past, at most two seconds, and the loudness so far."""

    past: np.ndarray
    level: float = 0.0


class TransformerFeatures:
    """Last hidden states of a wav2vec2 or HuBERT model.

    Args:
        folder: with ``config.json`` and weights, as transformers saves them; nothing is downloaded.

    Raises:
        AssetError: no such model there.
    """

    rate = 50
    before = _FIELD // 2
    after = _FIELD // 2

    def __init__(self, folder: Path) -> None:
        from transformers import AutoConfig, AutoModel

        if not (folder / "config.json").is_file():
            raise input_error(
                AssetError,
                "no transformers model in that folder",
                folder,
                "save a wav2vec2 or HuBERT model there",
            )
        try:
            config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
            model = AutoModel.from_pretrained(str(folder), local_files_only=True)
        except (OSError, ValueError) as error:
            raise input_error(
                AssetError, "the model cannot be read", folder, "save a wav2vec2 or HuBERT model there"
            ) from error
        if config.model_type not in ("wav2vec2", "hubert", "wavlm"):
            raise input_error(AssetError, "not a model of sound", config.model_type, "use wav2vec2 or HuBERT")
        if int(np.prod(config.conv_stride)) != SAMPLE_RATE // self.rate:
            raise input_error(
                AssetError, "the model must give 50 rows a second", config.conv_stride, "use another"
            )
        self._model = model.eval().requires_grad_(False)
        self.dims = int(config.hidden_size)
        self.name = f"{config.model_type}-{self.dims}x{config.num_hidden_layers}"
        self._quiet: np.ndarray | None = None

    def start(self) -> TransformerState:
        """State of a new recording."""
        return TransformerState(np.zeros(0, np.float32))

    def quiet(self) -> np.ndarray:
        """(dims,) what the model makes of silence."""
        if self._quiet is None:
            self._quiet = self._hidden(np.zeros(4 * _FIELD, np.float32))[-1]
        return self._quiet

    def prosody(self, rows: np.ndarray) -> None:
        """None: states of a transformer do not tell pitch and loudness apart."""

    def rows(self, samples: np.ndarray, state: TransformerState) -> np.ndarray:
        """(R, dims) float32; row r is centred on ``samples[before + 320 r]``."""
        hop = SAMPLE_RATE // self.rate
        count = (len(samples) - _FIELD) // hop + 1
        heard = np.concatenate([state.past, samples])
        peak = float(np.sqrt(np.mean(np.square(samples)))) + 1e-7
        state.level = max(peak, 0.98 * state.level)
        rows = self._hidden((heard / state.level).astype(np.float32))
        if len(rows) < count:
            raise MVPortraitError(f"the model of sound gave {len(rows)} rows for {count}: {self.name}")
        keep = int(_PAST_SECONDS * self.rate) * hop
        state.past = heard[: len(heard) - len(samples) + count * hop][-keep:]
        return rows[len(rows) - count :]

    def _hidden(self, samples: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            result: Any = self._model(torch.from_numpy(samples)[None])
        return result.last_hidden_state[0].numpy().astype(np.float32)
