"""Words that are asked after the vocabulary's patterns: synonyms and what only hints at an action or a mood.

The notation is that of ``idioms_first``.
"""

from __future__ import annotations

LATE: tuple[tuple[str, str], ...] = (
    (r"\b(?:guffaw|howl|cackl|hysteric|chortl|titter|cracks? up|in stitches|roar)\w*|\blaugh", "laugh"),
    (r"\b(?:snigger|snicker|tee-?hee|giggl)\w*", "chuckle"),
    (r"\b(?:hollers?|yells?|bellow|shout)\w*", "shout"),
    (r"\b(?:screech|shriek|wail)\w*", "scream"),
    (r"\b(?:gawk|gap(?:e|es|ing)\b|gobsmack|slack-?jaw)\w*", "open_mouth"),
    (r"\b(?:daydream|spac(?:es|ing) out|zon(?:es|ing) out|far-?away look|thousand-yard|starry)\w*", "dreamy"),
    (r"\b(?:snooz|slumber|doz(?:es|ing)|nap(?:s|ping)|asleep|eyes rest|rests? ~eyes)\w*", "close_eyes"),
    (
        r"\b(?:whin(?:es|ing)|mop(?:es|ing)|sulk|crestfallen|dejected|downcast|mournful|forlorn|gloom|blue "
        r"mood|down in the dumps|despond|despair|tearful|woeful|devastat|heartbr|sorrow|bereft|wistful"
        r"|somber|sombre|glum|miserable|anguish|distraught|grim)\w*",
        "sad",
    ),
    (r"\b(?:smooch|peck|air-?kiss)\w*", "kiss"),
    (
        r"\b(?:fum(?:es|ing)|seeth|livid|irate|enrag|incens|rag(?:es|ing)\b|infuriat|outrag|wrath|hostil"
        r"|bristl|mad\b|hate|hatred|death stare|dagger|loses? ~temper|sees? red|explod|lashes out|ticked off"
        r"|pissed)\w*",
        "angry",
    ),
    (r"\b(?:irk|peev|displeas|vex|exasperat|fed up|bother|impatien|grump|frustrat)\w*", "annoyed"),
    (
        r"\b(?:horrif|petrif|panic|spook|scar(?:ed|y)|seen a ghost|dread|alarm|terrif|fright|cower|phobi)\w*",
        "afraid",
    ),
    (
        r"\b(?:over the moon|brighten|lights? up|jubilan|elat|euphori|bliss|ecsta|radian|on cloud nine"
        r"|overjoy|gleeful|glee\b|upbeat|jolly|merry|sunny smile|content|good mood|pleas(?:ed|ure)|joyous"
        r"|thrilled to bits|chuffed)\w*",
        "happy",
    ),
    (r"\b(?:stoked|hyped|pumped|psyched|giddy|fired up|can't wait)\w*", "excited"),
    (
        r"\b(?:flabbergast|dumbfound|astound|gobsmack|thunderstruck|taken aback|caught off guard|shock"
        r"|bewonder|awe|wonder-?struck|speechless|startl|jaw-dropping|whoa|omg)\w*",
        "surprised",
    ),
    (
        r"\b(?:foul|stink|yuck|ick\b|eww*|gross|revolt|repuls|repell|bad smell|nasty smell|nauseat|queasy"
        r"|sicken)\w*",
        "disgusted",
    ),
    (
        r"\b(?:baffl|perplex|stump|mystif|nonpluss|puzzl|lost\b|huh\b|what\?|quizzical|uncomprehend|clueless"
        r"|befuddl)\w*",
        "confused",
    ),
    (
        r"\b(?:dubious|distrust|mistrust|wary|incredul|unconvinc|doubt|suspect|side-?ey|questioning look"
        r"|disbeliev)\w*",
        "sceptical",
    ),
    (
        r"\b(?:haught|smug|superior|condescend|disdain|scorn|looks? down ~nose|arrogan|aloof|mock|derisi"
        r"|patroni)\w*",
        "contemptuous",
    ),
    (
        r"\b(?:couldn't care less|dull|listless|apathetic|disinterest|unamused|jaded|meh\b|unenthus|blasé"
        r"|fed up)\w*",
        "bored",
    ),
    (
        r"\b(?:exhaust|fatigu|worn out|wiped out|drained|weary|knackered|spent\b|sluggish|groggy|pooped)\w*",
        "tired",
    ),
    (r"\b(?:drows|half-?asleep|can barely keep ~eyes open|nodding off|sleep)\w*", "sleepy"),
    (
        r"\b(?:triumph|victor|accomplish|pleased with (?:her|him|them)sel|dignif|self-?assured|confiden"
        r"|smugly proud|head held high)\w*",
        "proud",
    ),
    (r"\b(?:bashful|coy\b|demure|timid|self-?conscious|modest|sheepish)\w*", "shy"),
    (r"\b(?:mortif|blush|asham|awkward|cring)\w*", "embarrassed"),
    (r"\b(?:flirt|seduct|come-?hither|sultry|coquett|suggestive|bedroom eyes|smoulder|smolder)\w*", "flirty"),
    (
        r"\b(?:agoni|ache|aching|hurt|ouch|suffering|tooth-?ache|head-?ache|migraine|winc|stung|pain(?!t)"
        r"|excruciat)\w*",
        "in_pain",
    ),
    (
        r"\b(?:ponder|remember|recall|reminisc|contempl|mull|muse[sd]?\b|musing|reflect|deep in thought|lost "
        r"in thought|deliberat|consider|think|thought|introspect|pensive|hmm)\w*",
        "thoughtful",
    ),
    (r"\b(?:intrigu|inquisitiv|fascinat|interested|curio|piqued|nosy)\w*", "curious"),
    (
        r"\b(?:tranquil|zen\b|composed|at ease|at peace|soothed|serene|placid|chill|laid-?back|mellow"
        r"|relaxed|unbothered|cool and collected)\w*",
        "calm",
    ),
    (r"\b(?:stern|grave|solemn|no-nonsense|earnest|strict|businesslike|serious)\w*", "serious"),
    (r"\b(?:jitter|on edge|uneasy|tense\b|fidget|apprehens|stressed|anxi|nerv|antsy|twitchy)\w*", "nervous"),
    (r"\b(?:concern|worri|troubled|perturb|distress|fret)\w*", "worried"),
    (r"\b(?:let down|disappoint|disillusion|bummed|dismay|deflated)\w*", "disappointed"),
    (r"\b(?:mischiev|impish|cheek(?:y|ily)|teas(?:es|ing)|playful|naughty|sly\b|prank)\w*", "playful"),
    (r"\b(?:bemus|entertained|tickled|amus)\w*", "amused"),
    (
        r"\b(?:ador(?:es|ing|ation)|affection|tender|fond|lovestruck|smitten|in love|loving|warmth"
        r"|heart-eyes|dot(?:es|ing))\w*",
        "loving",
    ),
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
    (
        r"\b(?:babbl|chatter|gossip|speech|rambl|lectur|prattl|recit|narrat|monologu|discuss|argu|explain"
        r"|answers?|asks?|asking|repl(?:y|ies)|greets?|tells?|telling|converses?|announc|mouths? (?:the "
        r")?words|says?|saying|exclaim|preach|yap|address)\w*",
        "talk",
    ),
    (r"\b(?:murmur|hush|sotto voce|under ~breath|secretly)\w*", "whisper"),
    (
        r"\b(?:grimac|pulls? a face|makes? a face|bares? ~teeth|grits? ~teeth|teeth clenched|clenched teeth"
        r"|gurn)\w*",
        "grimace",
    ),
    (
        r"\b(?:goggl|pop-?eyed|saucer|eyes pop|bug-?eyed|eyes? bulg|eyes (?:\w+ )?(?:widen|wide|as big as"
        r"|grow))\w*",
        "widen_eyes",
    ),
    (r"\b(?:stares?|staring|gaz(?:es|ing) intently|unblinking)\b", "stare"),
    (r"\b(?:peer|squint|screws? ~eyes)\w*", "squint"),
    (r"\b(?:cran(?:es|ing) ~neck|stretch\w* ~neck).*\b(?:left|right)", "turn_{side}"),
    (r"\b(?:loll|roll)\w* ~(?:head|neck)|\bneck circles?|\bhead circles?", "circle"),
    (
        r"\b(?:skywards?|heavenwards?|at the (?:ceiling|sky|stars|clouds|moon)|overhead)\b|\bup at\b",
        "look_up",
    ),
    (
        r"\b(?:at|to|towards?) ~(?:floor|ground|feet|lap)\b|^\w+(?:s|ing) ~(?:floor|ground|feet)\b",
        "look_down",
    ),
    (r"^\w+(?:s|ing) ~(?:ceiling|sky|stars|clouds)\b", "look_up"),
    (r"\b(?:verge of|close to|holding back|fighting back|brink of|near) (?:the )?tears", "sad"),
    (r"\bbrave face", "determined"),
    (r"\bturns? up ~nose|\bnose in the air|\bchin (?:up|high|raised)|\bhead held high", "lift_chin"),
    (
        r"\bthin line|\bseals? ~lips|\blips? (?:\w+ )?(?:sealed|tight|press|thin)|\btight-?lipped|\bzips? "
        r"~lips|\bclamps? ~(?:mouth|lips)",
        "press_lips",
    ),
    (
        r"\b(?:perks?|cocks?|pricks?) (?:up )?(?:an|~) ?ears?\b|\bas if listening|\blistens?\b|\blistening\b",
        "tilt_head",
    ),
    (
        r"\bsideways? (?:glance|look)|\bout of the corner|\bglanc\w* (?:\w+ )?(?:aside|sideways|over)"
        r"|\bside-?ey\w*|\bshifty|\bfurtive",
        "gaze_aside",
    ),
    (r"\b(?:glanc|peek|peep)\w*", "gaze_aside"),
    (
        r"\blook\w* (?:off|into the distance|out the window|to (?:the|one) side|aside|sideways|past the "
        r"camera)|\bturn\w* (?:aside|sideways)",
        "look_away",
    ),
    (r"\bbob\w* ~head|\bgroov\w*|\bvib(?:es|ing)|\bto the (?:beat|music|rhythm)", "bob_head"),
    (r"\bwobbl\w* ~head|\bhead (?:\w+ )?(?:wobbl|waggl|bobbl)\w*|\bbobblehead", "waggle_head"),
    (r"\bbreath\w* out|\bexhal\w*|\bhuff\w*", "sigh"),
    (r"\b(?:sniffl|sniff|smell|snuffl)\w*", "sniff"),
    (r"\b(?:swallow|gulp)\w*", "gulp"),
    (r"\bwrinkl\w* ~forehead|\bcreas\w* ~(?:forehead|brow)", "lower_brows"),
    (r"\b(?:snarl|growl|curls? ~lip)\w*", "sneer"),
    (r"\bflinch\w*|\brecoil\w*|\bjerks? back|\bdraws? back|\bshrinks? back|\bpulls? back", "lean_back"),
)
