"""The vocabulary of lids and brows: blinks, winks, squints, raised and furrowed brows."""

from __future__ import annotations

from text2motion.corpus.actions import CYCLE, EMOTION, HOLD, Action, mirrored


def _wink(side: str, sign: float) -> Action:
    return Action(
        f"wink_{side}",
        EMOTION,
        CYCLE,
        "lids",
        0.55,
        rf"\bwink\w*\b.*\b{side}\b|\b{side} eye wink|\b{side} wink|\bblink\w* (only|just|with)\b.*\b{side}\b",
        (
            f"wink with the {side} eye",
            f"wink {{poss}} {side} eye",
            f"give a wink with {{poss}} {side} eye",
            f"wink with {{poss}} {side} eye",
            f"blink only {{poss}} {side} eye",
            f"=a {side} wink",
        ),
        {
            f"lid_{side}": 1.0,
            f"cheekSquint{side.title()}": 0.55,
            f"mouthSmile{side.title()}": 0.3,
            f"browDown{side.title()}": 0.2,
        },
        performer="wink",
    )


def _close_one(side: str, sign: float) -> Action:
    return Action(
        f"close_{side}_eye",
        EMOTION,
        HOLD,
        "lids",
        0.3,
        rf"\b(clos|shut)\w*\b.*\b{side} eye\b|\b{side} eye (closed|shut)",
        (
            f"close {{poss}} {side} eye",
            f"shut {{poss}} {side} eye",
            f"close only the {side} eye",
            f"={{poss}} {side} eye closed",
        ),
        {f"lid_{side}": 1.0, f"cheekSquint{side.title()}": 0.2},
    )


def _raise_one(side: str, sign: float) -> Action:
    name = side.title()
    return Action(
        f"raise_{side}_brow",
        EMOTION,
        HOLD,
        "brows",
        0.4,
        rf"(rais|lift|arch|cock|quirk)\w*\b.*\b{side} (eye)?brow|{side} (eye)?brow (\w+ )?(rais|up|lift"
        rf"|arch)",
        (
            f"raise {{poss}} {side} eyebrow",
            f"lift {{poss}} {side} brow",
            f"arch {{poss}} {side} eyebrow",
            f"cock {{poss}} {side} eyebrow",
            f"={{poss}} {side} eyebrow raised",
        ),
        {
            f"browOuterUp{name}": 1.0,
            "browInnerUp": 0.2,
            f"eyeWide{name}": 0.4,
            f"browDown{'Right' if side == 'left' else 'Left'}": 0.4,
            f"eyeSquint{'Right' if side == 'left' else 'Left'}": 0.2,
        },
    )


LID_ACTIONS: tuple[Action, ...] = (
    Action(
        "stare",
        EMOTION,
        HOLD,
        "lids",
        0.3,
        r"unblink|\b(without|not|never|no|doesn't|don't) blink|\bstar(e|es|ing)\b(?!.*\b(wide|left|right|up|down|sky"
        r"|ceiling|floor|ground)\b)",
        (
            "stare",
            "stare at the camera",
            "stare without blinking",
            "stare intently at the viewer",
            "=unblinking",
            "=an unblinking stare",
        ),
        {"eyeWide": 0.12},
    ),
    *mirrored(_wink),
    Action(
        "wink",
        EMOTION,
        CYCLE,
        "lids",
        0.55,
        r"\bwink",
        ("wink", "give a wink", "wink at the camera", "wink playfully", "=a wink"),
        {"lid_left": 1.0, "cheekSquintLeft": 0.55, "mouthSmileLeft": 0.3},
        performer="either_wink",
    ),
    *mirrored(_close_one),
    Action(
        "blink",
        EMOTION,
        CYCLE,
        "lids",
        0.42,
        r"\bblink|bats? (his|her|their) (eye)?lashes|flutter",
        (
            "blink",
            "blink {poss} eyes",
            "blink at the camera",
            "flutter {poss} eyelids",
            "=a blink",
            "=blinking",
        ),
        {"lids": 1.0},
        performer="lid_pulse",
        counts=(1, 2, 3),
    ),
    Action(
        "droop_lids",
        EMOTION,
        HOLD,
        "lids",
        0.7,
        r"\bclos\w*\b.*\beyes\b.*half"
        r"|\b(droop|heavy|half[- ]?clos|half[- ]?shut|half[- ]?open|hooded)\w*\b.*(eye|lid)"
        r"|(eye|lid)s? .*\b(droop|half|heavy)|half-lidded",
        (
            "let {poss} eyelids droop",
            "close {poss} eyes halfway",
            "lower {poss} eyelids halfway",
            "=heavy eyelids",
            "=eyes half closed",
            "=half-lidded eyes",
            "={poss} eyelids drooping",
        ),
        {"lids": 0.55, "browOuterUp": 0.05},
    ),
    Action(
        "open_eyes",
        EMOTION,
        HOLD,
        "lids",
        0.35,
        r"\bopen\w*\b(?!.*mouth).*\beyes?\b(?!.*\b(wide|widely)\b)|\beyes? open(s|ed|ing)?\b(?!.*\bwide)"
        r"|\breopen",
        ("open {poss} eyes", "open {poss} eyes again", "reopen {poss} eyes", "=eyes open again"),
        {},
    ),
    Action(
        "close_eyes",
        EMOTION,
        HOLD,
        "lids",
        0.35,
        r"\b(clos|shut)\w*\b.*\b(eyes?|eyelids?|lids?)\b|\beyes? (\w+ )?(closed|shut|closing)\b"
        r"|eyes? closes?|\basleep\b|eyelids fall|eyelids drop"
        r"|\bsleeps?\b|\bsleeping\b|falls? asleep",
        (
            "close {poss} eyes",
            "shut {poss} eyes",
            "close both eyes",
            "let {poss} eyelids fall shut",
            "keep {poss} eyes closed",
            "={poss} eyes closed",
            "=eyes shut",
            "fall asleep",
            "=eyes closed",
        ),
        {"lids": 1.0},
    ),
    Action(
        "widen_eyes",
        EMOTION,
        HOLD,
        "lids",
        0.3,
        r"\bwiden\w*|\bwide[- ]eyed\b|\beyes? (\w+ )?wide|\beyes\b.*\bwide\b|\bwide eyes\b|\bbulg\w*",
        (
            "widen {poss} eyes",
            "open {poss} eyes wide",
            "open {poss} eyes widely",
            "stare with wide eyes",
            "=wide-eyed",
            "=eyes wide open",
        ),
        {"eyeWide": 0.95, "browInnerUp": 0.3, "browOuterUp": 0.25},
    ),
    Action(
        "squint",
        EMOTION,
        HOLD,
        "lids",
        0.45,
        r"\bsquint|\bnarrow\w*\b.*\beyes?|\beyes? narrow",
        (
            "squint",
            "narrow {poss} eyes",
            "squint {poss} eyes",
            "peer through narrowed eyes",
            "=squinting",
            "=eyes narrowed",
        ),
        {"eyeSquint": 0.85, "cheekSquint": 0.45, "browDown": 0.35, "lids": 0.18},
    ),
)

BROW_ACTIONS: tuple[Action, ...] = (
    Action(
        "relax_brows",
        EMOTION,
        HOLD,
        "brows",
        0.5,
        r"\brelax\w*\b.*brow|brows? (\w+ )?(relax|back|return|normal)|unfurrow|\b(brow|forehead) smooth|smooth\w* "
        r"(his|her|their|your|the) (brow|forehead)",
        (
            "relax {poss} eyebrows",
            "relax {poss} brow",
            "unfurrow {poss} brow",
            "smooth {poss} forehead",
            "={poss} brows return to normal",
        ),
        {},
    ),
    *mirrored(_raise_one),
    Action(
        "wiggle_brows",
        EMOTION,
        CYCLE,
        "brows",
        0.55,
        r"(wiggl|waggl|bounc|flash)\w*\b.*brows?|brow (flash|wiggle)|brows? (wiggl|waggl|bounc)"
        r"|brows? (\w+ )?up and down",
        (
            "wiggle {poss} eyebrows",
            "waggle {poss} eyebrows",
            "flash {poss} eyebrows",
            "bounce {poss} eyebrows up and down",
            "move {poss} eyebrows up and down",
            "=a quick eyebrow flash",
            "=eyebrows wiggling",
        ),
        {"browInnerUp": 0.9, "browOuterUp": 0.95, "eyeWide": 0.25},
        performer="tap",
        counts=(1, 2, 3),
    ),
    Action(
        "raise_brow",
        EMOTION,
        HOLD,
        "brows",
        0.4,
        r"(rais|lift|arch|cock|quirk)\w*\b (an|one|a single)\b.*brow",
        ("raise one eyebrow", "raise an eyebrow", "cock an eyebrow", "arch one eyebrow"),
        {
            "browOuterUpLeft": 1.0,
            "browInnerUp": 0.2,
            "eyeWideLeft": 0.4,
            "browDownRight": 0.4,
            "eyeSquintRight": 0.2,
        },
        performer="either",
    ),
    Action(
        "raise_brows",
        EMOTION,
        HOLD,
        "brows",
        0.4,
        r"(rais|lift|arch|shoot|go)\w*\b.*brows?|brows? (\w+ )?(up|rais\w+|arch\w+|lift\w*|ris\w+"
        r"|shoot\w*|go up)|eyebrow flash",
        (
            "raise {poss} eyebrows",
            "lift {poss} eyebrows",
            "raise both eyebrows",
            "arch {poss} brows",
            "lift {poss} brows",
            "raise {poss} brows",
            "=eyebrows raised",
            "=raised eyebrows",
        ),
        {"browInnerUp": 0.9, "browOuterUp": 0.95, "eyeWide": 0.3},
    ),
    Action(
        "lower_brows",
        EMOTION,
        HOLD,
        "brows",
        0.5,
        r"(lower|knit|furrow|drop|draw|crease|pull|wrinkl|contract)\w*\b.*(brow|forehead)|furrowed"
        r"|knitted|\bscowl|\bglower"
        r"|brows? (\w+ )?(down|together|furrow|knit|lower)",
        (
            "furrow {poss} brow",
            "lower {poss} eyebrows",
            "knit {poss} brows",
            "draw {poss} eyebrows together",
            "scowl",
            "furrow {poss} eyebrows",
            "crease {poss} forehead",
            "=brows furrowed",
            "=a furrowed brow",
        ),
        {"browDown": 0.95, "eyeSquint": 0.22, "noseSneer": 0.12},
    ),
)

EYE_ACTIONS: tuple[Action, ...] = LID_ACTIONS + BROW_ACTIONS
