"""One spelling for many wordings: punctuation, contractions, sides as the viewer sees them, idioms."""

from __future__ import annotations

import re

from text2motion.language.recognition import is_action_word
from text2motion.language.spelling import corrected

_PLAIN = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": ",", "…": ",", "&": " and ",
    "→": ", then ", "*": " ", "_": " ", "[": "(", "]": ")", "{": "(", "}": ")", "|": ",", "~": " ", "#": " ", "•": ";",
    "×": "x"})  # fmt: skip
_OTHER = {"left": "right", "right": "left"}
_SEEN = (
    r"(?:viewer|viewers|audience|spectator|observer|camera|watcher)(?:'s|s'|s)?(?: own)?|our|screen|frame|image"
    r"|picture|house"
)
_FLIP_BEFORE = re.compile(rf"\b(?:the )?(?:{_SEEN})[- ](left|right)\b(?!ed)")
_FLIP_AFTER = re.compile(
    r"\b(left|right)(?: hand)?(?: side| edge| part)? (?:of|in) the (?:screen|frame|image|picture|shot"
    r"|video|view)\b"
    r"|\b(left|right)(?:,)? (?:as seen (?:by|from)(?: the)? \w+|from (?:the |our )?(?:viewer|camera|audience"
    r"|point of view"
    r"|perspective|side)(?:'s)?(?: (?:point of view|perspective|side|view|pov))?|as (?:we|you) see it)"
)
_PLACED = re.compile(
    r"\b(?:in|on|at) the (?:left|right|upper|lower|top|bottom)(?:[- ]hand)?(?: (?:left|right))? (?:half|side"
    r"|part"
    r"|third|corner|edge) of (?:the|a) (?:frame|screen|image|picture|shot|photo|room)\b"
)
_OWN = re.compile(
    r"\b(?:stage|anatomical|(?:the )?(?:subject|actor|actress|character|person|woman|man|speaker|performer"
    r"|girl|boy)'s"
    r"(?: own)?|(?:his|her|their|your|its|my) (?:own|very own)) (left|right)\b"
)
_NOT_A_SIDE = re.compile(
    r"\bright (?=away\b|now\b|in (?:front|the middle|the cent)|into the (?:camera|lens)|up to\b"
    r"|at the (?:camera|viewer|lens|audience|end"
    r"|start|beginning)|at (?:us|me|you)\b|back at\b)|(?:^|(?<=[,.;] )|(?<=\band ))right (?=before|after|when"
    r"|as\b)|\ball right\b"
    r"|\b(?:is|was|has|had|been) left\b(?! (?:by|in))"
)
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bw/o\b", "without"),
        (r"\b(?:idk|tho|pls|plz|thx|btw|imo|y'know|you know|or something|or whatever|i guess)\b", ""),
        (r"\b(?:kind|sort) of\b", "slightly"),
        (r"\b(?:in |during |for |over )?(?:the )?first half(?: of the (?:clip|video|shot))?\b:?", "⟦w0·00⟧"),
        (
            r"\b(?:in |during |for |over )?(?:the )?(?:second|other) half(?: of the (?:clip|video|shot))?\b:?",
            "⟦w0·50⟧",
        ),
        (r"\brepeat(?:s|ed)?:", "repeatedly"),
        (
            r"\b(smile|grin) (?:lights(?: up)?|brightens|warms|transforms) (her|his|their|the) face\b",
            r"\1 on \2 face",
        ),
        (
            r"\bhead (?:flops|falls|lolls|drops|sinks|droops|rests) (?:down )?(?:on ?to|to|on|towards?) "
            r"(?:his |her |their |the )?(left|right) shoulder\b",
            r"head tilts to the \1",
        ),
        (
            r"\b(?:just |only )?one (eye|eyebrow|brow|eyelid|corner|cheek),? (?:the|his|her|their) (left|right)"
            r"(?: one)?\b",
            r"the \2 \1",
        ),
        (
            r"\bback (?:to|towards?|at|into) ((?:the )?(?:camera|lens|viewer|front|middle|cent(?:er|re))"
            r"|us|you|me) with\b",
            r"back to \1, with",
        ),
        (
            r"\b(then|and) to (the (?:camera|lens|viewer|front|middle|cent(?:er|re))) again\b",
            r"\1 back to \2",
        ),
        (r"\bwithout blinking\b,?", ", stares without blinking,"),
        (r"\bw/(?=\s|\w)", "with "),
        ("->|=>|>", ", then "),
        (r"\s\+\s", " and "),
        (r"\bn't\b", " not"),
        (r"\b(he|she|they|it|who|that)'s\b", r"\1 is"),
        (r"\b(they|you|we)'re\b", r"\1 are"),
        (r"\bcan not\b", "cannot"),
        (r"\b(\d+)\s?x\b", r"\1 times"),
        (r"\bx\s?(\d+)\b", r"\1 times"),
        (r"\b(eye)\s+(brow|lid|lash)", r"\1\2"),
        (r"\beye-(brow|lid|lash)", r"eye\1"),
        (r"\bside eye", "side-eye"),
        (r"\bhalf way\b", "halfway"),
        (r"\bmid way\b", "midway"),
        (r"\bslow motion\b", "slow-motion"),
        (r"\bhead-on\b", "ahead"),
        (r"\b(left|right)[- ]?wards?\b", r"\1"),
        (r"\b(up|down)[- ]?wards?\b", r"\1"),
        (
            r"\bto(?:wards?)? (?:the |his |her |their )?(left|right)[- ]hand (?:side|direction)\b",
            r"to the \1",
        ),
        (r"\b(?:can't|cannot|can't|couldn't) (?:help but|help|stop|resist) ", "keeps "),
        (r"\bnot only\b", ""),
        (r"\bbut also\b", "and"),
        (r"\bas well as\b", "and"),
        (r"\bwhile at the same time\b", "while"),
        (r"\b(?:does not|doesn't|do not|don't|never) stop(?:s|ping)? ", "keeps "),
        (r"\bwithout stopping\b", "non-stop"),
        (
            r"\b(?:bit by bit|little by little|at a (?:leisurely|slow|snail's|relaxed) pace|in slow-motion"
            r"|(?:with|in) no hurry)\b",
            "slowly",
        ),
        (
            r"\bin (?:a (?:flash|hurry|jiffy|rush)|an instant|the blink of an eye|no time|haste)\b|\bat (?:a "
            r")?(?:high|great|full|lightning) (?:speed|pace)\b",
            "quickly",
        ),
        (r"\ball of a sudden\b|\bout of nowhere\b", "suddenly"),
        (r"\bback and forth\b", "back-and-forth"),
        (r"\bto and fro\b", "back-and-forth"),
        (
            r"\b((?:tilt|tip|wobbl|rock|waggl|bobbl|cock|roll|loll|sway|swing)\w* (?:her |his |their |the "
            r")?(?:head )?)(?:from )?(?:left (?:and|to) right|right (?:and|to) left|back-and-forth)\b",
            r"\1from side to side",
        ),
        (
            r"\b((?:brows?|eyebrows|chin|jaw|shoulders|head|nods?|nodding)(?: (?!and\b)\w+){0,2}) up and "
            r"down\b",
            r"\1 up-and-down",
        ),
        (
            r"\b((?:mov|wag|swing)\w* (?:her |his |their |the )?(?:head|face)) (?:to the )?(?:left and (?:to "
            r"the )?right|right and (?:to the )?left)\b",
            r"\1 left-and-right",
        ),
        (r"\bup and down (?=with (?:his|her|their|the) head)", "up-and-down "),
        (
            r"\b(sh[ao]\w+ (?:his |her |their |your |the )?(?:head|face)) (?:from )?(?:left (?:and|to) right"
            r"|right (?:and|to) left|back and forth|side to side)",
            r"\1 no",
        ),
        (
            r"\b(eyes?|brows?|eyebrows|mouth|head) and (eyes?|brows?|eyebrows|mouth) (wide open|open|closed"
            r"|shut|raised|wide)\b",
            r"\1 \3 and \2 \3",
        ),
        (r"\bhead and (?:eyes|gaze)\b", "head"),
        (r"\beyes and head\b", "head"),
        (r"\bgaze and head\b", "head"),
        (r"\bface and head\b|\bhead and (?:neck|shoulders|face)\b", "head"),
        (
            r"\bopen(s|ing)? and (?:clos|shut)\w* ((?:his|her|their|your|the|both)? ?(?:mouth|eyes?|lips"
            r"|jaw))\b",
            r"open\1 \2, then closes \2",
        ),
        (
            r"\b(?:clos|shut)\w* and (?:re-?)?open(s|ing)? ((?:his|her|their|your|the|both)? ?(?:mouth|eyes?"
            r"|lips|jaw))\b",
            r"closes \2, then opens \2",
        ),
        (
            r"\b(rais|lift)(es|s|e|ing|)? and (?:then )?(?:lower|drop)\w* ((?:his|her|their|your|the|both)? "
            r"?(?:\w+))\b",
            r"\1\2 \3, then releases it",
        ),
        (
            r"\b(lower|drop)(s|ing|) and (?:then )?(?:rais|lift)\w* ((?:his|her|their|your|the)? ?(?:head"
            r"|chin|gaze))\b",
            r"\1\2 \3, then raises \3",
        ),
        (
            r"\b(clos|shut)(\w*) ([\w ]*?)\b(eyes?|mouth)\b([^,.;]*?),?(?: and)?(?: then)? (re)?open(s|ing)? "
            r"(them|it)\b",
            r"\1\2 \3\4\5, then opens \4",
        ),
        (
            r"\b(open)(\w*) ([\w ]*?)\b(eyes?|mouth)\b([^,.;]*?),?(?: and)?(?: then)? (clos|shut)(\w*) (them"
            r"|it)\b",
            r"\1\2 \3\4\5, then closes \4",
        ),
        (
            r"\b(?:on|at|to) (his|her|their|the) (left|right)(?: side)?\b(?=$|[,.;:!]| (?:and|then|while"
            r"|with|as|before|after|for|again|slowly|quickly)\b)",
            r"to \1 \2",
        ),
        (
            r"\b(up|down) (?:and )?(?:to|towards?) (?:the |his |her |their )(left|right)\b",
            r"\1 and to the \2",
        ),
        (r"\b(?:upper|top)[- ](left|right)\b(?! lip)", r"up and \1"),
        (r"\b(?:lower|bottom)[- ](left|right)\b(?! lip)", r"down and \1"),
        (r"\b(up|down|left|right)[-/ ](left|right|up|down)\b(?! and)", r"\1 and \2"),
        (
            r"\bfrom (?:the |one |his |her )?(left|right) (?:side )?to (?:the |his |her )?(left|right)\b",
            r"to the \1, then to the \2",
        ),
        (r"\bsays? '?(yes|no)\b'?", r"says \1"),
        (
            r"\b(smil\w*|laugh\w*|frown\w*|expression) (?:(?:slowly|gradually|quickly|suddenly) )?(?:that "
            r")?(?:turns?|turning|fad\w*|melt\w*|morph\w*|giv\w* way|chang\w*|shift\w*|dissolv\w*|becom\w*) "
            r"(?:into|to) ",
            r"\1, then ",
        ),
        (
            r"\b(?:turns?|turning|melts?|morphs?|changes?|shifts?|gives? way|transforms?|dissolves?|bursts?) "
            r"(?:into|to) (?=an? |\w+ment|\w+ness|anger|joy|laugh|tears|fear|grief|horror|surprise|smil"
            r"|frown|sad|happ)",
            ", then ",
        ),
        (
            r"\b(?:smile|grin|laugh|frown|expression|look) (?:slowly |gradually |quickly )?(?:fades?"
            r"|vanish\w*|disappear\w*|drops?|falls?|dies?|slips?)(?: away| off| from \w+ face)?\b",
            "relaxes the face",
        ),
        (r"\bstop(?:s|ped|ping)? (smil|laugh|grin|frown|pout|scowl|talk|chew|yawn)\w+", "relaxes the face"),
        (r"\blets? go of (?:the|his|her|their) (?:smile|expression|frown)", "relaxes the face"),
        (
            r"\b(?:drop|los|wip)\w* (?:the|his|her|their) (?:smile|grin|frown)(?: off \w+ face)?",
            "relaxes the face",
        ),
        (r"\b(?:fixed|locked|glued|trained|set|focused|fixated) on\b", "looking at"),
        (r"\bstop(?:s|ped|ping)? (?=(?:blink|mov|nod|shak|star|wink|look|turn|chew)\w+)", "without "),
        (r"\bmore and more\b|\bbit by bit\b", "gradually"),
        (r"\bhas not\b|\bhave not\b", "without"),
        (r"\b(?:named|called) \w+", ""),
        (r"\b(?:again and again|over and over(?: again)?|time and (?:time )?again)\b", "repeatedly"),
        (r"\b(scrunch|screw|crinkl|wrinkl|perk|squeez|light|bunch|crumpl|contort)(\w*) up\b", r"\1\2"),
        (r"\b(in|during|for|within|over) the first ", "at 0 seconds for "),
        (r"\b(?:in|during|for|within|over) the (?:last|final) (\w+|\d+) seconds?", r"⟦l\1⟧"),
        (r"\bin the (?:last|final) second\b", "⟦l1⟧"),
        (r"\bevery (?:\w+ )?(?:seconds?|moments?)\b|\bonce (?:per|a|every) second\b", "repeatedly"),
        (r"\bfrom second (\d+) to second (\d+)\b", r"from \1 to \2 seconds"),
        (r"\bmad scientist\b", "scientist"),
        (r"\bhappy birthday\b", ""),
        (r"\bno (?:trace|sign|hint) of (?:a |an )?", "without "),
        (r"\btr(?:y|ies|ying) (?:hard )?not to (?:laugh|smile|cry)\w*", "presses the lips together"),
        (
            r"\b(?:suppress(?:es|ing)?|(?:hold|bit)\w* back) (?:a |the )?(?:laugh|smile|giggle)\w*",
            "presses the lips together",
        ),
        (r"\bnot (?:very |at all |too |so |really |exactly )?(?:happy|pleased|glad)(?: at all)?\b", "sad"),
        (r"\bnot (?:very |at all |too |so |really )?(?:impressed|interested|entertained)\b", "bored"),
        (r"\bnot (?:very |really )?amused\b", "annoyed"),
        (r"\bnot (?:very |really |entirely )?(?:convinced|buying it)\b", "sceptical"),
        (r"\bnot (?:very |really )?sure\b", "confused"),
    )
)
_QUOTED = re.compile(r'"([^"]*)"')


def tidied(text: str) -> str:
    """Lower-case text in one spelling, sides always the subject's own."""
    text = text.lower().translate(_PLAIN)
    if text.strip().startswith('"') and text.strip().endswith('"') and text.count('"') == 2:
        text = text.replace('"', "")
    text = _QUOTED.sub(
        lambda m: m.group(1) if m.group(1).strip(" .,!") in ("yes", "no", "uh-huh") else "something", text
    )
    text = re.sub(r"\bn't\b", "n't", text)
    text = re.sub(r"\b(\d):(\d\d)\s*(?:-|to)\s*(\d):(\d\d)\b", _clock, text)
    text = corrected(text)
    text = _PLACED.sub("", text)
    text = _FLIP_BEFORE.sub(lambda m: "the " + _OTHER[m.group(1)], text)
    text = _FLIP_AFTER.sub(lambda m: _OTHER[m.group(1) or m.group(2)], text)
    text = _OWN.sub(r"the \1", text)
    text = _NOT_A_SIDE.sub("", text)
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = re.sub(r"\b(\w{3,})((?:[ ,]+\1)+)\b", _doubled, text)
    text = re.sub(r"\((.*?)\)", r", \1, ", text)
    text = text.replace("(", ", ").replace(")", ", ").replace('"', "")
    return " ".join(text.split(" ")).strip()


def _doubled(match: re.Match[str]) -> str:
    """ "nod nod nod" is three nods; "very very" is "very"."""
    word = match.group(1)
    if word.endswith("ly") or not is_action_word(word):
        return word
    return f"{word} {1 + len(re.findall(word, match.group(2)))} times"


def _clock(match: re.Match[str]) -> str:
    first, second, third, fourth = (int(group) for group in match.groups())
    return f"{60 * first + second}-{60 * third + fourth}s"
