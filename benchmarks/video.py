"""Speed and memory of the video model: presets at several sizes and numbers of views; on a GPU frames per second.

    python -m benchmarks.video [--presets preview,fast,quality] [--sizes 256,512,1024] [--views 1,4,8] [--frames 8]
    python -m benchmarks.video --stages [--frames 8] [--views 3]
    python -m benchmarks.video --gpu

The first form animates the bundled portrait, each row in a process of its own: seconds of processor time and of
the clock per frame and view (the photo's preparation not counted), and the process's largest memory. ``--stages``
lists arithmetic and time of the network's parts. ``--gpu`` is what a machine with CUDA prints in any case: frames
per second at 512² in bfloat16, drawing included and without, and pictures per second of training. On a machine
that does other work trust the processor time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from flame.sequence import FlameSequence
from mvvideo.denoising import half_precision
from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.networks.composite import Plates, compose
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser
from mvvideo.pipeline import PRESETS, VideoModel
from mvvideo.portrait import Portrait
from renderer import arc

# ---------------------------------------------------------------- presets


def sway(fit: FlameSequence, frames: int) -> FlameSequence:
    """The photo's pose for ``frames`` frames, turning to both sides with the mouth opening and a blink."""
    phase = np.linspace(0, 2 * np.pi, frames, endpoint=False)
    arrays = {
        name: np.repeat(array, frames, 0).copy() for name, array in fit.arrays().items() if name != "shape"
    }
    arrays["neck"][:, 1] += 0.4 * np.sin(phase)
    arrays["jaw"][:, 0] += 0.1 * (1 - np.cos(phase))
    arrays["eyelids"][:] = np.clip(arrays["eyelids"] + np.sin(phase / 2)[:, None] ** 16, 0, 1)
    return fit.replace(**{name: array.astype(np.float32) for name, array in arrays.items()})


def demo_portrait(size: int) -> Portrait:
    """The bundled portrait, prepared."""
    from flame.head import load_head
    from mvportrait.media.images import demo_portrait_path, read_picture

    pixels = read_picture(demo_portrait_path()).pixels
    return Portrait.from_image(pixels, head=load_head(), size=size, warn=lambda line: None)


def animated(
    model: VideoModel, portrait: Portrait, *, size: int, views: int, frames: int
) -> dict[str, float]:
    """Seconds of processor time and clock per frame and view, after one short run to warm up."""
    cameras = arc(portrait.camera, views, pivot=portrait.pivot)
    motion = sway(portrait.fit, frames)

    def run(sequence: FlameSequence) -> None:
        for _ in model.generate(portrait, sequence, cameras, size=size):
            pass

    run(motion[: min(2, frames)])
    processor, clock = time.process_time(), time.perf_counter()
    run(motion)
    pictures = frames * views
    return {
        "processor": (time.process_time() - processor) / pictures,
        "clock": (time.perf_counter() - clock) / pictures,
        "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2,
    }


def presets_table(
    presets: list[str], sizes: list[int], views: list[int], *, frames: int, threads: int
) -> None:
    """A row per preset, size and number of views, each measured in a process of its own."""
    print(
        f"{'preset':9s} {'size':>5s} {'views':>5s} {'s cpu':>8s} {'s':>8s} {'GB':>6s}   "
        f"per frame and view, {threads} threads"
    )
    for preset in presets:
        for size in sizes:
            for count in views:
                case = json.dumps([preset, size, count, frames, threads])
                command = [sys.executable, "-m", "benchmarks.video", "--one", case]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    print(f"{preset:9s} {size:5d} {count:5d} failed: {done.stderr.strip().splitlines()[-1:]}")
                    continue
                row = json.loads(done.stdout.splitlines()[-1])
                print(
                    f"{preset:9s} {size:5d} {count:5d} {row['processor']:8.3f} {row['clock']:8.3f} "
                    f"{row['memory_gb']:6.2f}",
                    flush=True,
                )


def one_case(case: str) -> None:
    """What a process of :func:`presets_table` does."""
    import numba

    preset, size, count, frames, threads = json.loads(case)
    torch.set_num_threads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    portrait = demo_portrait(max(size, 512))
    model = VideoModel.load(preset, device="cpu")
    print(json.dumps(animated(model, portrait, size=size, views=count, frames=frames)))


# ---------------------------------------------------------------- stages of the network


def measure(name: str, work: Callable[[], object], *, pictures: int, repeats: int = 3) -> None:
    """Print one row; the first call, which counts operations, also warms up."""
    with FlopCounterMode(display=False) as counter:
        work()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    flops = counter.get_total_flops() / pictures / 1e9
    print(f"{name:32s} {flops:8.2f} {1e3 * min(times) / pictures:8.1f}")


def stages_table(config: NetworkConfig, *, frames: int, views: int, size: int) -> None:
    """Arithmetic and processor time of the network's parts, untrained: weights do not matter for time."""
    from mvvideo.compositing import composed_rgb

    model = MultiViewDenoiser(config).eval().to(memory_format=torch.channels_last)
    side, pictures = config.image_size, frames * views
    guidance = torch.rand(1, views, frames, CHANNEL_COUNT, side, side)
    noisy = torch.randn(1, views, frames, 3, side, side)
    photo = torch.rand(1, 3, side, side)
    large = torch.rand(pictures, 7, size, size)
    plates = Plates(rgb=large[:, :3], alpha=large[:, 3:4], background=large[:, 4:])
    with torch.inference_mode():
        reference = model.encode_reference(photo, guidance[:, 0, 0])
        layers = model(noisy, torch.ones(1), guidance, reference)
        print(
            f"{'stage':32s} {'GFLOP':>8s} {'ms cpu':>8s}   ({torch.get_num_threads()} threads, {pictures} pictures)"
        )
        measure("photo, once per clip", lambda: model.encode_reference(photo, guidance[:, 0, 0]), pictures=1)
        measure("one step", lambda: model(noisy, torch.ones(1), guidance, reference), pictures=pictures)
        measure(
            f"composite at {size}, tensors",
            lambda: compose(layers.resized(size, size), plates),
            pictures=pictures,
        )
        measure(f"composite at {size}, compiled", lambda: composed_rgb(layers, plates), pictures=pictures)


# ---------------------------------------------------------------- GPU


def _waited(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def network_rate(
    model: MultiViewDenoiser, device: torch.device, *, views: int, frames: int, size: int, repeats: int
) -> float:
    """Frames (of all views) per second of network and composite at ``size``, input already on the device."""
    side = model.config.image_size
    guidance = torch.rand(1, views, frames, CHANNEL_COUNT, side, side, device=device)
    noisy = torch.randn(1, views, frames, 3, side, side, device=device)
    large = torch.rand(views * frames, 7, size, size, device=device)
    plates = Plates(rgb=large[:, :3], alpha=large[:, 3:4], background=large[:, 4:])
    with torch.inference_mode(), half_precision(device):
        reference = model.encode_reference(torch.rand(1, 3, side, side, device=device), guidance[:, 0, 0])

        def step() -> None:
            layers = model(noisy, torch.ones(1, device=device), guidance, reference)
            compose(layers.resized(size, size), plates)

        step()
        started = _waited(device)
        for _ in range(repeats):
            step()
        return repeats * frames / (_waited(device) - started)


def training_rate(
    model: MultiViewDenoiser, device: torch.device, *, views: int, frames: int, clips: int, repeats: int
) -> float:
    """Pictures per second through a training step: reference, forward, composite, backward, AdamW."""
    side = model.config.image_size
    guidance = torch.rand(clips, views, frames, CHANNEL_COUNT, side, side, device=device)
    noisy = torch.randn(clips, views, frames, 3, side, side, device=device)
    photo = torch.rand(clips, 3, side, side, device=device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5)
    model.train()

    def step() -> None:
        with half_precision(device):
            reference = model.encode_reference(photo, guidance[:, 0, 0])
            layers = model(noisy, torch.ones(clips, device=device), guidance, reference)
        loss = model.compose(layers, guidance).rgb.float().square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    step()
    started = _waited(device)
    for _ in range(repeats):
        step()
    return repeats * clips * views * frames / (_waited(device) - started)


def gpu_table(
    config: NetworkConfig, device: torch.device, *, size: int = 512, frames: int = 8, repeats: int = 10
) -> None:
    """Frames per second at ``size`` with 1, 4 and 8 views, and training throughput, in bfloat16 on CUDA."""
    model = MultiViewDenoiser(config).eval().to(device, memory_format=torch.channels_last)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    print(f"{name}: network and composite at {size}², one step")
    for views in (1, 4, 8):
        rate = network_rate(model, device, views=views, frames=frames, size=size, repeats=repeats)
        print(f"  {views} views: {rate:8.1f} frames/s, {rate * views:8.1f} pictures/s")
    rate = training_rate(model, device, views=2, frames=4, clips=2, repeats=repeats)
    print(f"  training at {config.image_size}²: {rate:8.1f} pictures/s")


def gpu_pipeline_table(portrait: Portrait, *, size: int = 512, frames: int = 32) -> None:
    """Frames per second of `fast` from motion to finished pictures on CUDA; drawing is the CPU's."""
    model = VideoModel.load("fast", device="cuda")
    for views in (1, 4, 8):
        row = animated(model, portrait, size=size, views=views, frames=frames)
        print(f"  {views} views, drawing included: {1 / (row['clock'] * views):8.1f} frames/s at {size}²")


def main(arguments: list[str] | None = None, config: NetworkConfig | None = None) -> None:
    """Print what was asked for. config: of the untrained network of ``--stages`` and ``--gpu``, for tests."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--presets", default=",".join(PRESETS))
    parser.add_argument("--sizes", default="256,512,1024")
    parser.add_argument("--views", default="1,4,8")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--stages", action="store_true", help="arithmetic and time of the network's parts")
    parser.add_argument("--gpu", action="store_true", help="the GPU's table alone")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    network = config or NetworkConfig()
    if options.one:
        one_case(options.one)
        return
    torch.set_num_threads(options.threads)
    sizes, views = ([int(item) for item in text.split(",")] for text in (options.sizes, options.views))
    if options.stages:
        stages_table(network, frames=options.frames, views=views[0], size=sizes[-1])
        return
    if options.gpu and not torch.cuda.is_available():
        parser.error("--gpu needs CUDA, which this PyTorch does not find")
    if not options.gpu:
        presets_table(
            options.presets.split(","), sizes, views, frames=options.frames, threads=options.threads
        )
    if torch.cuda.is_available():
        gpu_table(network, torch.device("cuda"))
        gpu_pipeline_table(demo_portrait(512))


if __name__ == "__main__":
    main()
