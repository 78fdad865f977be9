"""Sayings that are asked before the vocabulary's patterns: (pattern, action name), the first that fits counts.

``~`` stands for an optional possessive, ``{side}`` in a name for left or right, as the words say.
"""

from __future__ import annotations

FIRST: tuple[tuple[str, str], ...] = (
    (
        r"\b(?:slightly|partly|partially|almost|nearly|half) (?:clos|shut)\w* ~eyes\b"
        r"|\bclos\w* ~eyes (?:slightly|partly|partially|a (?:bit|little)|halfway)\b"
        r"|\beyes (?:slightly|partly|partially|almost|nearly) (?:closed|shut)",
        "droop_lids",
    ),
    (r"\bnod\w* off|\bdoz\w+ off|\bfall\w* asleep|\bdrift\w* off", "close_eyes"),
    (r"\bmouth corner\b.*\b(?:left|right)\b|\b(?:left|right) mouth corner", "smirk_{side}"),
    (
        r"\b(?:return|bring|turn|direct|shift|mov)\w* ~(?:gaze|eyes|head|face|attention|look) (?:back "
        r")?(?:to|towards?|at|on) (?:us|me|you|the (?:camera|viewer|lens|audience))",
        "face_forward",
    ),
    (
        r"\bsmiles? (?:lights?|spreads?|plays?|appears?|creeps?|breaks?|flashes|tugs?|crosses|blooms?)\b",
        "smile",
    ),
    (r"\b(?:left|right) eye-?lid (?:\w+ )?(?:clos|shut|drop|fall)\w*", "close_{side}_eye"),
    (
        r"\b(?:flop|fall|drop|sink|loll|rest|droop)\w* (?:on ?to|on|to|towards?) ~(?:left|right) shoulder",
        "tilt_{side}",
    ),
    (r"\b(?:cran|stretch)\w* ~neck (?:\w+ )?up\w*", "look_up"),
    (r"\bdouble[- ]take\b.*\b(?:left|right)\b", "look_{side}"),
    (r"\bsmil\w* (?:with|showing|baring|and shows?) ~teeth|\bsmil\w*.*\bteeth showing", "grin"),
    (r"\bsweep\w* ~(?:gaze|eyes|look)", "look_around"),
    (r"\bhead (?:\w+ )?sway\w*", "waggle_head"),
    (r"\b(?:pull|draw|jerk|snap|yank)\w* ~(?:head|face) (?:\w+ )?back\b(?! to\b)", "lean_back"),
    (
        r"\b(?:pok|cran|stick|push|thrust|stretch)\w* ~(?:head|neck|face) (?:\w+ )?(?:forwards?|out)\b",
        "lean_forward",
    ),
    (r"\b(?:head|face|gaze)\b.*\bback to (?:the )?(?:cent|front|middle|camera|viewer)", "face_forward"),
    (r"\b(?:eyes|gaze) (?:\w+ )?averted", "look_away"),
    (r"\bmouth(?:s|ing)\b (?:\w+)|\bmouthing\b", "talk"),
    (
        r"\b(?:clos|keep)\w* (?:just |only )?one eye (?:closed|shut)|\bone eye (?:closed|shut)\b",
        "close_left_eye",
    ),
    (
        r"\bwag(?:s|ging)? ~head\b|\b(?:mov|swing)\w* ~head (?:from )?(?:left-and-right|side[ -]to[ -]side"
        r"|back-and-forth)",
        "shake",
    ),
    (r"\b(?:eye)?brows?\b.*\bup-and-down|\b(?:wiggl|waggl|bounc)\w* ~(?:eye)?brows?", "wiggle_brows"),
    (r"\b(?:head|chin)\b.*\bup-and-down|\bup-and-down\b.*\bhead", "nod"),
    (
        r"\bopen\w* ~(?:eyes?|eyelids) (?:\w+ )?wide(?:ly)?\b|\beyes (?:\w+ )?(?:open )?wide\b"
        r"|\bwide[- ]eyed",
        "widen_eyes",
    ),
    (r"\beyes (?:well|fill|water|brim|tear)\w*", "sad"),
    (r"\bprofile\b.*\b(?:left|right)\b|\b(?:left|right) profile\b", "look_over_{side}_shoulder"),
    (r"\bwak(?:es|ing|e) up\b", "open_eyes"),
    (r"\bsuck\w* (?:in )?~cheeks(?: in)?\b|\bfish (?:lips|face)", "pucker"),
    (r"\b(?:pull|mak)\w* (?:a |an )?(?:silly|funny|weird|ugly|strange|goofy) faces?", "grimace"),
    (r"\bcircles?\b.*\b(?:nose|head|chin)\b", "circle"),
    (r"\b(?:feel|show|react|express)\w* nothing|\bno reaction|\bshows? no\b|\bdoes not react", "neutral"),
    (r"\b(?:keep|maintain|hold)\w* eye contact", "face_forward"),
    (
        r"\bhead (?:\w+ )?(?:thrown|tipped|tilted|flung|tossed|going|falling|leaned) back\b(?!-)|\b(?:tilt"
        r"|tip|throw|fling|toss|lean|drop)\w* ~head back\b(?!-)",
        "look_up",
    ),
    (
        r"\b(?:tilt|tip|bend|drop|incline?)\w* ~head (?:\w+ly )?(?:forwards?|down)\b|\bhead (?:\w+ "
        r")?(?:tilted|bent|tipped) (?:forwards?|down)\b",
        "look_down",
    ),
    (
        r"\b(?:tilt|tip|wobbl|rock|waggl|bobbl|loll)\w* ~head\b.*\b(?:side[ -]to[ -]side|back-and-forth)"
        r"|\bhead (?:\w+ )?(?:wobbl|waggl|bobbl|rocks?|tilts?)\w* (?:from )?side[ -]to[ -]side",
        "waggle_head",
    ),
    (r"\bside-?ey\w*\b.*\b(?:left|right)\b", "gaze_{side}"),
    (r"\b(?:with|in|into) (?:\w+ )?laughter|\bburst\w* out laughing|\blaugh\w* out loud", "laugh"),
    (r"\bturn of ~head(?!.*\b(?:left|right)\b)", "turn_head"),
    (r"\b(?:deny|denies|denying) it\b", "shake"),
    (r"\b(?:drop|let)\w* ~jaw(?: drop)?\b|\bjaw (?:\w+ )?(?:drops?|falls?)\b|\bjaw-?drop", "gasp"),
    (
        r"\bcorners? of ~(?:mouth|lips)\b.*\b(?:down|drop|droop|sink|fall)\w*|\bmouth (?:\w+ )?turned down",
        "frown",
    ),
    (r"\b(?:left|right) eye (?:\w+ )?(?:wink|blink)\w*", "wink_{side}"),
    (
        r"\b(?:left|right)\b.*\bsmirk|\b(?:smirk|crooked|lopsided|half-smil)\w*.*\b(?:left|right)\b"
        r"|\b(?:smil|grin)\w* .*\b(?:left|right) (?:corner|side)|\b(?:left|right) (?:corner|side) of ~mouth "
        r"(?:\w+ )?(?:up|smil|rais|lift|curl|into a)\w*",
        "smirk_{side}",
    ),
    (
        r"\b(?:squeez|clamp|seal)\w* ~lips|\btight lips\b|\blips? (?:\w+ )?(?:pressed|sealed|clamped)",
        "press_lips",
    ),
    (r"\bnose (?:\w+ )?(?:wrinkl|scrunch|crinkl)\w*|\blip (?:\w+ )?curl\w*", "sneer"),
    (r"\bmouth (?:\w+ )?(?:clos|shut)\w*", "close_mouth"),
    (r"\beye-?lids? open|\bopen\w* ~eyelids?", "open_eyes"),
    (r"\bhead (?:\w+ )?(?:roll|circl)\w*|\b(?:head|neck) (?:roll|circle)s?\b", "circle"),
    (r"\b(?:face|head) (?:closer|nearer)|\bcom\w+ (?:closer|nearer)", "lean_forward"),
    (
        r"^(?!.*\b(?:narrow|squint|wid|clos|roll|wink|blink|tilt|lean)).*\b(?:eyes|gaze|face|head) (?:\w+ "
        r")?(?:on|at|to|towards?|into) the (?:camera|viewer|lens|audience)\b(?!.*\b(?:left|right|up|down)\b)",
        "face_forward",
    ),
    (
        r"\b(?:look|glanc|check|peer|peek|turn|star)\w*(?: \w+){0,3} over ~(?:left|right) shoulder",
        "look_over_{side}_shoulder",
    ),
    (
        r"\bhead (?:\w+ )?(?:falls?|lolls?|flops?|tips?|tilts?|leans?|drops?)(?: over)? (?:onto|on|to"
        r"|towards?) ~(?:left|right)",
        "tilt_{side}",
    ),
    (r"\b(?:put|lean)\w* ~head (?:to|on) (?:one|the) side", "tilt_head"),
    (
        r"\b(?:rotat|turn|twist|swivel|swing|mov)\w* ~(?:head|face)(?: \w+){0,2} (?:to|towards?) (?:one|the"
        r"|a) side\b(?! to)|\ba turn of the head\b(?!.*\b(?:left|right)\b)|\bturn\w* ~face away to the side",
        "turn_head",
    ),
    (
        r"\blet\w* ~gaze (?:drop|fall|sink)\b|\b(?:drop|lower)\w* ~gaze\b|\b(?:gaze|eyes) (?:\w+ "
        r")?(?:lowered|drops?|dropping|falls?|sinks?|down|downcast)\b(?! (?:shut|closed))",
        "gaze_down",
    ),
    (r"\b(?:face|head) (?:closer|nearer)|\bcom\w+ (?:closer|nearer)", "lean_forward"),
    (r"\b(?:turn|mov|rais|lift)\w* ~(?:eyes|gaze) and head up|\bhead (?:\w+ )?going up", "look_up"),
    (
        r"\bhead (?:\w+ )?(?:sinking|dropping|drooping|falling|slumping|lowering)(?! (?:to|back)\b)",
        "look_down",
    ),
    (r"\ball around\b|\btak\w+ a look around|\blook\w* (?:all )?(?:around|about)\b", "look_around"),
    (r"\bno (?:\w+ )?(?:expression|emotion)|\bexpressionless|\bdrop\w* all expression", "neutral"),
    (
        r"\b(?:tilt|tip|cock|inclin|bend|drop|lean)\w* ~(?:head|ear|face|neck)\b.*\b(?:left"
        r"|right)\b.*\bshoulder|\b(?:left|right) ear\b.*\bshoulder|\bear\b.*\b(?:left|right) shoulder",
        "tilt_{side}",
    ),
    (
        r"\b(?:tilt|tip|cock|inclin)\w* ~(?:head|neck).*\bshoulder|\bear (?:to|towards?|near) ~shoulder",
        "tilt_head",
    ),
    (r"\b(?:scrunch|screw|crumpl|contort|twist)\w* ~(?:face|features)", "grimace"),
    (r"\b(?:scrunch|crinkl|wrinkl)\w* ~nose", "sneer"),
    (r"\b(?:scrunch|squeez|screw)\w* ~eyes?\b(?: (?:tight\w*|shut))?", "squint_or_close"),
    (
        r"\b(?:scrunch|squeez|pinch|bunch|crumpl)\w* ~(?:eye)?brows?|\b(?:eye)?brows? (?:\w+ )?(?:scrunch"
        r"|pinch|bunch)",
        "lower_brows",
    ),
    (
        r"\bavert\w* ~(?:gaze|eyes|look)|\b(?:avoid|break)\w* eye contact|\blook\w* elsewhere|\bwon't meet",
        "look_away",
    ),
    (
        r"\bmak\w+ eye contact|\b(?:meets?|meeting|hold\w*) (?:the |your |our )?(?:viewer|camera|gaze|eye)"
        r"|\blook\w* (?:straight |directly |right )?(?:at|into|towards?|to) (?:us|me|you|the (?:camera|lens"
        r"|viewer|audience|screen))\b(?!.*\b(?:left|right)\b)",
        "face_forward",
    ),
    (r"\bstick\w* ~tongue|\btongue\b.*\bout\b|\bout\b.*\btongue\b|\bblow\w* a raspberr", "stick_out_tongue"),
    (r"\blick\w* ~lips?|\brun\w* ~tongue|\bmoisten\w* ~lips", "lick_lips"),
    (
        r"\bhead (?:\w+ )?(?:sinks?|drops?|droops?|falls?|slumps?|hangs?|dips?|goes down|lowers?|bows?|comes "
        r"down)\b(?!.*\b(?:left|right|back)\b)|\bchin (?:\w+ )?(?:sinks?|drops?|dips?|falls?|lowers?)"
        r"|\blooks? at ~(?:shoes|feet|lap|knees|hands|phone|watch|book|desk|table|chest|toes)\b",
        "look_down",
    ),
    (
        r"\bhead (?:\w+ )?(?:goes up|rises?|comes up|lifts?|goes back|falls? back|tips? back)\b|\bchin "
        r"(?:\w+ )?(?:goes up|rises|lifts)|\bthrow\w* ~head back",
        "look_up",
    ),
    (
        r"\bhead (?:\w+ )?(?:turns?|swings?|rotates?|goes|swivels?|pivots?|snaps?|moves?|whips?) (?:\w+ly "
        r")?(?:to|towards?|over)? ?(?:the |her |his |their )?(?:left|right)\b",
        "turn_{side}",
    ),
    (
        r"\b(?:gaze|eyes) (?:\w+ )?(?:goes|go|drifts?|wanders?|shifts?|slides?|moves?|travels?|flicks?"
        r"|darts?|dart) (?:\w+ly )?(?:off )?(?:to|towards?|over)? ?(?:the |her |his |their )?(?:left"
        r"|right)\b",
        "gaze_{side}",
    ),
    (
        r"\bone (?:eye)?brow (?:\w+ )?(?:up|rais\w+|shoots? up|goes up|rises?|lift\w*|arch\w*|cock\w*"
        r"|quirk\w*)|\b(?:one|a single|single) (?:rais|lift|cock|arch|quirk)ed (?:eye)?brow|\b(?:rais|lift"
        r"|cock|arch|quirk)\w* (?:a |an |one |a single )(?:\w+ )?(?:eye)?brow|\ba (?:rais|cock|arch|quirk"
        r"|quizzical)\w* (?:eye)?brow",
        "raise_brow",
    ),
    (
        r"\b(?:left|right) (?:eye)?brow (?:\w+ )?(?:goes up|shoots? up|rises?|up|lifts?|raised|arches"
        r"|arched)",
        "raise_{side}_brow",
    ),
    (r"\b(?:left|right) eye (?:\w+ )?(?:winks?|blinks?)", "wink_{side}"),
    (
        r"\b(?:left|right) eye (?:\w+ )?(?:closes?|closed|shut|shuts)|\b(?:clos|shut)\w* ~(?:left|right) eye",
        "close_{side}_eye",
    ),
    (
        r"\bkeep\w* a straight face|\bpoker face|\bdeadpan|\bstraight[- ]faced|\bshows? no (?:emotion"
        r"|expression)",
        "neutral",
    ),
    (
        r"\b(?:relax|releas|let go)\w* ~face|\bface (?:\w+ )?(?:relaxes|softens|goes slack|goes blank)"
        r"|\bfeatures relax",
        "neutral",
    ),
    (
        r"\bsays? no\b|\bdisagree\w*|\bdeclin\w*|\brefus\w*|\bdisapprov\w*|\bdenies\b|\bdenying\b"
        r"|\breject\w*|\bhead-?shak\w*",
        "shake",
    ),
    (
        r"\bsays? yes\b|\bagree\w*|\bapprov(?:es|ing|e)\b|\bconfirms?\b|\backnowledg\w*|\bnod\w*(?! off)",
        "nod",
    ),
    (r"\bnod\w* off|\bdoz\w+ off|\bfall\w* asleep|\bdrift\w* off", "close_eyes"),
    (
        r"\bclos\w* ~eyes? half|\bhalf[- ](?:closed|shut|lidded|open) (?:eyes|lids)|\bheavy[- ](?:lidded"
        r"|lids|eyelids)|\beyelids? (?:\w+ )?(?:droop|grow heavy|get heavy|half|sink|sag)\w*|\beyes? (?:\w+ "
        r")?half[- ](?:closed|open|shut)",
        "droop_lids",
    ),
    (
        r"\b(?:wiggl|waggl|flash|bounc)\w* ~(?:eye)?brows?|\b(?:eye)?brows? (?:wiggl|waggl|bounc)\w*"
        r"|\beyebrow (?:wiggle|flash)",
        "wiggle_brows",
    ),
    (
        r"\bmouth (?:\w+ )?(?:falls?|drops?|hangs?|pops?|opens?|goes) ?(?:open|wide)?\b|\bjaw (?:\w+ "
        r")?(?:hangs?|hanging|open)|\b(?:hang|drop)\w* ~(?:mouth|jaw)(?: open)?|\bslack-jawed|\bo-shape"
        r"|\blips part",
        "open_mouth",
    ),
    (r"\b(?:eyes|eyelids?) (?:\w+ )?(?:fall|flutter|slide|drift|drop|slip)s? (?:shut|closed)", "close_eyes"),
    (
        r"\b(?:lips|mouth) (?:\w+ )?(?:curl|turn|curv|tug|twitch|lift|quirk)\w* (?:up|into a smile|upwards?)"
        r"|\bcorners? of ~(?:mouth|lips) (?:\w+ )?(?:up|ris\w+|lift\w*|turn\w* up|curl\w*)|\b(?:lift|rais"
        r"|turn|pull)\w* (?:up )?~corners? of ~(?:mouth|lips)(?: up)?(?!.*down)",
        "smile",
    ),
    (
        r"\bcorners? of ~(?:mouth|lips)\b.*\b(?:down|drop|droop|sink|fall)\w*|\b(?:lips|mouth) (?:\w+ "
        r")?(?:curl|turn|curv|tug)\w* down|\bdown-?turned (?:mouth|lips)",
        "frown",
    ),
    (
        r"\b(?:smil|grin)\w*.*\bear to ear|\b(?:all|toothy|cheesy|broad|beaming|radiant|big|huge|wide"
        r"|enormous|massive) (?:\w+ )?(?:smile|grin)s?\b|\bsmil\w* (?:\w+ )?(?:broadly|widely|from ear|with "
        r"(?:all )?~teeth|toothily|radiantly)|\b(?:flash|show|bar)\w* ~(?:pearly whites|teeth in a smile)"
        r"|\ball smiles",
        "grin",
    ),
    (
        r"\b(?:smil|grin)\w* (?:on|with) (?:only |just )?(?:one|the one) side|\b(?:half|lopsided|crooked"
        r"|asymmetric\w*|one-sided|wry)[- ](?:smile|grin)|\bsmil\w* (?:crookedly|wryly|lopsidedly)",
        "smirk",
    ),
    (
        r"\btear(?:s|ing)? up\b|\bteary|\bburst\w* (?:into|out) (?:tears|crying)|\bin tears|\bbawl\w*"
        r"|\bsobs?\b|\bsobbing|\bweep\w*|\bcries\b|\bcrying\b",
        "sob",
    ),
    (r"\btoss\w* ~head|\bflip\w* ~hair", "look_up"),
    (r"\bturns? around|\blooks? (?:back|behind)(?! (?:to|at|into|towards?))|\bover ~shoulder", "shoulder"),
    (r"\bclos\w* (?:just )?one eye|\bone eye (?:closed|shut)", "wink"),
    (r"\bpress\w* ~(?:eyes|eyelids)|\bsqueez\w* ~eyes", "close_eyes"),
    (r"\bnarrow\w* ~(?:eyes|gaze)|\beyes? (?:\w+ )?(?:narrow|become slits|to slits)", "squint"),
)
