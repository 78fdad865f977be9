"""More ways to say the actions of the vocabulary: idioms, noun forms, casual words, descriptions of parts.

The notation is the vocabulary's: a verb phrase in the imperative with ``{poss}``, or ``=`` and words taken as they
stand. They are appended to an action's own phrases.
"""

from __future__ import annotations

_SIDED: dict[str, tuple[str, ...]] = {
    "turn_{side}": (
        "rotate to {poss} {side}",
        "swing {poss} face over to the {side}",
        "=head going to the {side}",
        "turn {poss} head round to the {side}",
        "=face turning {side}",
        "pivot {poss} head {side}",
    ),
    "look_{side}": (
        "look over to the {side}",
        "look off {side}",
        "look toward {poss} {side} side",
        "watch something on {poss} {side}",
        "=looking {side}",
        "direct {poss} look to the {side}",
    ),
    "gaze_{side}": (
        "let {poss} eyes wander to the {side}",
        "slide {poss} eyes to the {side}",
        "=eyes drifting {side}",
        "flick {poss} eyes to the {side}",
        "cast a glance to {poss} {side}",
        "throw a glance {side}",
    ),
    "tilt_{side}": (
        "let {poss} head fall to the {side}",
        "lean {poss} head onto {poss} {side} shoulder",
        "=a tilt of the head to the {side}",
        "bend {poss} head to the {side}",
        "=head cocked to the {side}",
    ),
    "lean_{side}": (
        "shift {poss} weight, leaning {side}",
        "=leaning to {poss} {side}",
        "lean over towards the {side}",
    ),
    "look_over_{side}_shoulder": (
        "peer over {poss} {side} shoulder",
        "=looking back over {poss} {side} shoulder",
        "check behind over {poss} {side} shoulder",
    ),
    "wink_{side}": ("wink {side}", "=the {side} eye winking", "give us a wink with the {side} eye"),
    "close_{side}_eye": (
        "keep {poss} {side} eye closed",
        "=only the {side} eye shut",
        "shut just {poss} {side} eye",
    ),
    "raise_{side}_brow": (
        "quirk {poss} {side} eyebrow",
        "=a raised {side} eyebrow",
        "=the {side} eyebrow going up",
    ),
    "smirk_{side}": (
        "grin with the {side} corner of {poss} mouth",
        "=a smirk on the {side} side",
        "pull the {side} corner of {poss} mouth into a smile",
    ),
}

PARAPHRASES: dict[str, tuple[str, ...]] = {
    "nod": (
        "bob {poss} head in agreement and nod",
        "agree with a nod",
        "give an approving nod",
        "=nodding yes",
        "acknowledge with a nod",
        "nod to say yes",
        "=a nod of the head",
        "confirm with a nod",
        "=a nod of approval",
    ),
    "shake": (
        "say no",
        "refuse with a shake of the head",
        "disagree with a head shake",
        "=a headshake",
        "shake {poss} head no",
        "decline with a head shake",
        "=a shake of the head in refusal",
        "deny it with {poss} head",
    ),
    "face_forward": (
        "meet the viewer's gaze",
        "make eye contact with the camera",
        "look us in the eye at the camera",
        "come back to face the camera",
        "turn to face forward",
        "=eyes on the camera",
        "look right at the viewer",
    ),
    "look_up": (
        "throw {poss} head back",
        "turn {poss} eyes and head upwards",
        "=head going up",
        "gaze up at the stars",
        "look up towards the sky",
        "peer up at the ceiling",
    ),
    "look_down": (
        "let {poss} head sink",
        "look at {poss} shoes",
        "=head sinking down",
        "stare down at the floor",
        "let {poss} head hang",
        "=head dropping",
        "look down into {poss} lap",
    ),
    "gaze_up": ("flick {poss} eyes up", "turn {poss} eyes to the ceiling", "=eyes raised to the sky"),
    "gaze_down": ("let {poss} gaze drop", "=eyes lowered", "flick {poss} eyes down"),
    "look_away": (
        "avoid eye contact",
        "break eye contact",
        "look elsewhere",
        "avert {poss} eyes",
        "look off into the distance",
    ),
    "look_around": ("take a look around", "look all around"),
    "tilt_head": (
        "cock {poss} head curiously",
        "=a tilt of the head",
        "put {poss} head to one side",
        "=head tilted",
    ),
    "turn_head": (
        "turn {poss} face away to the side",
        "=a turn of the head",
        "rotate {poss} head to one side",
    ),
    "lean_forward": ("come closer", "=leaning in close", "bring {poss} face closer to the camera"),
    "lean_back": ("draw back", "flinch back", "=leaning back", "shrink back"),
    "circle": ("do a head roll", "=head rolling in a circle", "do neck circles with {poss} head"),
    "roll_eyes": ("=an annoyed eye roll", "roll {poss} eyes at that", "=eyes rolling", "do an eye-roll"),
    "blink": (
        "blink {poss} eyelids",
        "give a blink",
        "bat {poss} eyelashes",
        "=eyes blinking",
        "=a blink of the eyes",
    ),
    "wink": (
        "give a cheeky wink",
        "throw a wink at the camera",
        "=a wink of the eye",
        "wink at us",
        "=winking",
    ),
    "close_eyes": (
        "let {poss} eyes fall shut",
        "squeeze {poss} eyes shut",
        "=both eyes shut",
        "rest {poss} eyes closed",
    ),
    "open_eyes": ("open both eyes", "=eyes opening", "open {poss} eyelids"),
    "widen_eyes": ("go wide-eyed", "=eyes as big as saucers", "=eyes widening", "=eyes bulging"),
    "squint": ("narrow {poss} gaze", "peer with narrowed eyes", "=eyes narrowing to slits"),
    "droop_lids": ("=eyes half closed", "=heavy eyelids", "=half-lidded eyes"),
    "stare": ("gaze without blinking", "=staring", "=an unblinking stare"),
    "raise_brows": (
        "shoot up {poss} eyebrows",
        "=eyebrows going up",
        "=brows lifted",
        "lift both brows",
        "=brows raised high",
    ),
    "raise_brow": ("quirk an eyebrow", "=a raised eyebrow", "=one eyebrow up", "=one eyebrow raised"),
    "lower_brows": (
        "pull {poss} brows down",
        "pinch {poss} eyebrows together",
        "=a deep furrow in the brow, brows furrowed",
        "=brows knitted",
        "=knitted eyebrows",
    ),
    "wiggle_brows": ("bounce {poss} eyebrows", "=eyebrows wiggling", "=an eyebrow wiggle"),
    "smile": (
        "crack a smile",
        "let a smile appear",
        "=a friendly smile",
        "=a gentle smile",
        "=lips curling up in a smile",
        "flash a smile",
        "=a smile on {poss} face",
        "light up with a smile",
    ),
    "grin": (
        "give a huge grin",
        "smile from ear to ear",
        "=a toothy grin",
        "=grinning",
        "smile with all {poss} teeth",
        "=beaming",
    ),
    "smirk": (
        "smile with one corner of {poss} mouth, a smirk",
        "=a crooked grin",
        "=smirking",
        "=a lopsided smile",
        "=a half-smile",
    ),
    "laugh": (
        "laugh heartily out loud",
        "have a good laugh",
        "=a loud laugh",
        "roar with laughter",
        "=bursting into laughter",
    ),
    "chuckle": ("let out a chuckle", "=a quiet chuckle", "=giggling"),
    "frown": (
        "=a deep frown",
        "let the corners of {poss} mouth drop",
        "=mouth turned down",
        "=corners of the mouth down",
    ),
    "pout": ("make a pout", "=a pouty face, pouting", "push out {poss} lower lip", "=lower lip sticking out"),
    "pucker": ("make a duck face", "=puckered lips", "=pursed lips"),
    "kiss": ("send a kiss", "blow the camera a kiss", "=a kiss", "=blowing a kiss"),
    "open_mouth": ("let {poss} mouth hang open", "=mouth falling open", "=mouth agape", "=jaw hanging open"),
    "close_mouth": ("bring {poss} lips together and close {poss} mouth", "=mouth shut", "=mouth closing"),
    "gasp": ("draw a sharp breath, gasp", "=gasping", "=a loud gasp"),
    "yawn": ("yawn with a wide open mouth", "have a yawn", "=a long yawn", "=yawning widely"),
    "bite_lip": ("bite down on {poss} lower lip", "=a bite of the lower lip", "=lower lip bitten"),
    "press_lips": (
        "squeeze {poss} lips together",
        "=tight lips, pressed together",
        "=lips pressed into a thin line",
    ),
    "sneer": ("give a sneer", "=nose wrinkled", "=lip curled", "=sneering"),
    "stick_out_tongue": ("poke out {poss} tongue", "=tongue sticking out", "let {poss} tongue hang out"),
    "puff_cheeks": ("fill {poss} cheeks with air, puffed", "=puffed cheeks", "=cheeks puffed out"),
    "talk": (
        "chat away",
        "tell a story, talking",
        "=talking to someone",
        "keep talking",
        "give a speech, speaking",
    ),
    "whisper": ("=whispering", "whisper quietly"),
    "sigh": ("heave a sigh", "=a deep sigh", "=sighing"),
    "sob": ("burst into tears", "=in tears", "=sobbing", "=crying"),
    "neutral": (
        "keep a straight face",
        "=a poker face",
        "drop all expression and go neutral",
        "=with no expression",
    ),
}

for _name, _phrases in _SIDED.items():
    for _side in ("left", "right"):
        PARAPHRASES[_name.replace("{side}", _side)] = tuple(p.replace("{side}", _side) for p in _phrases)

_MOOD_FORMS = (
    "=looking {a}",
    "=clearly {a}",
    "=visibly {a}",
    "=a {a} look",
    "give a {a} look",
    "=with a {a} look on {{poss}} face",
    "=an expression that is {a}",
    "go {a}",
    "start to look {a}",
)
_MOOD_NOUN_FORMS = (
    "=filled with {n}",
    "=an expression of {n}",
    "let {n} show",
    "display {n}",
    "=out of {n}",
    "=with an air of {n}",
)


def mood_paraphrases(adjectives: tuple[str, ...], nouns: tuple[str, ...]) -> tuple[str, ...]:
    """More phrases of a mood from its adjectives and nouns."""
    found = [form.format(a=adjective) for adjective in adjectives for form in _MOOD_FORMS]
    return tuple(found + [form.format(n=noun) for noun in nouns for form in _MOOD_NOUN_FORMS])
