"""Which runtime runs one step of the network fastest on this CPU, and whether its answer is the same.

    python -m benchmarks.inference [--engines plain,eager,jit,compile,openvino,onnxruntime,int8]
                                   [--frames 4] [--views 3] [--threads N] [--repeats 3] [--weights FOLDER]

Every engine runs the same weights on the same input in the same process, eager PyTorch as the product runs it
(channels last) first. Columns: seconds of preparation (export, compilation), milliseconds of processor time and of
the clock per frame and view, processor time as a share of eager's, largest difference from eager over all layers in
units of 1/255 of a colour or of a pixel of flow, and after how many frames and views preparation has paid for
itself. On a machine that does other work trust the processor time, and the ratios within one run.

Engines that are not installed (``pip install openvino``, ``pip install onnxruntime onnxscript``) say so.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mvvideo.guidance import CHANNEL_COUNT
from mvvideo.networks.composite import Layers
from mvvideo.networks.config import NetworkConfig
from mvvideo.networks.denoiser import MultiViewDenoiser, ReferenceFeatures

Run = Callable[[], torch.Tensor]


class OneStep(nn.Module):
    """The network with tensors alone as arguments: noise and guidance in, the stacked layers ``(P, 8, h, w)`` out."""

    def __init__(self, network: MultiViewDenoiser, reference: ReferenceFeatures) -> None:
        super().__init__()
        self.network = network
        self.sites = tuple(reference.record)

    def forward(
        self, noisy: torch.Tensor, guidance: torch.Tensor, tokens: torch.Tensor, *record: torch.Tensor
    ) -> torch.Tensor:
        """One step from pure noise."""
        reference = ReferenceFeatures(tokens=tokens, record=dict(zip(self.sites, record, strict=True)))
        layers = self.network(noisy, noisy.new_ones(1), guidance, reference)
        return torch.cat([getattr(layers, name).float() for name in Layers.__dataclass_fields__], 1)


class Case:
    """A network with one window's input.

    Args:
        weights: folder of a trained network; None builds one untrained with random last layers.
    """

    def __init__(
        self, *, frames: int, views: int, weights: Path | None, config: NetworkConfig | None
    ) -> None:
        torch.manual_seed(0)
        if weights is not None:
            from mvvideo.networks.storage import load_network

            self.network = load_network(weights)
        else:
            self.network = MultiViewDenoiser(config or NetworkConfig()).eval()
            for last in (self.network.head.flow, self.network.head.out):
                nn.init.normal_(last.weight, std=0.02)
        size = self.network.config.image_size
        guidance = torch.rand(1, views, frames, CHANNEL_COUNT, size, size)
        noisy = torch.randn(1, views, frames, 3, size, size)
        self.pictures = frames * views
        with torch.inference_mode():
            reference = self.network.encode_reference(torch.rand(1, 3, size, size), guidance[:, 0, 0])
        self.step = OneStep(self.network, reference).eval()
        record = tuple(value.clone() for value in reference.record.values())
        self.inputs = (noisy, guidance, reference.tokens.clone(), *record)


# ---------------------------------------------------------------- engines: a case → something to call


def plain(case: Case) -> Run:
    """PyTorch, weights in the order they are stored."""
    case.step.to(memory_format=torch.contiguous_format)
    return lambda: case.step(*case.inputs)


def eager(case: Case) -> Run:
    """PyTorch, channels last: as the product runs it."""
    case.step.to(memory_format=torch.channels_last)
    return lambda: case.step(*case.inputs)


def jit(case: Case) -> Run:
    """Traced and frozen TorchScript."""
    traced = torch.jit.freeze(torch.jit.trace(case.step, case.inputs, check_trace=False))
    return lambda: traced(*case.inputs)


def compiled(case: Case) -> Run:
    """torch.compile (inductor); needs a C++ compiler."""
    step = torch.compile(case.step, dynamic=False)
    return lambda: step(*case.inputs)


def openvino(case: Case) -> Run:
    """OpenVINO in float32."""
    import openvino as ov

    model = ov.convert_model(case.step, example_input=case.inputs)
    options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": str(torch.get_num_threads())}
    ready = ov.compile_model(model, "CPU", options)
    arrays = [value.numpy() for value in case.inputs]
    return lambda: torch.from_numpy(np.asarray(ready(arrays)[0]))


def onnxruntime(case: Case) -> Run:
    """ONNX Runtime in float32."""
    import io

    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    file = io.BytesIO()
    torch.onnx.export(case.step, case.inputs, file, dynamo=False)
    session = runtime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    names = [item.name for item in session.get_inputs()]
    feed = {name: value.numpy() for name, value in zip(names, case.inputs, strict=True)}
    return lambda: torch.from_numpy(session.run(None, feed)[0])


def int8(case: Case) -> Run:
    """PyTorch with the linear layers of attention in dynamic int8 (convolutions have none)."""
    import copy

    chosen = {
        name
        for name, module in case.step.named_modules()
        if isinstance(module, nn.Linear) and "time_emb" not in name and "reference" not in name
    }
    step = copy.deepcopy(case.step).to(memory_format=torch.channels_last)
    small = torch.ao.quantization.quantize_dynamic(step, chosen, dtype=torch.qint8)
    return lambda: small(*case.inputs)


ENGINES: dict[str, Callable[[Case], Run]] = {
    "plain": plain,
    "eager": eager,
    "jit": jit,
    "compile": compiled,
    "openvino": openvino,
    "onnxruntime": onnxruntime,
    "int8": int8,
}


# ---------------------------------------------------------------- measuring


def timed(run: Run, repeats: int) -> tuple[float, float, torch.Tensor]:
    """The smallest processor and clock seconds of a call, and its result."""
    work, clock, result = [], [], run()
    for _ in range(repeats):
        processor, started = time.process_time(), time.perf_counter()
        result = run()
        work.append(time.process_time() - processor)
        clock.append(time.perf_counter() - started)
    return min(work), min(clock), result


def difference(result: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest over all layers: flow (the first two) in pixels, the others in 1/255."""
    error = (result - expected).abs().amax(dim=(0, 2, 3))
    return float(torch.maximum(error[:2].max(), 255 * error[2:].max()))


def compare(case: Case, engines: list[str], repeats: int) -> Iterator[str]:
    """Rows of the table, as they are measured."""
    with torch.inference_mode():
        base, _, expected = timed(eager(case), repeats)
    for name in engines:
        started = time.process_time()
        case.step.to(memory_format=torch.channels_last)
        try:
            # Tracing warns of every shape that it takes for constant; here all are.
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run = ENGINES[name](case)
                run()
        except ImportError as error:
            yield f"{name:12s} not installed: {error.name}"
            continue
        except Exception as error:  # noqa: BLE001  engines fail in ways of their own; the others still count
            yield f"{name:12s} cannot run this network: {type(error).__name__}: {str(error)[:80]}"
            continue
        prepared = time.process_time() - started
        with torch.inference_mode():
            work, clock, result = timed(run, repeats)
        saved = (base - work) / case.pictures
        even = f"{prepared / saved:12.0f}" if saved > 1e-4 and name != "eager" else f"{'-':>12s}"
        yield (
            f"{name:12s} {prepared:8.1f} {1e3 * work / case.pictures:8.1f} {1e3 * clock / case.pictures:8.1f} "
            f"{work / base:7.2f} {difference(result, expected):10.5f} {even}"
        )


def main(arguments: list[str] | None = None, config: NetworkConfig | None = None) -> None:
    """Print the table. config: of the untrained network, for tests."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--views", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--weights", type=Path, help="folder of a trained network; default: untrained")
    options = parser.parse_args(arguments)
    chosen = options.engines.split(",")
    unknown = [name for name in chosen if name not in ENGINES]
    if unknown:
        parser.error(f"unknown engine {', '.join(unknown)}; use any of {', '.join(ENGINES)}")
    torch.set_num_threads(options.threads)
    case = Case(frames=options.frames, views=options.views, weights=options.weights, config=config)
    print(f"{options.threads} threads, {options.frames} frames of {options.views} views a call")
    print(
        f"{'engine':12s} {'prepare':>8s} {'ms cpu':>8s} {'ms':>8s} {'ratio':>7s} {'error':>10s} {'pays after':>12s}"
    )
    for row in compare(case, chosen, options.repeats):
        print(row, flush=True)


if __name__ == "__main__":
    main()
