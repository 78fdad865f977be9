"""Time and arithmetic of the video model per frame and view, without a portrait.

    python -m benchmarks.video [--frames 8] [--views 3] [--size 512] [--threads N]

Weights do not matter for time, so the network is built untrained. Columns: stage, GFLOP, milliseconds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.networks.composite import Plates, compose
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser


def measure(name: str, work: Callable[[], object], *, pictures: int, repeats: int = 3) -> None:
    """Print one row; the first call, which counts operations, also warms up."""
    with FlopCounterMode(display=False) as counter:
        work()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    flops = counter.get_total_flops() / pictures / 1e9
    print(f"{name:32s} {flops:8.2f} {1e3 * min(times) / pictures:8.1f}")


def main() -> None:
    """Measure every stage at the embedded model's size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--views", type=int, default=3)
    parser.add_argument("--size", type=int, default=512, help="of the output, for the composite")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = NetworkConfig()
    model = MultiViewDenoiser(config).eval().to(memory_format=torch.channels_last)
    size, pictures = config.image_size, options.frames * options.views
    guidance = torch.rand(1, options.views, options.frames, CHANNEL_COUNT, size, size)
    noisy = torch.randn(1, options.views, options.frames, 3, size, size)
    photo = torch.rand(1, 3, size, size)
    large = torch.rand(pictures, 7, options.size, options.size)
    plates = Plates(rgb=large[:, :3], alpha=large[:, 3:4], background=large[:, 4:])
    with torch.inference_mode():
        reference = model.encode_reference(photo, guidance[:, 0, 0])
        layers = model(noisy, torch.ones(1), guidance, reference)
        print(f"{'stage':32s} {'GFLOP':>8s} {'ms':>8s}   ({options.threads} threads, {pictures} pictures)")
        measure("photo, once per clip", lambda: model.encode_reference(photo, guidance[:, 0, 0]), pictures=1)
        measure(
            "one step, per frame and view",
            lambda: model(noisy, torch.ones(1), guidance, reference),
            pictures=pictures,
        )
        measure(f"composite at {size}", lambda: model.compose(layers, guidance), pictures=pictures)
        measure(
            f"composite at {options.size}",
            lambda: compose(layers.resized(options.size, options.size), plates),
            pictures=pictures,
        )


if __name__ == "__main__":
    main()
