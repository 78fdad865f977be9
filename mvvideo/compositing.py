"""Layers on plates for use on a CPU: what :func:`mvvideo.networks.composite.compose` computes, in compiled loops.

There every operator is a tensor operation with a gradient; here nothing is kept but the picture, layers are
enlarged where they are looked up, and what the alpha hides is not computed. Several times faster at output sizes,
where composing costs more than the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit, prange

from renderer.threads import kernel_threads

if TYPE_CHECKING:
    import torch

    from mvvideo.networks.composite import Layers, Plates

__all__ = ["compose_pictures", "composed_rgb"]

_STRIP = 32  # columns that a thread sums up together


@njit(cache=True, error_model="numpy")
def _taps(size, small, first, share):
    """Where a row or column of ``size`` lies among ``small``: the lower neighbour and the share of the upper."""
    for i in range(size):
        at = max((i + 0.5) * small / size - 0.5, 0.0)
        first[i] = min(int(at), small - 1)
        share[i] = np.float32(at - first[i]) if first[i] + 1 < small else np.float32(0.0)


# Functions that take arrays are compiled without reference counting (they allocate nothing): counting would cost
# more than what they do.
@njit(cache=True, error_model="numpy", _nrt=False)
def _enlarged(layers, c, top, fy, left, fx):
    """Bilinear value of layer c (C, h, w)."""
    below = top + 1 if fy > 0.0 else top
    right = left + 1 if fx > 0.0 else left
    upper = layers[c, top, left] + fx * (layers[c, top, right] - layers[c, top, left])
    lower = layers[c, below, left] + fx * (layers[c, below, right] - layers[c, below, left])
    return upper + fy * (lower - upper)


@njit(cache=True, error_model="numpy", _nrt=False)
def _cubic(t):
    """Weights of the four neighbours at ``t`` between the middle two: cubic convolution with a = −0.75."""
    a = np.float32(-0.75)
    one, two = np.float32(1.0), np.float32(2.0)
    three, four, five, eight = np.float32(3.0), np.float32(4.0), np.float32(5.0), np.float32(8.0)
    near, far, beyond = one - t, one + t, two - t
    return (
        ((a * far - five * a) * far + eight * a) * far - four * a,
        ((a + two) * t - (a + three)) * t * t + one,
        ((a + two) * near - (a + three)) * near * near + one,
        ((a * beyond - five * a) * beyond + eight * a) * beyond - four * a,
    )


@njit(cache=True, error_model="numpy", _nrt=False)
def _warp_row(layers, rgb, alpha, y, rows, row_share, columns, column_share, warped):
    """Row y of colour and alpha where the flow (layers 0 and 1) points.

    Colours are interpolated by cubics: lines alone would cost a large photo a quarter of its fine structure.
    """
    height, width = alpha.shape[0], alpha.shape[1]
    grow_x, grow_y = np.float32(width / layers.shape[2]), np.float32(height / layers.shape[1])
    zero = np.float32(0.0)
    for x in range(width):
        flow_x = grow_x * _enlarged(layers, 0, rows[y], row_share[y], columns[x], column_share[x])
        flow_y = grow_y * _enlarged(layers, 1, rows[y], row_share[y], columns[x], column_share[x])
        u = min(max(x + flow_x, zero), np.float32(width - 1))
        v = min(max(y + flow_y, zero), np.float32(height - 1))
        left, top = int(u), int(v)
        fx, fy = np.float32(u - left), np.float32(v - top)
        right, below = min(left + 1, width - 1), min(top + 1, height - 1)
        upper = alpha[top, left, 0] + fx * (alpha[top, right, 0] - alpha[top, left, 0])
        lower = alpha[below, left, 0] + fx * (alpha[below, right, 0] - alpha[below, left, 0])
        warped[y, x, 3] = upper + fy * (lower - upper)
        if fx > zero or fy > zero:
            across, down = _cubic(fx), _cubic(fy)
            for c in range(3):
                total = zero
                for j in range(4):
                    row, line = min(max(top + j - 1, 0), height - 1), zero
                    for i in range(4):
                        line += across[i] * rgb[row, min(max(left + i - 1, 0), width - 1), c]
                    total += down[j] * line
                warped[y, x, c] = total
            continue
        for c in range(3):
            warped[y, x, c] = rgb[top, left, c]


@njit(cache=True, error_model="numpy", _nrt=False)
def _box_line(line, other, length, reach):
    """Mean of ``line (n, 4)`` over 2·reach + 1 places, fewer at its ends, into ``other``."""
    for c in range(4):
        total = 0.0
        for i in range(min(reach, length)):
            total += line[i, c]
        for i in range(length):
            if i + reach < length:
                total += line[i + reach, c]
            if i - reach - 1 >= 0:
                total -= line[i - reach - 1, c]
            other[i, c] = np.float32(total / (min(i + reach, length - 1) - max(i - reach, 0) + 1))


@njit(cache=True, error_model="numpy", _nrt=False)
def _smooth_rows(warped, y, reach, line, other, out):
    """Row y of colour times weight, and weight, averaged twice."""
    width = warped.shape[1]
    for x in range(width):
        weight = warped[y, x, 3] + np.float32(1e-3)
        for c in range(3):
            line[x, c] = warped[y, x, c] * weight
        line[x, 3] = weight
    _box_line(line, other, width, reach)
    _box_line(other, line, width, reach)
    for x in range(width):
        for c in range(4):
            out[y, x, c] = line[x, c]


@njit(cache=True, error_model="numpy", _nrt=False)
def _smooth_strip(source, out, left, right, reach, total):
    """The same once down columns left … right − 1."""
    height = source.shape[0]
    for x in range(left, right):
        for c in range(4):
            total[x - left, c] = 0.0
            for y in range(min(reach, height)):
                total[x - left, c] += source[y, x, c]
    for y in range(height):
        scale = 1.0 / (min(y + reach, height - 1) - max(y - reach, 0) + 1)
        for x in range(left, right):
            for c in range(4):
                if y + reach < height:
                    total[x - left, c] += source[y + reach, x, c]
                if y - reach - 1 >= 0:
                    total[x - left, c] -= source[y - reach - 1, x, c]
                out[y, x, c] = np.float32(scale * total[x - left, c])


@njit(cache=True, error_model="numpy", _nrt=False)
def _bounded(alpha, y, x, reach, limit):
    """The smaller of ``limit`` and the largest alpha within ``reach`` pixels; most often found at once."""
    largest = alpha[y, x, 0]
    if largest >= limit:
        return limit
    for row in range(max(y - reach, 0), min(y + reach + 1, alpha.shape[0])):
        for column in range(max(x - reach, 0), min(x + reach + 1, alpha.shape[1])):
            largest = max(largest, alpha[row, column, 0])
        if largest >= limit:
            return limit
    return largest


@njit(cache=True, error_model="numpy", _nrt=False)
def _mix_row(
    layers, warped, smooth, alpha, background, y, reach, rows, row_share, columns, column_share, out
):  # fmt: skip
    """Row y of the picture; layers 2 to 7: gate, detail, alpha, colour."""
    zero, one = np.float32(0.0), np.float32(1.0)
    top, fy = rows[y], row_share[y]
    for x in range(out.shape[1]):
        left, fx = columns[x], column_share[x]
        bounded = _bounded(alpha, y, x, reach, warped[y, x, 3])
        opacity = min(max(bounded + _enlarged(layers, 4, top, fy, left, fx), zero), one)
        if opacity == 0.0:
            for c in range(3):
                out[y, x, c] = min(max(background[y, x, c], zero), one)
            continue
        gate = min(max(one + _enlarged(layers, 2, top, fy, left, fx), zero), one)
        detail = min(max(one + _enlarged(layers, 3, top, fy, left, fx), zero), one)
        scale = one / smooth[y, x, 3]
        for c in range(3):
            even = scale * smooth[y, x, c]
            colour = gate * even + detail * (warped[y, x, c] - even)
            if gate < 1.0:
                colour += (one - gate) * _enlarged(layers, 5 + c, top, fy, left, fx)
            shown = opacity * colour + (one - opacity) * background[y, x, c]
            out[y, x, c] = min(max(shown, zero), one)


@njit(cache=True, parallel=True, error_model="numpy")
def _compose_parallel(layers, rgb, alpha, background, smooth_reach, reach, warped, first, second, out):
    height, width = out.shape[0], out.shape[1]
    rows, row_share = np.empty(height, np.int64), np.empty(height, np.float32)
    columns, column_share = np.empty(width, np.int64), np.empty(width, np.float32)
    _taps(height, layers.shape[1], rows, row_share)
    _taps(width, layers.shape[2], columns, column_share)
    strips = (width + _STRIP - 1) // _STRIP
    for item in prange(height):
        y = np.int64(item)
        _warp_row(layers, rgb, alpha, y, rows, row_share, columns, column_share, warped)
        line, other = np.empty((width, 4), np.float32), np.empty((width, 4), np.float32)
        _smooth_rows(warped, y, smooth_reach, line, other, first)
    for item in prange(strips):
        left = np.int64(item) * _STRIP
        total = np.empty((_STRIP, 4))
        _smooth_strip(first, second, left, min(left + _STRIP, width), smooth_reach, total)
        _smooth_strip(second, first, left, min(left + _STRIP, width), smooth_reach, total)
    for item in prange(height):
        _mix_row(
            layers, warped, first, alpha, background, np.int64(item), reach, rows, row_share, columns,
            column_share, out,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _compose_serial(layers, rgb, alpha, background, smooth_reach, reach, warped, first, second, out):
    height, width = out.shape[0], out.shape[1]
    rows, row_share = np.empty(height, np.int64), np.empty(height, np.float32)
    columns, column_share = np.empty(width, np.int64), np.empty(width, np.float32)
    _taps(height, layers.shape[1], rows, row_share)
    _taps(width, layers.shape[2], columns, column_share)
    line, other = np.empty((width, 4), np.float32), np.empty((width, 4), np.float32)
    for y in range(height):
        _warp_row(layers, rgb, alpha, y, rows, row_share, columns, column_share, warped)
        _smooth_rows(warped, y, smooth_reach, line, other, first)
    total = np.empty((_STRIP, 4))
    for left in range(0, width, _STRIP):
        _smooth_strip(first, second, left, min(left + _STRIP, width), smooth_reach, total)
        _smooth_strip(second, first, left, min(left + _STRIP, width), smooth_reach, total)
    for y in range(height):
        _mix_row(
            layers, warped, first, alpha, background, y, reach, rows, row_share, columns, column_share, out
        )  # fmt: skip


def compose_pictures(
    layers: Layers,
    rgb: np.ndarray,
    alpha: np.ndarray,
    background: np.ndarray,
    *,
    threads: int | None = None,
) -> np.ndarray:
    """Enlarge P layers to the plates' size and put them on the plates.

    Args:
        layers: ``(P, …, h, w)`` on the CPU, at the network's size.
        rgb, alpha, background: ``(P, H, W, 3)``, ``(P, H, W, 1)`` and ``(P, H, W, 3)`` float32, in [0, 1].
        threads: CPU threads; None: all. The result does not depend on it.

    Returns:
        ``(P, H, W, 3)`` float32 in [0, 1].
    """
    import torch

    parts = (layers.flow, layers.gate_change, layers.detail_change, layers.alpha_change, layers.rgb)
    stacked = torch.cat(parts, 1).float().contiguous().numpy()  # (P, 8, h, w)
    count, height, width = rgb.shape[:3]
    out = np.empty((count, height, width, 3), np.float32)
    warped, first, second = (np.empty((height, width, 4), np.float32) for _ in range(3))
    smooth_reach, reach = max(1, round(width / 128)), max(1, width // 64)
    with kernel_threads(threads) as used:
        work = _compose_serial if used == 1 else _compose_parallel
        for p in range(count):
            plates = (np.ascontiguousarray(values[p], np.float32) for values in (rgb, alpha, background))
            work(stacked[p], *plates, smooth_reach, reach, warped, first, second, out[p])
    return out


def composed_rgb(layers: Layers, plates: Plates) -> torch.Tensor:
    """The picture alone, ``(P, 3, H, W)`` in [0, 1]: compiled loops on a CPU, tensors elsewhere. No gradient."""
    import torch

    from mvvideo.networks.composite import compose

    height, width = plates.rgb.shape[-2:]
    if plates.rgb.device.type != "cpu":
        return compose(layers.resized(height, width), plates, cubic=True).rgb.clamp(0, 1)
    images = (x.movedim(1, -1).float().numpy() for x in (plates.rgb, plates.alpha, plates.background))
    return torch.from_numpy(compose_pictures(layers, *images)).movedim(-1, 1)
