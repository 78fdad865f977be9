"""Sayings whose words do not name the action, and words that the vocabulary's patterns would take for another.

``FIRST`` is asked before the vocabulary, ``LATE`` after it. An action name may hold ``{side}``: it stands for left or
right, as the words say.
"""

from __future__ import annotations

import re
from functools import lru_cache

from text2motion.corpus.actions import Action
from text2motion.corpus.vocabulary import ACTION_BY_NAME

_SIDE = re.compile(r"\b(left|right)\b")
_POSS = r"(?:(?:her|his|their|your|my|its|the|both|one's) )?(?:own )?"


def _table(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern.replace("~", _POSS)), name) for pattern, name in rows)


FIRST = _table(
    (r"\bnod\w* off|\bdoz\w+ off|\bfall\w* asleep|\bdrift\w* off", "close_eyes"),
    (r"\bmouth corner\b.*\b(?:left|right)\b|\b(?:left|right) mouth corner", "smirk_{side}"),
    (r"\b(?:return|bring|turn|direct|shift|mov)\w* ~(?:gaze|eyes|head|face|attention|look) (?:back )?(?:to"
     r"|towards?|at|on) (?:us|me|you|the (?:camera|viewer|lens|audience))",
     "face_forward"),
    (r"\bsweep\w* ~(?:gaze|eyes|look)", "look_around"),
    (r"\bhead (?:\w+ )?sway\w*", "waggle_head"),
    (r"\b(?:pull|draw|jerk|snap|yank)\w* ~(?:head|face) (?:\w+ )?back\b(?! to\b)", "lean_back"),
    (r"\b(?:pok|cran|stick|push|thrust|stretch)\w* ~(?:head|neck|face) (?:\w+ )?(?:forwards?|out)\b", "lean_forward"),
    (r"\b(?:head|face|gaze)\b.*\bback to (?:the )?(?:cent|front|middle|camera|viewer)", "face_forward"),
    (r"\b(?:eyes|gaze) (?:\w+ )?averted", "look_away"),
    (r"\bmouth(?:s|ing)\b (?:\w+)|\bmouthing\b", "talk"),
    (r"\b(?:clos|keep)\w* (?:just |only )?one eye (?:closed|shut)|\bone eye (?:closed|shut)\b", "close_left_eye"),
    (r"\bwag(?:s|ging)? ~head\b|\b(?:mov|swing)\w* ~head (?:from )?(?:left-and-right|side[ -]to[ -]side"
     r"|back-and-forth)", "shake"),
    (r"\b(?:eye)?brows?\b.*\bup-and-down|\b(?:wiggl|waggl|bounc)\w* ~(?:eye)?brows?", "wiggle_brows"),
    (r"\b(?:head|chin)\b.*\bup-and-down|\bup-and-down\b.*\bhead", "nod"),
    (r"\bopen\w* ~(?:eyes?|eyelids) (?:\w+ )?wide(?:ly)?\b|\beyes (?:\w+ )?(?:open )?wide\b|\bwide[- ]eyed", "widen_eyes"),
    (r"\beyes (?:well|fill|water|brim|tear)\w*", "sad"),
    (r"\bprofile\b.*\b(?:left|right)\b|\b(?:left|right) profile\b", "look_over_{side}_shoulder"),
    (r"\bwak(?:es|ing|e) up\b", "open_eyes"),
    (r"\bsuck\w* (?:in )?~cheeks(?: in)?\b|\bfish (?:lips|face)", "pucker"),
    (r"\b(?:pull|mak)\w* (?:a |an )?(?:silly|funny|weird|ugly|strange|goofy) faces?", "grimace"),
    (r"\bcircles?\b.*\b(?:nose|head|chin)\b", "circle"),
    (r"\b(?:feel|show|react|express)\w* nothing|\bno reaction|\bshows? no\b|\bdoes not react", "neutral"),
    (r"\b(?:keep|maintain|hold)\w* eye contact", "face_forward"),
    (r"\bhead (?:\w+ )?(?:thrown|tipped|tilted|flung|tossed|going|falling|leaned) back\b(?!-)|\b(?:tilt|tip"
     r"|throw|fling|toss|lean|drop)\w* ~head back\b(?!-)", "look_up"),
    (r"\b(?:tilt|tip|bend|drop|incline?)\w* ~head (?:\w+ly )?(?:forwards?|down)\b|\bhead (?:\w+ )?(?:tilted"
     r"|bent|tipped) (?:forwards?|down)\b", "look_down"),
    (r"\b(?:tilt|tip|wobbl|rock|waggl|bobbl|loll)\w* ~head\b.*\b(?:side[ -]to[ -]side|back-and-forth)|\bhead "
     r"(?:\w+ )?(?:wobbl|waggl|bobbl|rocks?|tilts?)\w*"
     r" (?:from )?side[ -]to[ -]side", "waggle_head"),
    (r"\bside-?ey\w*\b.*\b(?:left|right)\b", "gaze_{side}"),
    (r"\b(?:with|in|into) (?:\w+ )?laughter|\bburst\w* out laughing|\blaugh\w* out loud", "laugh"),
    (r"\bturn of ~head(?!.*\b(?:left|right)\b)", "turn_head"),
    (r"\b(?:deny|denies|denying) it\b", "shake"),
    (r"\b(?:drop|let)\w* ~jaw(?: drop)?\b|\bjaw (?:\w+ )?(?:drops?|falls?)\b|\bjaw-?drop", "gasp"),
    (r"\bcorners? of ~(?:mouth|lips)\b.*\b(?:down|drop|droop|sink|fall)\w*|\bmouth (?:\w+ )?turned down", "frown"),
    (r"\b(?:left|right) eye (?:\w+ )?(?:wink|blink)\w*", "wink_{side}"),
    (r"\b(?:left|right)\b.*\bsmirk|\b(?:smirk|crooked|lopsided|half-smil)\w*.*\b(?:left|right)\b|\b(?:smil"
     r"|grin)\w* .*\b(?:left|right) (?:corner|side)"
     r"|\b(?:left|right) (?:corner|side) of ~mouth (?:\w+ )?(?:up|smil|rais|lift|curl|into a)\w*", "smirk_{side}"),
    (r"\b(?:squeez|clamp|seal)\w* ~lips|\btight lips\b|\blips? (?:\w+ )?(?:pressed|sealed|clamped)", "press_lips"),
    (r"\bnose (?:\w+ )?(?:wrinkl|scrunch|crinkl)\w*|\blip (?:\w+ )?curl\w*", "sneer"),
    (r"\bmouth (?:\w+ )?(?:clos|shut)\w*", "close_mouth"),
    (r"\beye-?lids? open|\bopen\w* ~eyelids?", "open_eyes"),
    (r"\bhead (?:\w+ )?(?:roll|circl)\w*|\b(?:head|neck) (?:roll|circle)s?\b", "circle"),
    (r"\b(?:face|head) (?:closer|nearer)|\bcom\w+ (?:closer|nearer)", "lean_forward"),
    (r"^(?!.*\b(?:narrow|squint|wid|clos|roll|wink|blink|tilt|lean)).*\b(?:eyes|gaze|face|head) (?:\w+ )?(?:on"
     r"|at|to|towards?|into) the (?:camera|viewer|lens|audience)\b(?!.*\b(?:left|right|up|down)\b)", "face_forward"),
    (r"\b(?:look|glanc|check|peer|peek|turn|star)\w*(?: \w+){0,3} over ~(?:left|right) shoulder", "look_over_{side}_shoulder"),
    (r"\bhead (?:\w+ )?(?:falls?|lolls?|flops?|tips?|tilts?|leans?|drops?)(?: over)? (?:onto|on|to|towards?) "
     r"~(?:left|right)", "tilt_{side}"),
    (r"\b(?:put|lean)\w* ~head (?:to|on) (?:one|the) side", "tilt_head"),
    (r"\b(?:rotat|turn|twist|swivel|swing|mov)\w* ~(?:head|face)(?: \w+){0,2} (?:to|towards?) (?:one|the|a) "
     r"side\b(?! to)|\ba turn of the head\b(?!.*\b(?:left"
     r"|right)\b)|\bturn\w* ~face away to the side", "turn_head"),
    (r"\blet\w* ~gaze (?:drop|fall|sink)\b|\b(?:drop|lower)\w* ~gaze\b|\b(?:gaze|eyes) (?:\w+ )?(?:lowered"
     r"|drops?|dropping|falls?|sinks?|down|downcast)\b(?! (?:shut|closed))"
     , "gaze_down"),
    (r"\b(?:face|head) (?:closer|nearer)|\bcom\w+ (?:closer|nearer)", "lean_forward"),
    (r"\b(?:turn|mov|rais|lift)\w* ~(?:eyes|gaze) and head up|\bhead (?:\w+ )?going up", "look_up"),
    (r"\bhead (?:\w+ )?(?:sinking|dropping|drooping|falling|slumping|lowering)(?! (?:to|back)\b)", "look_down"),
    (r"\ball around\b|\btak\w+ a look around|\blook\w* (?:all )?(?:around|about)\b", "look_around"),
    (r"\bno (?:\w+ )?(?:expression|emotion)|\bexpressionless|\bdrop\w* all expression", "neutral"),
    (r"\b(?:tilt|tip|cock|inclin|bend|drop|lean)\w* ~(?:head|ear|face|neck)\b.*\b(?:left|right)\b.*\bshoulder"
     r"|\b(?:left|right) ear\b.*"
     r"\bshoulder|\bear\b.*\b(?:left|right) shoulder", "tilt_{side}"),
    (r"\b(?:tilt|tip|cock|inclin)\w* ~(?:head|neck).*\bshoulder|\bear (?:to|towards?|near) ~shoulder", "tilt_head"),
    (r"\b(?:scrunch|screw|crumpl|contort|twist)\w* ~(?:face|features)", "grimace"),
    (r"\b(?:scrunch|crinkl|wrinkl)\w* ~nose", "sneer"),
    (r"\b(?:scrunch|squeez|screw)\w* ~eyes?\b(?: (?:tight\w*|shut))?", "squint_or_close"),
    (r"\b(?:scrunch|squeez|pinch|bunch|crumpl)\w* ~(?:eye)?brows?|\b(?:eye)?brows? (?:\w+ )?(?:scrunch|pinch"
     r"|bunch)", "lower_brows"),
    (r"\bavert\w* ~(?:gaze|eyes|look)|\b(?:avoid|break)\w* eye contact|\blook\w* elsewhere|\bwon't meet", "look_away"),
    (r"\bmak\w+ eye contact|\b(?:meets?|meeting|hold\w*) (?:the |your |our )?(?:viewer|camera|gaze|eye)"
     r"|\blook\w* (?:straight |directly |right )?"
     r"(?:at|into|towards?|to) (?:us|me|you|the (?:camera|lens|viewer|audience|screen))\b(?!.*\b(?:left"
     r"|right)\b)", "face_forward"),
    (r"\bstick\w* ~tongue|\btongue\b.*\bout\b|\bout\b.*\btongue\b|\bblow\w* a raspberr", "stick_out_tongue"),
    (r"\blick\w* ~lips?|\brun\w* ~tongue|\bmoisten\w* ~lips", "lick_lips"),
    (r"\bhead (?:\w+ )?(?:sinks?|drops?|droops?|falls?|slumps?|hangs?|dips?|goes down|lowers?|bows?|comes "
     r"down)\b(?!.*\b(?:left|right|back)\b)"
     r"|\bchin (?:\w+ )?(?:sinks?|drops?|dips?|falls?|lowers?)|\blooks? at ~(?:shoes|feet|lap|knees|hands"
     r"|phone|watch|book|desk|table"
     r"|chest|toes)\b", "look_down"),
    (r"\bhead (?:\w+ )?(?:goes up|rises?|comes up|lifts?|goes back|falls? back|tips? back)\b|\bchin (?:\w+ "
     r")?(?:goes up|rises|lifts)|"
     r"\bthrow\w* ~head back", "look_up"),
    (r"\bhead (?:\w+ )?(?:turns?|swings?|rotates?|goes|swivels?|pivots?|snaps?|moves?|whips?) (?:\w+ly )?(?:to"
     r"|towards?|over)? ?(?:the |her |his"
     r" |their )?(?:left|right)\b", "turn_{side}"),
    (r"\b(?:gaze|eyes) (?:\w+ )?(?:goes|go|drifts?|wanders?|shifts?|slides?|moves?|travels?|flicks?|darts?"
     r"|dart) (?:\w+ly )?(?:off )?(?:to|towards?"
     r"|over)? ?(?:the |her |his |their )?(?:left|right)\b", "gaze_{side}"),
    (r"\bone (?:eye)?brow (?:\w+ )?(?:up|rais\w+|shoots? up|goes up|rises?|lift\w*|arch\w*|cock\w*|quirk\w*)"
     r"|\b(?:one|a single|single) (?:rais|lift|cock|arch|quirk)ed (?:eye)?brow|\b(?:rais|lift|cock|arch"
     r"|quirk)\w* "
     r"(?:a |an |one |a single )(?:\w+ )?(?:eye)?brow|\ba (?:rais|cock|arch|quirk|quizzical)\w* (?:eye)?brow", "raise_brow"),
    (r"\b(?:left|right) (?:eye)?brow (?:\w+ )?(?:goes up|shoots? up|rises?|up|lifts?|raised|arches|arched)", "raise_{side}_brow"),
    (r"\b(?:left|right) eye (?:\w+ )?(?:winks?|blinks?)", "wink_{side}"),
    (r"\b(?:left|right) eye (?:\w+ )?(?:closes?|closed|shut|shuts)|\b(?:clos|shut)\w* ~(?:left|right) eye", "close_{side}_eye"),
    (r"\bkeep\w* a straight face|\bpoker face|\bdeadpan|\bstraight[- ]faced|\bshows? no (?:emotion|expression)", "neutral"),
    (r"\b(?:relax|releas|let go)\w* ~face|\bface (?:\w+ )?(?:relaxes|softens|goes slack|goes blank)|\bfeatures "
     r"relax", "neutral"),
    (r"\bsays? no\b|\bdisagree\w*|\bdeclin\w*|\brefus\w*|\bdisapprov\w*|\bdenies\b|\bdenying\b|\breject\w*"
     r"|\bhead-?shak\w*", "shake"),
    (r"\bsays? yes\b|\bagree\w*|\bapprov(?:es|ing|e)\b|\bconfirms?\b|\backnowledg\w*|\bnod\w*(?! off)", "nod"),
    (r"\bnod\w* off|\bdoz\w+ off|\bfall\w* asleep|\bdrift\w* off", "close_eyes"),
    (r"\bclos\w* ~eyes? half|\bhalf[- ](?:closed|shut|lidded|open) (?:eyes|lids)|\bheavy[- ](?:lidded|lids"
     r"|eyelids)|\beyelids? (?:\w+ )?(?:droop|grow heavy"
     r"|get heavy|half|sink|sag)\w*|\beyes? (?:\w+ )?half[- ](?:closed|open|shut)", "droop_lids"),
    (r"\b(?:wiggl|waggl|flash|bounc)\w* ~(?:eye)?brows?|\b(?:eye)?brows? (?:wiggl|waggl|bounc)\w*|\beyebrow "
     r"(?:wiggle|flash)", "wiggle_brows"),
    (r"\bmouth (?:\w+ )?(?:falls?|drops?|hangs?|pops?|opens?|goes) ?(?:open|wide)?\b|\bjaw (?:\w+ )?(?:hangs?"
     r"|hanging|open)|\b(?:hang|drop)\w* ~"
     r"(?:mouth|jaw)(?: open)?|\bslack-jawed|\bo-shape|\blips part", "open_mouth"),
    (r"\b(?:eyes|eyelids?) (?:\w+ )?(?:fall|flutter|slide|drift|drop|slip)s? (?:shut|closed)", "close_eyes"),
    (r"\b(?:lips|mouth) (?:\w+ )?(?:curl|turn|curv|tug|twitch|lift|quirk)\w* (?:up|into a smile|upwards?)"
     r"|\bcorners? of ~(?:mouth|lips) (?:\w+ )?"
     r"(?:up|ris\w+|lift\w*|turn\w* up|curl\w*)|\b(?:lift|rais|turn|pull)\w* (?:up )?~corners? of ~(?:mouth"
     r"|lips)(?: up)?(?!.*down)", "smile"),
    (r"\bcorners? of ~(?:mouth|lips)\b.*\b(?:down|drop|droop|sink|fall)\w*|\b(?:lips|mouth) (?:\w+ )?(?:curl"
     r"|turn|curv|tug)\w* down"
     r"|\bdown-?turned (?:mouth|lips)", "frown"),
    (r"\b(?:smil|grin)\w*.*\bear to ear|\b(?:all|toothy|cheesy|broad|beaming|radiant|big|huge|wide|enormous"
     r"|massive) (?:\w+ )?(?:smile|grin)s?\b"
     r"|\bsmil\w* (?:\w+ )?(?:broadly|widely|from ear|with (?:all )?~teeth|toothily|radiantly)|\b(?:flash|show"
     r"|bar)\w* ~(?:pearly whites|teeth in a smile)"
     r"|\ball smiles", "grin"),
    (r"\b(?:smil|grin)\w* (?:on|with) (?:only |just )?(?:one|the one) side|\b(?:half|lopsided|crooked"
     r"|asymmetric\w*|one-sided|wry)[- ](?:smile|grin)"
     r"|\bsmil\w* (?:crookedly|wryly|lopsidedly)", "smirk"),
    (r"\btear(?:s|ing)? up\b|\bteary|\bburst\w* (?:into|out) (?:tears|crying)|\bin tears|\bbawl\w*|\bsobs?\b"
     r"|\bsobbing|\bweep\w*|\bcries\b|\bcrying\b", "sob"),
    (r"\btoss\w* ~head|\bflip\w* ~hair", "look_up"),
    (r"\bturns? around|\blooks? (?:back|behind)(?! (?:to|at|into|towards?))|\bover ~shoulder", "shoulder"),
    (r"\bclos\w* (?:just )?one eye|\bone eye (?:closed|shut)", "wink"),
    (r"\bpress\w* ~(?:eyes|eyelids)|\bsqueez\w* ~eyes", "close_eyes"),
    (r"\bnarrow\w* ~(?:eyes|gaze)|\beyes? (?:\w+ )?(?:narrow|become slits|to slits)", "squint"),
)  # fmt: skip

LATE = _table(
    (r"\b(?:guffaw|howl|cackl|hysteric|chortl|titter|cracks? up|in stitches|roar)\w*|\blaugh", "laugh"),
    (r"\b(?:snigger|snicker|tee-?hee|giggl)\w*", "chuckle"),
    (r"\b(?:hollers?|yells?|bellow|shout)\w*", "shout"),
    (r"\b(?:screech|shriek|wail)\w*", "scream"),
    (r"\b(?:gawk|gap(?:e|es|ing)\b|gobsmack|slack-?jaw)\w*", "open_mouth"),
    (r"\b(?:daydream|spac(?:es|ing) out|zon(?:es|ing) out|far-?away look|thousand-yard|starry)\w*", "dreamy"),
    (r"\b(?:snooz|slumber|doz(?:es|ing)|nap(?:s|ping)|asleep|eyes rest|rests? ~eyes)\w*", "close_eyes"),
    (r"\b(?:whin(?:es|ing)|mop(?:es|ing)|sulk|crestfallen|dejected|downcast|mournful|forlorn|gloom|blue mood"
     r"|down in the dumps|despond|despair"
     r"|tearful|woeful|devastat|heartbr|sorrow|bereft|wistful|somber|sombre|glum|miserable|anguish|distraught"
     r"|grim)\w*", "sad"),
    (r"\b(?:smooch|peck|air-?kiss)\w*", "kiss"),
    (r"\b(?:fum(?:es|ing)|seeth|livid|irate|enrag|incens|rag(?:es|ing)\b|infuriat|outrag|wrath|hostil|bristl"
     r"|mad\b|hate|hatred|death stare|dagger"
     r"|loses? ~temper|sees? red|explod|lashes out|ticked off|pissed)\w*", "angry"),
    (r"\b(?:irk|peev|displeas|vex|exasperat|fed up|bother|impatien|grump|frustrat)\w*", "annoyed"),
    (r"\b(?:horrif|petrif|panic|spook|scar(?:ed|y)|seen a ghost|dread|alarm|terrif|fright|cower|phobi)\w*", "afraid"),
    (r"\b(?:over the moon|brighten|lights? up|jubilan|elat|euphori|bliss|ecsta|radian|on cloud nine|overjoy"
     r"|gleeful|glee\b|upbeat|jolly|merry|sunny smile|content"
     r"|good mood|pleas(?:ed|ure)|joyous|thrilled to bits|chuffed)\w*", "happy"),
    (r"\b(?:stoked|hyped|pumped|psyched|giddy|fired up|can't wait)\w*", "excited"),
    (r"\b(?:flabbergast|dumbfound|astound|gobsmack|thunderstruck|taken aback|caught off guard|shock|bewonder"
     r"|awe|wonder-?struck|speechless|startl"
     r"|jaw-dropping|whoa|omg)\w*", "surprised"),
    (r"\b(?:foul|stink|yuck|ick\b|eww*|gross|revolt|repuls|repell|bad smell|nasty smell|nauseat|queasy"
     r"|sicken)\w*", "disgusted"),
    (r"\b(?:baffl|perplex|stump|mystif|nonpluss|puzzl|lost\b|huh\b|what\?|quizzical|uncomprehend|clueless"
     r"|befuddl)\w*", "confused"),
    (r"\b(?:dubious|distrust|mistrust|wary|incredul|unconvinc|doubt|suspect|side-?ey|questioning look"
     r"|disbeliev)\w*", "sceptical"),
    (r"\b(?:haught|smug|superior|condescend|disdain|scorn|looks? down ~nose|arrogan|aloof|mock|derisi"
     r"|patroni)\w*", "contemptuous"),
    (r"\b(?:couldn't care less|dull|listless|apathetic|disinterest|unamused|jaded|meh\b|unenthus|blasé|fed "
     r"up)\w*", "bored"),
    (r"\b(?:exhaust|fatigu|worn out|wiped out|drained|weary|knackered|spent\b|sluggish|groggy|pooped)\w*", "tired"),
    (r"\b(?:drows|half-?asleep|can barely keep ~eyes open|nodding off|sleep)\w*", "sleepy"),
    (r"\b(?:triumph|victor|accomplish|pleased with (?:her|him|them)sel|dignif|self-?assured|confiden|smugly "
     r"proud|head held high)\w*", "proud"),
    (r"\b(?:bashful|coy\b|demure|timid|self-?conscious|modest|sheepish)\w*", "shy"),
    (r"\b(?:mortif|blush|asham|awkward|cring)\w*", "embarrassed"),
    (r"\b(?:flirt|seduct|come-?hither|sultry|coquett|suggestive|bedroom eyes|smoulder|smolder)\w*", "flirty"),
    (r"\b(?:agoni|ache|aching|hurt|ouch|suffering|tooth-?ache|head-?ache|migraine|winc|stung|pain(?!t)"
     r"|excruciat)\w*", "in_pain"),
    (r"\b(?:ponder|remember|recall|reminisc|contempl|mull|muse[sd]?\b|musing|reflect|deep in thought|lost in "
     r"thought|deliberat|consider|think|thought|introspect|pensive|hmm)\w*",
     "thoughtful"),
    (r"\b(?:intrigu|inquisitiv|fascinat|interested|curio|piqued|nosy)\w*", "curious"),
    (r"\b(?:tranquil|zen\b|composed|at ease|at peace|soothed|serene|placid|chill|laid-?back|mellow|relaxed"
     r"|unbothered|cool and collected)\w*", "calm"),
    (r"\b(?:stern|grave|solemn|no-nonsense|earnest|strict|businesslike|serious)\w*", "serious"),
    (r"\b(?:jitter|on edge|uneasy|tense\b|fidget|apprehens|stressed|anxi|nerv|antsy|twitchy)\w*", "nervous"),
    (r"\b(?:concern|worri|troubled|perturb|distress|fret)\w*", "worried"),
    (r"\b(?:let down|disappoint|disillusion|bummed|dismay|deflated)\w*", "disappointed"),
    (r"\b(?:mischiev|impish|cheek(?:y|ily)|teas(?:es|ing)|playful|naughty|sly\b|prank)\w*", "playful"),
    (r"\b(?:bemus|entertained|tickled|amus)\w*", "amused"),
    (r"\b(?:ador(?:es|ing|ation)|affection|tender|fond|lovestruck|smitten|in love|loving|warmth|heart-eyes"
     r"|dot(?:es|ing))\w*", "loving"),
    (r"\b(?:resol(?:ved|ute)|gritty|fierce|determin|steel(?:y|s)|unwavering|stubborn)\w*", "determined"),
    (r"\b(?:intent|concentrat|focus|attentiv|absorbed|engross)\w*", "concentrated"),
    (r"\b(?:reliev|phew|weight off|thank goodness)\w*", "relieved"),
    (r"\b(?:impress|wowed|nice one)\w*", "impressed"),
    (r"\b(?:plead|begg|puppy|implor|beseech|pretty please)\w*", "pleading"),
    (r"\b(?:remors|regret|guilt|apolog|sorry)\w*", "guilty"),
    (r"\b(?:env(?:y|ious)|jealous|green with)\w*", "jealous"),
    (r"\b(?:alone|lonesome|homesick|lonely)\w*", "lonely"),
    (r"\b(?:hopeful|optimis|expectant|wishful|fingers crossed|eager)\w*", "hopeful"),
    (r"\b(?:chomp|munch|masticat|gnaw|eats?|eating|bubble ?gum)\w*", "chew"),
    (r"\b(?:hums?|humming|croon\w*|sing(?:s|ing)?|belts? out|karaoke)\b", "sing"),
    (r"\b(?:babbl|chatter|gossip|speech|rambl|lectur|prattl|recit|narrat|monologu|discuss|argu|explain"
     r"|answers?|asks?|asking|repl(?:y|ies)|greets?"
     r"|tells?|telling|converses?|announc|mouths? (?:the )?words|says?|saying|exclaim|preach|yap|address)\w*", "talk"),
    (r"\b(?:murmur|hush|sotto voce|under ~breath|secretly)\w*", "whisper"),
    (r"\b(?:grimac|pulls? a face|makes? a face|bares? ~teeth|grits? ~teeth|teeth clenched|clenched teeth"
     r"|gurn)\w*", "grimace"),
    (r"\b(?:goggl|pop-?eyed|saucer|eyes pop|bug-?eyed|eyes? bulg|eyes (?:\w+ )?(?:widen|wide|as big as"
     r"|grow))\w*", "widen_eyes"),
    (r"\b(?:stares?|staring|gaz(?:es|ing) intently|unblinking)\b", "stare"),
    (r"\b(?:peer|squint|screws? ~eyes)\w*", "squint"),
    (r"\b(?:cran(?:es|ing) ~neck|stretch\w* ~neck).*\b(?:left|right)", "turn_{side}"),
    (r"\b(?:loll|roll)\w* ~(?:head|neck)|\bneck circles?|\bhead circles?", "circle"),
    (r"\b(?:skywards?|heavenwards?|at the (?:ceiling|sky|stars|clouds|moon)|overhead)\b|\bup at\b", "look_up"),
    (r"\b(?:at|to|towards?) ~(?:floor|ground|feet|lap)\b|^\w+(?:s|ing) ~(?:floor|ground|feet)\b", "look_down"),
    (r"^\w+(?:s|ing) ~(?:ceiling|sky|stars|clouds)\b", "look_up"),
    (r"\b(?:verge of|close to|holding back|fighting back|brink of|near) (?:the )?tears", "sad"),
    (r"\bbrave face", "determined"),
    (r"\bturns? up ~nose|\bnose in the air|\bchin (?:up|high|raised)|\bhead held high", "lift_chin"),
    (r"\bthin line|\bseals? ~lips|\blips? (?:\w+ )?(?:sealed|tight|press|thin)|\btight-?lipped|\bzips? ~lips"
     r"|\bclamps? ~(?:mouth|lips)", "press_lips"),
    (r"\b(?:perks?|cocks?|pricks?) (?:up )?(?:an|~) ?ears?\b|\bas if listening|\blistens?\b|\blistening\b", "tilt_head"),
    (r"\bsideways? (?:glance|look)|\bout of the corner|\bglanc\w* (?:\w+ )?(?:aside|sideways|over)"
     r"|\bside-?ey\w*|\bshifty|\bfurtive", "gaze_aside"),
    (r"\b(?:glanc|peek|peep)\w*", "gaze_aside"),
    (r"\blook\w* (?:off|into the distance|out the window|to (?:the|one) side|aside|sideways|past the camera)"
     r"|\bturn\w* (?:aside|sideways)", "look_away"),
    (r"\bbob\w* ~head|\bgroov\w*|\bvib(?:es|ing)|\bto the (?:beat|music|rhythm)", "bob_head"),
    (r"\bwobbl\w* ~head|\bhead (?:\w+ )?(?:wobbl|waggl|bobbl)\w*|\bbobblehead", "waggle_head"),
    (r"\bbreath\w* out|\bexhal\w*|\bhuff\w*", "sigh"),
    (r"\b(?:sniffl|sniff|smell|snuffl)\w*", "sniff"),
    (r"\b(?:swallow|gulp)\w*", "gulp"),
    (r"\bwrinkl\w* ~forehead|\bcreas\w* ~(?:forehead|brow)", "lower_brows"),
    (r"\b(?:snarl|growl|curls? ~lip)\w*", "sneer"),
    (r"\bflinch\w*|\brecoil\w*|\bjerks? back|\bdraws? back|\bshrinks? back|\bpulls? back", "lean_back"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def said_by_idiom(text: str, *, late: bool) -> Action | None:
    """The action of a saying, or None."""
    for pattern, name in LATE if late else FIRST:
        if pattern.search(text):
            found = ACTION_BY_NAME.get(_resolved(name, text))
            if found is not None:
                return found
    return None


def _resolved(name: str, text: str) -> str:
    side = _SIDE.search(text)
    if name == "squint_or_close":
        return "close_eyes" if re.search(r"\b(?:shut|closed|tight)", text) else "squint"
    if name == "shoulder":
        return f"look_over_{side.group(1)}_shoulder" if side else "look_over_shoulder"
    if "{side}" in name:
        return name.format(side=side.group(1)) if side else name.replace("_{side}", "")
    return name
