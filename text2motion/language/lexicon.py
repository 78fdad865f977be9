"""Closed word lists of the prompt language: parts of a face, states, adverbs, numbers, what is no action."""

from __future__ import annotations

import re

NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "a": 1, "an": 1, "half a": 0.5, "a half": 0.5, "a couple of": 2, "couple of": 2, "a few": 3, "several": 3,
    "one and a half": 1.5, "a pair of": 2, "many": 4, "multiple": 3, "half a dozen": 6, "a dozen": 8,
}  # fmt: skip
NUMBER = (
    r"(?:\d+(?:\.\d+)?|one and a half|half a dozen|a dozen|half an?|a couple(?: of)?|a few|a pair of|several"
    r"|many"
    r"|multiple|one|two|three|four|five|six|seven|eight|nine|ten|an?)"
)
SECONDS = r"(?:s|secs?|seconds?|beats?|moments?)\b"

PARTS = frozenset(
    "head heads face chin nose nostrils neck eye eyes gaze pupils irises lid lids eyelid eyelids lashes "
    "eyelashes brow"
    " brows eyebrow eyebrows forehead mouth lip lips tongue cheek cheeks jaw teeth corner corners temple ear "
    "ears"
    " smile stare dimple dimples".split()
)
#: What a part of the face can be; any other adjective before it describes the person ("blue eyes").
STATES = frozenset(
    "open opened closed shut wide widened narrowed narrow raised lifted lowered arched furrowed knitted knit "
    "cocked"
    " pursed pressed puckered parted puffed bulging squinting squinted closing opening half-closed half-open "
    "tilted"
    " turned bowed bent hung downcast averted drooping drooped heavy crossed rolling rolled pinched scrunched "
    "wrinkled"
    " clenched tight tightened gaping agape upturned downturned inflated blown quivering trembling curled "
    "stretched"
    " dropped slack relaxed still hollow sucked blinking fluttering dropping showing".split()
)
POSSESSIVES = frozenset("his her their your my its the our one's".split())
FILLERS = frozenset(
    "a an the his her their your my its both one only just all own left right slightly very fully tightly half"
    " partially gently big broad wide small tiny little slight faint subtle warm soft gentle quick slow brief "
    "sudden"
    " short long large huge deep sharp light single double triple two three four five several few many couple"
    " another more same other slow-motion toothy crooked lopsided cheeky sly knowing polite friendly fake "
    "forced closed"
    " closed-mouth open-mouthed tight-lipped loud silent quiet good nice lil some any great such playful flirty"
    " exaggerated dramatic firm hard tight of to really extremely so pretty quite too upper lower top bottom "
    "inner"
    " outer furtive shifty longing lingering mischievous mild strong clear hint touch bit repeated continuous"
    " hearty genuine bright beaming radiant dazzling reassuring encouraging mocking ironic wry coy dreamy "
    "vacant"
    " curt tiny respectful approving wistful bored tired".split()
)
#: Nouns after a preposition that say how or where to, not where the person is.
MANNER = frozenset(
    "left right up down camera viewer viewers lens audience us me you forward front back side sides center "
    "centre middle"
    " ceiling sky heavens floor ground feet lap horizon distance above below behind him herself himself "
    "themselves"
    " agreement disagreement approval disapproval disbelief denial refusal assent affirmation recognition "
    "greeting"
    " thought turn circle circles motion manner way direction directions expression look looks face mood "
    "emotion"
    " feeling time times again second seconds moment while beginning start end row pain surprise shock anger "
    "rage fear"
    " terror joy delight disgust contempt boredom confusion doubt pride embarrassment horror awe wonder "
    "amazement"
    " sadness sorrow grief despair excitement suspicion frustration annoyance relief concern worry interest "
    "curiosity"
    " amusement happiness tears laughter nod nods blink blinks wink winks shake tilt frown grin smirk pout "
    "kiss yawn"
    " gasp sneer scowl glance sigh eye-roll breath air concentration concentrated exhaustion satisfaction love"
    " affection kindness determination guilt shame hope longing intensity caution care confidence enthusiasm"
    " irritation hatred hate panic anxiety nervousness nerves skepticism scepticism smugness sleep slumber "
    "profile"
    " diagonal upwards downwards leftwards rightwards upward downward yes no gum words something nothing dark "
    "void"
    " repulsion revulsion instant flash hurry pace fro breath amount degree lot margin fraction verge brink "
    "laughter admiration crack".split()
)
#: Things people have or do that no head motion shows.
ELSEWHERE = (
    r"(?:hands?|arms?|fingers?|thumbs?|fists?|palms?|elbows?|wrists?|legs?|knees?|foot|feet|hips?|chest|back "
    r"pocket"
    r"|hair|ponytail|piercings?|light|lights|tattoo|scar|mole|earring|eyepatch|patch|monocle|beard|glasses"
    r"|sunglasses|hat|cap|collar|shirt|sleeves?|coat|jacket|scarf|earrings?"
    r"|earlobe|phone"
    r"|cup|glass|book|paper|guitar|ball|balls|door|window|car|dog|cat|baby|bag|pen|cigarette|microphone"
    r"|necklace|ring"
    r"|tie|sword|flag|profile picture|platform|desk|table|chair|wall|bench|tree|room|street|park|beach|stage"
    r"|lamp|sofa)"
)
POSTURE = frozenset(
    "is are was be being sits sitting sit seated stands standing stand walks walking walk wears wearing wear "
    "dressed"
    " lives lying lies holds holding carries carrying rides riding runs running poses posing posed filmed shot "
    "photo"
    " photograph portrait video clip footage close-up closeup closeups close-ups scene background lighting lit "
    "camera"
    " shows features featuring depicts has having with in on at by plays playing works working shown set "
    "framed framing"
    " wide-angle medium zoomed zooms pans cinematic 4k hd waits waiting reads reading drinks drinking types "
    "typing"
    " there here static".split()
)

SLOW = re.compile(
    r"\b(slow(?:ly|er|-?motion)?|gradual(?:ly)?|leisurely|unhurried(?:ly)?|lazily|languid(?:ly)?"
    r"|sluggish(?:ly)?"
    r"|bit by bit|little by little|taking (?:her|his|their|its) time|takes (?:her|his|their|its) time|drifts?"
    r"|drifting"
    r"|with no hurry|unrushed|sleepily|in slow motion|slo-?mo|delicately|creeps?|ponderous(?:ly)?|steadily)\b"
)
FAST = re.compile(
    r"\b(quick(?:ly|er)?|rapid(?:ly)?|sudden(?:ly)?|abrupt(?:ly)?|swift(?:ly)?|fast(?:er)?|sharp(?:ly)?"
    r"|brisk(?:ly)?"
    r"|in a flash|in a hurry|hurriedly|hastily|snaps?|snapping|jerks?|jerking|whips?|whipping|darts?|darting"
    r"|flicks?"
    r"|flicking|speedily|frantic(?:ally)?|instantly|immediately|energetic(?:ally)?|vigorous(?:ly)?|all of a "
    r"sudden"
    r"|at once|shoots?|shooting|flashes|in an instant|like lightning|with a start|jolts?|double-?quick"
    r"|nimbly)\b"
)
SMALL = re.compile(
    r"\b(slight(?:ly|est)?|a little(?: bit)?|a bit|a touch|a tad|a hair|a smidge"
    r"|a crack|ajar|subtl[ey]|faint(?:ly|est)?"
    r"|bare(?:ly)|hardly|scarcely"
    r"|tiny|small|minimal(?:ly)?|mild(?:ly)?|somewhat|partial(?:ly)?|partway|half-?way|a hint of|the hint of"
    r"|hint of"
    r"|a trace of|a touch of|weak(?:ly)?|light(?:ly)?|just a (?:bit|touch|little)|lil|wee|ever so|gentle"
    r"|gently|soft(?:ly)?"
    r"|almost|kind of|sort of|modest(?:ly)?|vaguely|delicate|a fraction|restrained|fleeting(?:ly)?|minute"
    r"|shallow"
    r"|little(?! by)|imperceptibly|discreetly|discreet|mere|muted|low-key)\b"
)
LARGE = re.compile(
    r"\b(very|really|extreme(?:ly)?|strong(?:ly)?|deep(?:ly)?|wide(?:ly)?|broad(?:ly)?|fully|completely|totally"
    r"|absolutely|utterly|intense(?:ly)?|incredibly|super|big|huge(?:ly)?|enormous(?:ly)?|massive(?:ly)?"
    r"|exaggerated(?:ly)?"
    r"|a lot|so much|very much|dramatic(?:ally)?|heav(?:y|ily)|hard|far|all the way|as far as|as \w+ as"
    r"|terribly"
    r"|immensely|exceptionally|extra|furiously|great(?:ly)?|large|vigorous(?:ly)?|emphatic(?:ally)?|pronounced"
    r"|profoundly"
    r"|violent(?:ly)?|truly|so|giant|to the max|with all (?:her|his|their) might|exuberantly|hearty|heartily"
    r"|tightly|overly|awfully|insanely|seriously|thoroughly|beside (?:him|her)self with|overcome (?:with|by)"
    r"|max(?:imally)?|theatrical(?:ly)?|overwhelm\w*|as possible|uncontrollabl[ey])\b"
)
#: Mood words that carry their own strength.
STRONG_MOODS = re.compile(
    r"\b(furious|enraged|livid|outraged|seething|raging|irate|incensed|fuming|terrified|petrified|horrified"
    r"|panick\w*"
    r"|ecstatic|elated|overjoyed|euphoric|thrilled|devastated|heartbroken|despair\w*|inconsolable|anguish\w*"
    r"|miserable"
    r"|distraught|stunned|flabbergasted|astounded|thunderstruck|exhausted|drained|agon\w+|excruciat\w*|revolted"
    r"|appalled|rage|fury|terror|sobbing|sobs|sob|bawl\w*|utter|ecstasy|grief|livid)\b"
)
WEAK_MOODS = re.compile(
    r"\b(irked|peeved|displeased|glum|wistful(?:ly)?|uneasy|uneasily|apprehensive\w*|pensive sadness|mildly"
    r"|miffed"
    r"|a hint of|trace of|touch of|hint of|unsure)\b"
)
BRIEF = re.compile(
    r"\b(brief(?:ly)?|for an? (?:brief |short |split )?(?:moment|instant|second or so|split[- ]second"
    r"|heartbeat|sec)"
    r"|momentar(?:y|ily)|fleeting(?:ly)?|for a beat|quickly and|in passing|for a bit)\b"
)
KEEPS = re.compile(
    r"\b(keep(?:s|ing)?(?: on)?|kept|continu(?:es?|ing|ally|ous|ously)|constant(?:ly)?|non-?stop|over and "
    r"over(?: again)?"
    r"|again and again|repeated(?:ly)?|time and again|without stopping|endlessly|incessantly|throughout"
    r"|the whole time|all the time|the entire time|on and on|many times|lots of times|persistently|in a loop"
    r"|on repeat"
    r"|multiple times|rhythmically|until the end|till the end|the entire|the whole clip|doesn't stop|does not "
    r"stop|never stops|can't stop|cannot stop|all along)\b"
)
NEGATED = re.compile(
    r"\b(without|never|not|don't|doesn't|does not|do not|isn't|aren't|cannot|can't|avoids?|avoiding|no longer"
    r"|instead of"
    r"|rather than|refus(?:es|ing) to|nor|neither|resists?|resisting|stops? (?:her|him|them)self from|won't"
    r"|didn't|no (?=\w+ing\b|smil|blink|nod|frown|movement|motion|laugh|eye contact|tongue|teeth|head\b|mouth"
    r"|lips|eyes?\b|brows?|wink|grin|sound))\b"
)
