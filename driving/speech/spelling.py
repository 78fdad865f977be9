"""English spelling to sounds by rule, for words outside a dictionary; and numbers in words."""

from __future__ import annotations

import re

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_LONGEST_NUMBER = 9

# Longest first; what stands in ARPABET.
_RULES: tuple[tuple[str, str], ...] = (
    ("tion", "SH AH N"), ("sion", "ZH AH N"), ("ough", "AO"), ("augh", "AO"), ("eigh", "EY"), ("tch", "CH"),
    ("igh", "AY"), ("dge", "JH"), ("sch", "SH"), ("ch", "CH"), ("sh", "SH"), ("th", "TH"), ("ph", "F"), ("wh", "W"),
    ("ck", "K"), ("ng", "NG"), ("qu", "K W"), ("kn", "N"), ("wr", "R"), ("gh", "G"), ("ee", "IY"), ("ea", "IY"),
    ("oo", "UW"), ("ou", "AW"), ("ow", "OW"), ("oi", "OY"), ("oy", "OY"), ("ai", "EY"), ("ay", "EY"), ("au", "AO"),
    ("aw", "AO"), ("ie", "IY"), ("ei", "EY"), ("oa", "OW"), ("ue", "UW"), ("ew", "UW"), ("er", "ER"), ("ir", "ER"),
    ("ur", "ER"), ("ar", "AA R"), ("or", "AO R"), ("bb", "B"), ("dd", "D"), ("ff", "F"), ("gg", "G"), ("ll", "L"),
    ("mm", "M"), ("nn", "N"), ("pp", "P"), ("rr", "R"), ("ss", "S"), ("tt", "T"), ("zz", "Z"), ("ce", "S EH"),
    ("ci", "S IH"), ("cy", "S IY"), ("a", "AE"), ("b", "B"), ("c", "K"), ("d", "D"), ("e", "EH"), ("f", "F"),
    ("g", "G"), ("h", "HH"), ("i", "IH"), ("j", "JH"), ("k", "K"), ("l", "L"), ("m", "M"), ("n", "N"), ("o", "AA"),
    ("p", "P"), ("q", "K"), ("r", "R"), ("s", "S"), ("t", "T"), ("u", "AH"), ("v", "V"), ("w", "W"), ("x", "K S"),
    ("y", "IY"), ("z", "Z"),
)  # fmt: skip
_LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}


def pronounce(word: str) -> str:
    """ARPABET of a word by rule, phones with spaces between: right for lips more often than for vowels.

    >>> pronounce("blimp")
    'B L IH M P'
    """
    letters = re.sub(r"[^a-z]", "", word.lower())
    silent_e = re.fullmatch(r"(.*)([aeiou])([bcdfgklmnpstvz])e(s?)", letters)
    if silent_e:
        before, vowel, consonant, plural = silent_e.groups()
        last = {"c": "S", "g": "JH"}.get(consonant, consonant.upper())
        return " ".join(
            part for part in (_by_rule(before), _LONG[vowel], last, "S" if plural else "") if part
        )
    return _by_rule(letters) or "AH"


def numbers_in_words(text: str) -> str:
    """The text with whole numbers (up to nine digits) written in words; longer ones digit by digit."""
    return re.sub(r"\d[\d,]*", lambda found: f" {_number(found.group().replace(',', ''))} ", text)


def _by_rule(letters: str) -> str:
    sounds: list[str] = []
    while letters:
        for pattern, sound in _RULES:
            if letters.startswith(pattern):
                sounds.append(sound)
                letters = letters[len(pattern) :]
                break
    return " ".join(sounds)


def _number(digits: str) -> str:
    if len(digits) > _LONGEST_NUMBER or (len(digits) > 1 and digits[0] == "0"):
        return " ".join(_ONES[int(digit)] for digit in digits)
    value = int(digits)
    if 1100 <= value < 2000 and len(digits) == 4:  # years
        rest = value % 100
        return f"{_below_hundred(value // 100)} {_below_hundred(rest) if rest else 'hundred'}"
    return _cardinal(value)


def _cardinal(value: int) -> str:
    for size, name in ((1_000_000, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = value % size
            return f"{_cardinal(value // size)} {name}" + (f" {_cardinal(rest)}" if rest else "")
    return _below_hundred(value)


def _below_hundred(value: int) -> str:
    if value < 20:
        return _ONES[value]
    return _TENS[value // 10] + (f" {_ONES[value % 10]}" if value % 10 else "")
