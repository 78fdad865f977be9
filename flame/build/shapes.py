"""The expression basis: one displacement field per name of ``flame.rig.EXPRESSION_NAMES``, and the eyelids."""

from __future__ import annotations

import numpy as np

from flame.build.sculpt import MM, Sculptor
from flame.build.template import LIDS_OPENED, lip_sides, seal_lips
from flame.easing import smoothstep
from flame.rig import EXPRESSION_NAMES

LEFT_UNITS: dict[str, dict[str, float]] = {
    "eyeSquint": {"eye-left-slit": 0.55},
    "eyeWide": {"eye-left-opened-up": 0.9},
    "mouthSmile": {"mouth-corner-puller": 0.88},
    "mouthFrown": {"mouth-depression": 0.9},
    "mouthStretch": {"mouth-retraction": 1.0, "mouth-depression": 0.25},
    "mouthPress": {"mouth-compression": 0.2},
    "mouthDimple": {"mouth-retraction": 0.55},
    "mouthLowerDown": {"mouth-depression-retraction": 0.8},
    "mouthUpperUp": {"mouth-elevation": 0.9},
    "browDown": {"eyebrows-left-down": 1.0},
    "browOuterUp": {"eyebrows-left-extern-up": 0.9},
    "noseSneer": {"nose-left-elevation": 1.0},
}
"""Sided shapes as mixtures of legacy units; those that name no side are split at the midline."""

LIDS_SHUT = 0.86
"""Share of the closing unit at which the lids of the mean have just met (the unit drives them past)."""
SEALED = ("mouthSmile", "mouthFrown", "mouthStretch", "mouthPress", "mouthDimple", "mouthPucker")
"""Shapes in which the lips stay together; the units let some of them gape."""
TONGUE_REACH, TONGUE_SEAT, TONGUE_BEND = 34 * MM, -64.5 * MM, 30 * MM
"""How far the tip comes out, the height at which the tongue passes the lower teeth, the depth where it bends down."""
ROLL_LOWER = (
    np.array(
        [
            (0, -5.0),
            (0, -5.5),
            (0.2, -6.0),
            (0.6, -6.2),
            (1.9, -6.0),
            (3.7, -5.0),
            (5.0, -3.6),
            (4.3, -2.0),
            (3.0, -1.0),
            (1.5, -0.4),
            (0.5, 0),
        ]
    )
    * MM
)
ROLL_UPPER = (
    np.array(
        [
            (0, -5.0),
            (0, -5.5),
            (-0.3, -6.0),
            (-1.0, -6.0),
            (-2.5, -5.5),
            (-3.5, -4.5),
            (-4.2, -3.2),
            (-4.0, -2.0),
            (-2.5, -1.0),
            (-1.2, -0.4),
            (-0.5, 0),
        ]
    )
    * MM
)
"""(y, z) travel of the lips' rings, from the rim outward, when a lip is rolled in over the teeth."""

WHOLE_UNITS: dict[str, dict[str, float]] = {
    "mouthFunnel": {"mouth-protusion": 0.85},
    "mouthPucker": {"mouth-pursing": 0.85},
    "browInnerUp": {"eyebrows-left-inner-up": 1.0, "eyebrows-right-inner-up": 1.0},
    "nostrilFlare": {"nose-left-dilatation": 1.0, "nose-right-dilatation": 1.0},
    "neckTense": {"neck-platysma": 1.0},
    "lipsPart": {"mouth-parling": 1.0},
}


def expression_basis(sculptor: Sculptor, jaw_open: np.ndarray, unskin_jaw) -> np.ndarray:
    """(V, 3, E) metres, in the order of EXPRESSION_NAMES.

    jaw_open: (V, 3) displacement of the fully opened jaw. unskin_jaw: posed displacement -> displacement
    before skinning at that pose (mouthClose is sculpted in the opened pose).
    """
    fields = whole_shapes(sculptor)
    fields["mouthClose"] = unskin_jaw(mouth_close(sculptor, jaw_open))
    for name, field in left_shapes(sculptor).items():
        fields[f"{name}Left"] = field
        fields[f"{name}Right"] = sculptor.mirrored(field)
    # Looking in moves the left lids to the subject's right, and the right lids to the left.
    for name in ("jaw", "mouth"):
        fields[f"{name}Right"] = sculptor.mirrored(fields[f"{name}Left"])
    missing = np.zeros_like(sculptor.mean)
    return np.stack([fields.get(name, missing) for name in EXPRESSION_NAMES], axis=-1)


def eyelid_basis(sculptor: Sculptor) -> np.ndarray:
    """(2, V, 3) full closing of the left and the right eye."""
    left = LIDS_SHUT * sculptor.unit("eye-left-closure") - LIDS_OPENED * sculptor.unit("eye-left-opened-up")
    return np.stack([left, sculptor.mirrored(left)])


def mix(sculptor: Sculptor, units: dict[str, float]) -> np.ndarray:
    """Weighted sum of legacy units (V, 3)."""
    return sum((weight * sculptor.unit(name) for name, weight in units.items()), np.zeros(()))


def left_shapes(s: Sculptor) -> dict[str, np.ndarray]:
    """Fields of the left member of every sided pair, named without the side."""
    fields = {}
    for name, units in LEFT_UNITS.items():
        field = mix(s, units)
        if not any("left" in unit for unit in units):
            field = field * s.left()[:, None]
        fields[name] = field
    press = 0.45 * (lip_roll(s, lower=True) + lip_roll(s, lower=False))
    fields["mouthPress"] = fields["mouthPress"] + press * s.left()[:, None]
    for name in SEALED:
        if name in fields:
            both = fields[name] + s.mirrored(fields[name])
            fields[name] = fields[name] + extra_seal(s, both) * s.left()[:, None]
    closing, opening = s.unit("eye-left-closure"), s.unit("eye-left-opened-up")
    upper = smoothstep((s.y + 2 * MM) / (3 * MM))[:, None]
    lid = s.ball((0.029, -0.001, 0.010), (0.022, 0.016, 0.022)) * s.skin
    fields["eyeLookDown"] = 0.36 * closing * upper + np.outer(lid * (1 - upper[:, 0]), [0, -1.0 * MM, 0])
    fields["eyeLookUp"] = 0.8 * opening * upper + np.outer(lid * (1 - upper[:, 0]), [0, 0.9 * MM, 0])
    fields["eyeLookOut"] = np.outer(lid, [0.9 * MM, 0, 0])
    fields["eyeLookIn"] = np.outer(lid, [-0.9 * MM, 0, 0])
    cheek = s.ball((0.036, -0.028, 0.014), (0.028, 0.022, 0.035)) * s.skin
    fields["cheekSquint"] = np.outer(cheek, [0, 4.5 * MM, 2.2 * MM])
    return fields


def whole_shapes(s: Sculptor) -> dict[str, np.ndarray]:
    """Fields of the shapes without a side, and of the left member of jaw and mouth."""
    fields = {name: mix(s, units) for name, units in WHOLE_UNITS.items()}
    jaw = s.jaw
    fields["jawForward"] = np.outer(jaw, [0, 0, 6 * MM])
    fields["jawLeft"] = np.outer(jaw, [6.5 * MM, 0, 0])
    mouth = s.ball((0, s.corner[1], 0.020), (0.062, 0.040, 0.060)) * s.skin
    fields["mouthLeft"] = s.slide(mouth, 0.15, axis_z=-0.045)
    cheek = s.ball((0.043, -0.058, -0.002), (0.034, 0.036, 0.040)) * s.skin * ~s.inner
    fields["cheekPuff"] = (cheek + cheek[s.mesh.mirror])[:, None] * s.normals() * 10 * MM
    fields["mouthPucker"] = fields["mouthPucker"] + extra_seal(s, fields["mouthPucker"])
    fields["mouthRollLower"] = lip_roll(s, lower=True)
    fields["mouthRollUpper"] = lip_roll(s, lower=False)
    lower, upper = s.smooth(s.lower_lip, 2), s.smooth(s.upper_lip, 2)
    chin = s.ball((0, -0.082, 0.020), (0.032, 0.026, 0.030)) * s.skin
    fields["mouthShrugLower"] = np.outer(np.maximum(chin, lower), [0, 4.5 * MM, 1.5 * MM])
    fields["mouthShrugUpper"] = np.outer(upper, [0, 3.0 * MM, 2.0 * MM])
    fields.update(tongue_shapes(s))
    return fields


def extra_seal(s: Sculptor, field: np.ndarray) -> np.ndarray:
    """What a symmetric expression (V, 3) lacks for its lips to meet; nothing where they meet already."""
    return seal_lips(s.mesh, s.mean + field) - seal_lips(s.mesh)


def lip_roll(s: Sculptor, *, lower: bool) -> np.ndarray:
    """One lip rolled in over the teeth: its rings turn about the lip's root, less towards the corners."""
    upper_side, lower_side = lip_sides(s.mesh)
    side = lower_side if lower else upper_side
    table = ROLL_LOWER if lower else ROLL_UPPER
    field = np.zeros_like(s.mean)
    for ring, (dy, dz) in enumerate(table):
        index = np.flatnonzero((s.mesh.lip_ring == ring) & side)
        reach = np.abs(s.x[index]) / np.abs(s.x[s.mesh.lip_ring == ring]).max()
        fade = np.sqrt(np.clip(1 - reach**2, 0, 1))
        field[index] = fade[:, None] * [0, dy, dz]
    return s.symmetric(field)


def mouth_close(s: Sculptor, jaw_open: np.ndarray) -> np.ndarray:
    """Posed displacement (V, 3) that shuts the lips over a fully opened jaw."""
    lips = s.smooth(np.maximum(s.lower_lip, s.upper_lip), 2)
    near = np.clip(s.ball((0, s.corner[1], 0.022), (0.05, 0.034, 0.05)) * 1.6, 0, 1) * s.skin
    mask = np.maximum(lips / lips.max(), near)[:, None]
    return mask * (np.array([0, -7 * MM, -1 * MM]) - jaw_open)


def tongue_shapes(s: Sculptor) -> dict[str, np.ndarray]:
    """tongueOut and tongueUp: the tip travels most, the root stays."""
    tongue = (s.mesh.part == "tongue").astype(float)
    along = smoothstep((s.z + 0.045) / 0.055) * tongue
    part = np.outer(s.smooth(s.lower_lip, 2), [0, -1.5 * MM, 0])
    up = np.outer(along**2, [0, 9 * MM, -2 * MM])
    return {"tongueOut": along[:, None] * (tongue_over_lip(s, along) - s.mean) + part, "tongueUp": up}


def tongue_over_lip(s: Sculptor, along: np.ndarray) -> np.ndarray:
    """Positions (V, 3) of a tongue that slides forward over the lower teeth, then hangs; along: (V,) 0 root, 1 tip.

    Its underside rests just above teeth and lip, in the jaw's frame; the tip is thinner and narrower.
    """
    index = np.flatnonzero(s.mesh.part == "tongue")
    edges = np.linspace(s.z[index].min(), s.z[index].max() + 1e-9, 9)
    bins = np.digitize(s.z[index], edges) - 1
    lowest = np.array([s.y[index[bins == k]].min() for k in range(8)])
    under = np.interp(s.z, 0.5 * (edges[1:] + edges[:-1]), lowest)
    z = s.z + TONGUE_REACH * along
    rest = TONGUE_SEAT - 0.9 * np.clip(z - TONGUE_BEND, 0, None)
    return np.stack([s.x * (1 - 0.25 * along), rest + 0.6 * (s.y - under), z], axis=1)
