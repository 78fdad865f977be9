"""Colour of each visible sample of an actor: textures, light, shadow and occlusion, in linear light (numba).

The model is small on purpose. Diffuse: spherical-harmonic sky times occlusion, plus directional lights whose
falloff wraps further for red on skin (a cheap stand-in for light below the surface). Specular: a Blinn-Phong lobe
per material, weighted by occlusion and shadow so that no rim glows on dark skin. Hair takes the normal of its volume.
"""

from __future__ import annotations

import numba
import numpy as np

__all__ = [
    "MATERIAL_FIELDS",
    "SRGB_TO_LINEAR",
    "decode_u8",
    "encode_u8",
    "linear_to_srgb",
    "roll_off",
    "shade",
    "srgb_to_linear",
]

SHADOW_BIAS_METRES = 0.004
GLINT_EXPONENT = 80.0
"""Materials with a sharper highlight than this are wet eyes."""
MATERIAL_FIELDS = (
    "specular",
    "exponent",
    "wrap",
    "occlusion",
    "tint_r",
    "tint_g",
    "tint_b",
    "volume",
    "gloss_map",
)
"""Columns of the material table. volume: 0 own normal … 1 normal of the hair volume; gloss_map: how much the
texture's brightness modulates the highlight."""


def srgb_to_linear(value: np.ndarray) -> np.ndarray:
    """sRGB in [0,1] to linear light."""
    value = np.asarray(value, np.float32)
    return np.where(value <= 0.04045, value / 12.92, ((np.maximum(value, 0.04045) + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(value: np.ndarray) -> np.ndarray:
    """Linear light to sRGB in [0,1], clipped."""
    value = np.clip(np.asarray(value, np.float32), 0.0, 1.0)
    return np.where(
        value <= 0.0031308, value * 12.92, 1.055 * np.maximum(value, 0.0031308) ** (1 / 2.4) - 0.055
    )


SRGB_TO_LINEAR = srgb_to_linear(np.arange(256) / 255.0).astype(np.float32)
_ENCODE_STEPS = 4095
_ENCODE = (linear_to_srgb((np.arange(_ENCODE_STEPS + 1) / _ENCODE_STEPS) ** 2) * 255 + 0.5).astype(np.uint8)


def roll_off(linear: np.ndarray, *, start: float = 0.55) -> np.ndarray:
    """Linear light whose highlights above ``start`` bend toward 1 instead of clipping, as film and cameras do."""
    room = 1.0 - start
    return np.where(
        linear > start, start + room * (1 - np.exp(-np.maximum(linear - start, 0) / room)), linear
    )


def decode_u8(image: np.ndarray) -> np.ndarray:
    """u8 sRGB to f32 linear light, by table."""
    return SRGB_TO_LINEAR[image]


def encode_u8(linear: np.ndarray) -> np.ndarray:
    """f32 linear light to u8 sRGB, clipped, by a table over the square root (within 1 of the exact value)."""
    index = np.sqrt(np.clip(linear, 0.0, 1.0)) * _ENCODE_STEPS
    return _ENCODE[index.astype(np.int32)]


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _bilinear(texels, table, image, level, u, v, curve, out):
    """Linear-light colour at (u, v) into out[0:3]."""
    offset, height, width = table[image, level, 0], table[image, level, 1], table[image, level, 2]
    x = (u - np.floor(u)) * width - 0.5
    y = (1.0 - (v - np.floor(v))) * height - 0.5
    fx, fy = np.floor(x), np.floor(y)
    tx, ty = x - fx, y - fy
    x0, y0 = int(fx), int(fy)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    x0, y0 = max(x0, 0), max(y0, 0)
    p00, p01 = offset + y0 * width + x0, offset + y0 * width + x1
    p10, p11 = offset + y1 * width + x0, offset + y1 * width + x1
    for k in range(3):
        top = curve[texels[p00, k]] * (1.0 - tx) + curve[texels[p01, k]] * tx
        low = curve[texels[p10, k]] * (1.0 - tx) + curve[texels[p11, k]] * tx
        out[k] = top * (1.0 - ty) + low * ty


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _sky(sh, nx, ny, nz, k):
    """Irradiance (divided by pi) of channel k from 9 spherical-harmonic coefficients, already convolved."""
    return (
        sh[0, k]
        + sh[1, k] * ny
        + sh[2, k] * nz
        + sh[3, k] * nx
        + sh[4, k] * nx * ny
        + sh[5, k] * ny * nz
        + sh[6, k] * (3.0 * nz * nz - 1.0)
        + sh[7, k] * nx * nz
        + sh[8, k] * (nx * nx - ny * ny)
    )


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _shadow(shadow_map, x, y, z, softness, jitter):
    """Fraction of light, from four taps around (x, y); z is the height toward the light, bias included."""
    size = shadow_map.shape[0]
    lit = 0.0
    for t in range(4):
        angle = 1.5708 * t + jitter
        radius = softness * (0.45 + 0.55 * ((t * 2 + int(jitter * 7.0)) % 4) / 3.0)
        ix, iy = int(x + radius * np.cos(angle)), int(y + radius * np.sin(angle))
        if ix < 0 or iy < 0 or ix >= size or iy >= size or shadow_map[iy, ix] <= z:
            lit += 0.25
    return lit


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _unit(x, y, z):
    length = 1.0 / np.sqrt(x * x + y * y + z * z + 1e-12)
    return x * length, y * length, z * length


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _mix(values, a, b, c, wa, wb, wc):
    """Row of (V,3) values at perspective-correct weights of vertices a, b, c."""
    return (
        wa * values[a, 0] + wb * values[b, 0] + wc * values[c, 0],
        wa * values[a, 1] + wb * values[b, 1] + wc * values[c, 1],
        wa * values[a, 2] + wb * values[b, 2] + wc * values[c, 2],
    )


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _weights(screen, a, b, c, px, py):
    """(wa, wb, wc, front): perspective-correct weights at a sample, and whether the front is seen."""
    ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
    cx, cy = screen[c, 0], screen[c, 1]
    inv = 1.0 / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
    wa = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inv * screen[a, 2]
    wb = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inv * screen[b, 2]
    wc = ((ax - px) * (by - py) - (ay - py) * (bx - px)) * inv * screen[c, 2]
    total = 1.0 / (wa + wb + wc)
    return wa * total, wb * total, wc * total, inv <= 0.0


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _volume_normal(nx, ny, nz, dx, dy, dz, share):
    """A card's normal mixed with that of the ellipsoid the hair fills; (dx, dy, dz) is the place in it."""
    hx, hy, hz = _unit(dx, dy * 0.7, dz)
    rest = 1.0 - share
    return _unit(nx * rest + hx * share, ny * rest + hy * share, nz * rest + hz * share)


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _key_light(shadow_map, axes, center, scale, x, y, z, softness, jitter):
    """Fraction of light 0 that reaches a world point."""
    dx, dy, dz = x - center[0], y - center[1], z - center[2]
    half = 0.5 * shadow_map.shape[0]
    sx = (axes[0, 0] * dx + axes[0, 1] * dy + axes[0, 2] * dz) * scale + half
    sy = (axes[1, 0] * dx + axes[1, 1] * dy + axes[1, 2] * dz) * scale + half
    sz = axes[2, 0] * dx + axes[2, 1] * dy + axes[2, 2] * dz
    return _shadow(shadow_map, sx, sy, sz + SHADOW_BIAS_METRES, softness, jitter)


@numba.njit(cache=True, fastmath=True, nogil=True, inline="always")
def _light(n, v, open_sky, lit, gloss, exponent, bend, sh, directions, colors, diffuse, shine):
    """Light on a point with unit normal n and direction v to the eye, into diffuse[0:3] and shine[0:3]."""
    nx, ny, nz = n
    for k in range(3):
        diffuse[k] = max(_sky(sh, nx, ny, nz, k), 0.0) * open_sky
        shine[k] = 0.0
    for i in range(len(directions)):
        lx, ly, lz = directions[i, 0], directions[i, 1], directions[i, 2]
        facing = nx * lx + ny * ly + nz * lz
        # without a shadow map of its own a fill light is dimmed by occlusion
        reach = open_sky if i else lit * (0.35 + 0.65 * open_sky)
        for k in range(3):  # red light wraps further round skin than blue
            wrap = bend * (1.0 if k == 0 else (0.45 if k == 1 else 0.3))
            wrapped = (facing + wrap) / (1.0 + wrap)
            if wrapped > 0.0:
                diffuse[k] += wrapped * reach * colors[i, k]
        if facing > 0.0 and gloss > 0.0:
            gx, gy, gz = _unit(lx + v[0], ly + v[1], lz + v[2])
            half = nx * gx + ny * gy + nz * gz
            if half > 0.0:
                # a window's or lamp's glint in an eye is too large to be shaded by a lash
                clear = max(reach, 0.6) if exponent > GLINT_EXPONENT else reach * facing
                lobe = half**exponent * clear * gloss
                for k in range(3):
                    shine[k] += lobe * colors[i, k]


@numba.njit(cache=True, fastmath=True, nogil=True)
def shade(
    ids,
    screen,
    triangles,
    uv,
    uv_triangles,
    levels,
    material,
    image_of,
    materials,
    texels,
    table,
    curve,
    points,
    normals,
    occlusion,
    mouth_light,
    skull,
    camera,
    sh,
    light_directions,
    light_colors,
    shadow_map,
    shadow_axes,
    shadow_center,
    shadow_scale,
    softness,
    supersample,
    out,
):
    """Shade every seen sample and average the S x S samples of each pixel.

    Args:
        ids: (H*S, W*S) i32 triangle per sample, -1 none; screen, triangles, uv, uv_triangles, levels, material,
            image_of, texels, table: as in :mod:`mvvideo.actors.visibility`.
        materials: (M, len(MATERIAL_FIELDS)) f32; curve (256,) f32: sRGB to linear.
        points, normals: (V,3) world; occlusion (V,) in [0,1]; mouth_light in [0,1]: light that enters the mouth,
            multiplying occlusion where it is negative (the mouth's inside is marked by a negative sign).
        skull: (3,) centre of the hair volume; camera (3,).
        sh: (9,3); light_directions (L,3) towards the lights; light_colors (L,3); light 0 casts the shadow.
        shadow_map: (S,S); shadow_axes (3,3), shadow_center (3,), shadow_scale texels per metre; softness texels.
        out: (H,W,4) f32, filled with 0, written: linear colour times coverage, and coverage.
    """
    height, width = ids.shape
    share = 1.0 / (supersample * supersample)
    albedo, diffuse, shine = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(3, np.float32)
    for y in range(height):
        for x in range(width):
            f = ids[y, x]
            if f < 0:
                continue
            a, b, c, m = triangles[f, 0], triangles[f, 1], triangles[f, 2], material[f]
            wa, wb, wc, front = _weights(screen, a, b, c, x + 0.5, y + 0.5)
            ta, tb, tc = uv_triangles[f, 0], uv_triangles[f, 1], uv_triangles[f, 2]
            u = wa * uv[ta, 0] + wb * uv[tb, 0] + wc * uv[tc, 0]
            v = wa * uv[ta, 1] + wb * uv[tb, 1] + wc * uv[tc, 1]
            _bilinear(texels, table, image_of[m], levels[f], u, v, curve, albedo)
            x3, y3, z3 = _mix(points, a, b, c, wa, wb, wc)
            nx, ny, nz = _mix(normals, a, b, c, wa, wb, wc)
            side = 1.0 if front else -1.0
            nx, ny, nz = _unit(nx * side, ny * side, nz * side)
            if materials[m, 7] > 0.0:
                nx, ny, nz = _volume_normal(
                    nx, ny, nz, x3 - skull[0], y3 - skull[1], z3 - skull[2], materials[m, 7]
                )
            open_sky = wa * occlusion[a] + wb * occlusion[b] + wc * occlusion[c]
            if open_sky < 0.0:
                open_sky = -open_sky * mouth_light
            open_sky = 1.0 - materials[m, 3] * (1.0 - open_sky)
            # looked up a little off the surface, so that coarse texels do not shade their own triangle
            lit = _key_light(
                shadow_map,
                shadow_axes,
                shadow_center,
                shadow_scale,
                x3 + 0.003 * nx,
                y3 + 0.003 * ny,
                z3 + 0.003 * nz,
                softness,
                0.785 * ((x * 3 + y * 5) & 7),
            )
            gloss = materials[m, 0] * max(0.0, 1.0 + materials[m, 8] * (albedo[1] * 3.0 - 1.0))
            _light(
                (nx, ny, nz),
                _unit(camera[0] - x3, camera[1] - y3, camera[2] - z3),
                open_sky,
                lit,
                gloss,
                materials[m, 1],
                materials[m, 2],
                sh,
                light_directions,
                light_colors,
                diffuse,
                shine,
            )
            oy, ox = y // supersample, x // supersample
            for k in range(3):
                out[oy, ox, k] += (albedo[k] * materials[m, 4 + k] * diffuse[k] + shine[k]) * share
            out[oy, ox, 3] += share
