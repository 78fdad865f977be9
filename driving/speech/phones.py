"""The phone inventory shared by all languages, recognisers and synthesizers: IPA-like symbols with features.

What a mouth shows of a sound is its place, manner, height and rounding, so the inventory keeps what can be
seen and merges what cannot (aspiration, length, tone, retroflexion against alveolar). Diphthongs and affricates
are two spans, one after the other. Features follow the IPA chart (International Phonetic Association, Handbook,
1999); ARPABET is that of the CMU dictionary.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

SILENCE = "_"


@dataclass(frozen=True)
class Phone:
    """One sound of the inventory.

    Attributes:
        symbol: IPA-like name.
        kind: "silence", "vowel" or "consonant".
        place: of consonants: bilabial, labiodental, dental, alveolar, postalveolar, palatal, velar, glottal,
            labiovelar.
        manner: of consonants: stop, nasal, fricative, lateral, tap, trill, approximant.
        voiced: whether the voice sounds.
        height: of vowels, 1 close (i, u) to 0 open (a).
        back: of vowels, 0 front to 1 back.
        rounded: lip rounding, 0 to 1 (consonants too).
    """

    symbol: str
    kind: str
    place: str = ""
    manner: str = ""
    voiced: bool = True
    height: float = 0.0
    back: float = 0.5
    rounded: float = 0.0


def _vowel(symbol: str, height: float, back: float, rounded: float) -> Phone:
    return Phone(symbol, "vowel", height=height, back=back, rounded=rounded)


def _consonants(manner: str, voiced: bool, *pairs: tuple[str, str]) -> list[Phone]:
    rounded = {"w": 0.9, "ʍ": 0.9, "ɥ": 0.9, "ʃ": 0.6, "ʒ": 0.6, "ɹ": 0.35, "ɕ": 0.2}
    return [
        Phone(
            symbol, "consonant", place=place, manner=manner, voiced=voiced, rounded=rounded.get(symbol, 0.0)
        )
        for symbol, place in pairs
    ]


_TABLE: list[Phone] = [
    Phone(SILENCE, "silence", voiced=False),
    _vowel("i", 1.0, 0.0, 0.0),
    _vowel("y", 1.0, 0.0, 1.0),
    _vowel("ɨ", 1.0, 0.5, 0.0),
    _vowel("ɯ", 1.0, 1.0, 0.0),
    _vowel("u", 1.0, 1.0, 1.0),
    _vowel("ɪ", 0.85, 0.2, 0.0),
    _vowel("ʊ", 0.85, 0.8, 0.7),
    _vowel("e", 0.67, 0.0, 0.0),
    _vowel("ø", 0.67, 0.0, 0.85),
    _vowel("o", 0.67, 1.0, 0.85),
    _vowel("ə", 0.5, 0.5, 0.0),
    _vowel("ɚ", 0.5, 0.5, 0.35),
    _vowel("ɜ", 0.45, 0.5, 0.15),
    _vowel("ɛ", 0.33, 0.0, 0.0),
    _vowel("œ", 0.33, 0.0, 0.7),
    _vowel("ʌ", 0.3, 0.9, 0.0),
    _vowel("ɔ", 0.33, 1.0, 0.7),
    _vowel("æ", 0.15, 0.0, 0.0),
    _vowel("ɐ", 0.15, 0.5, 0.0),
    _vowel("a", 0.0, 0.3, 0.0),
    _vowel("ɑ", 0.0, 1.0, 0.0),
    _vowel("ɒ", 0.05, 1.0, 0.45),
    *_consonants("stop", False, ("p", "bilabial"), ("t", "alveolar"), ("c", "palatal"), ("k", "velar")),
    *_consonants("stop", True, ("b", "bilabial"), ("d", "alveolar"), ("ɟ", "palatal"), ("g", "velar")),
    *_consonants("stop", False, ("ʔ", "glottal")),
    *_consonants("nasal", True, ("m", "bilabial"), ("ɱ", "labiodental"), ("n", "alveolar"), ("ɲ", "palatal")),
    *_consonants("nasal", True, ("ŋ", "velar")),
    *_consonants("fricative", False, ("f", "labiodental"), ("θ", "dental"), ("s", "alveolar")),
    *_consonants(
        "fricative", False, ("ʃ", "postalveolar"), ("ɕ", "palatal"), ("x", "velar"), ("h", "glottal")
    ),
    *_consonants("fricative", True, ("v", "labiodental"), ("ð", "dental"), ("z", "alveolar")),
    *_consonants("fricative", True, ("ʒ", "postalveolar"), ("ɣ", "velar"), ("β", "bilabial")),
    *_consonants("approximant", True, ("ʋ", "labiodental"), ("ɹ", "alveolar"), ("j", "palatal")),
    *_consonants("approximant", True, ("w", "labiovelar"), ("ɥ", "palatal")),
    *_consonants("lateral", True, ("l", "alveolar"), ("ʎ", "palatal")),
    *_consonants("trill", True, ("r", "alveolar")),
    *_consonants("tap", True, ("ɾ", "alveolar")),
]

PHONES: dict[str, Phone] = {phone.symbol: phone for phone in _TABLE}
SYMBOLS: tuple[str, ...] = tuple(PHONES)
"""All symbols; a phone's index in training data is its place here ("_" is 0)."""
INDEX: dict[str, int] = {symbol: index for index, symbol in enumerate(SYMBOLS)}

BILABIAL_SEALS: frozenset[str] = frozenset("pbm")
"""Sounds whose lips touch all along; β is narrow but open."""
LABIODENTALS: frozenset[str] = frozenset("fvɱʋ")
VOWELS: frozenset[str] = frozenset(phone.symbol for phone in _TABLE if phone.kind == "vowel")


@dataclass(frozen=True)
class PhoneSpan:
    """One phone in time.

    Attributes:
        symbol: a key of :data:`PHONES`.
        start, end: seconds.
        stress: 0 (none) to 1 (primary), of vowels.
    """

    symbol: str
    start: float
    end: float
    stress: float = 0.0

    @property
    def phone(self) -> Phone:
        """Its features."""
        return PHONES[self.symbol]

    @property
    def middle(self) -> float:
        """Middle of the span in seconds."""
        return 0.5 * (self.start + self.end)

    @property
    def seconds(self) -> float:
        """Length of the span."""
        return self.end - self.start


_SAME = {  # IPA letters that look like one of the inventory
    "ɩ": "ɪ", "ɘ": "ə", "ɵ": "ø", "ɤ": "ɯ", "ʏ": "y", "ʉ": "u", "ɶ": "œ", "ᵻ": "ɪ", "ɝ": "ɚ", "ä": "a", "ɞ": "œ",
    "ʈ": "t", "ɖ": "d", "q": "k", "ɢ": "g", "ɡ": "g", "ɓ": "b", "ɗ": "d", "ɠ": "g", "ʛ": "g", "ɸ": "f",
    "ɳ": "n", "ɴ": "ŋ", "ç": "ɕ", "ʂ": "ʃ", "ʐ": "ʒ", "ʑ": "ʒ", "χ": "x", "ʁ": "ɣ", "ħ": "h", "ʕ": "ɣ",
    "ɦ": "h", "ʝ": "j", "ɬ": "l", "ɮ": "l", "ɻ": "ɹ", "ɰ": "ɣ", "ɭ": "l", "ʟ": "l", "ɫ": "l", "ʀ": "r", "ɽ": "ɾ",
    "ɺ": "ɾ", "ʙ": "b", "ʍ": "w", "ɧ": "ʃ", "ʡ": "ʔ", "ɷ": "ʊ", "̩": "", "ⁿ": "",
}  # fmt: skip
_AFFRICATES = {"ʦ": "ts", "ʣ": "dz", "ʧ": "tʃ", "ʤ": "dʒ", "ʨ": "tɕ", "ʥ": "dʒ", "ꭧ": "tʃ", "ꭦ": "dʒ"}

_ARPABET = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AX": "ə", "AXR": "ɚ", "AY": "aɪ", "EH": "ɛ", "ER": "ɚ",
    "EY": "eɪ", "IH": "ɪ", "IX": "ɨ", "IY": "i", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "u", "UX": "u",
    "B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "DX": "ɾ", "EL": "l", "EM": "m", "EN": "n", "F": "f", "G": "g",
    "HH": "h", "HV": "h", "JH": "dʒ", "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ",
    "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ", "Q": "ʔ",
    "SIL": "_", "PAU": "_", "H#": "_", "BRTH": "_", "+NSN+": "_", "+SPN+": "_", "SPN": "_", "NSN": "_",
}  # fmt: skip


def from_ipa(text: str) -> tuple[str, ...]:
    """Symbols of a string in IPA: diacritics, length and stress are dropped, affricates become two.

    >>> from_ipa("tʃʰ")
    ('t', 'ʃ')
    >>> from_ipa("aɪ")
    ('a', 'ɪ')

    Letters outside the inventory and its look-alikes are skipped.
    """
    found: list[str] = []
    for letter in unicodedata.normalize("NFC", text):
        for part in _AFFRICATES.get(letter, letter):
            plain = _same(part)
            found.extend(plain)
    return tuple(found)


def from_arpabet(name: str) -> tuple[str, ...]:
    """Symbols of an ARPABET name, any case, stress digit or not: ``"AY1"`` is ``('a', 'ɪ')``; () if unknown."""
    return (
        from_ipa(_ARPABET.get(name.upper().rstrip("012"), ""))
        if name.upper().rstrip("012") in _ARPABET
        else ()
    )


def _same(letter: str) -> str:
    """The inventory's symbol for a letter, with its diacritics taken off; "" for none."""
    if letter in PHONES:
        return letter
    if letter in _SAME:
        return _SAME[letter]
    base = unicodedata.normalize("NFD", letter)[0]
    if base != letter:
        return _same(base)
    return ""


def spread(symbols: tuple[str, ...], start: float, end: float, stress: float = 0.0) -> list[PhoneSpan]:
    """The symbols of one recognised sound laid over its time: a diphthong's first part takes 60 %.

    An affricate's closure takes 45 %.
    """
    if not symbols:
        return []
    if len(symbols) == 1:
        return [PhoneSpan(symbols[0], start, end, stress)]
    first = 0.45 if PHONES[symbols[0]].manner == "stop" else 0.6
    shares = [first, *([(1 - first) / (len(symbols) - 1)] * (len(symbols) - 1))]
    spans, place = [], start
    for symbol, share in zip(symbols, shares):
        length = share * (end - start)
        spans.append(PhoneSpan(symbol, place, place + length, stress if symbol in VOWELS else 0.0))
        place += length
    return spans


def tidy(spans: list[PhoneSpan], seconds: float) -> list[PhoneSpan]:
    """Spans in order without overlap, gaps filled with silence, from 0 to ``seconds``.

    Neighbouring silences become one; spans shorter than a millisecond are dropped.
    """
    filled: list[PhoneSpan] = []
    place = 0.0
    for span in sorted(spans, key=lambda item: (item.start, item.end)):
        start, end = max(span.start, place), min(span.end, seconds)
        if end - start < 1e-3:
            continue
        if start - place > 1e-3:
            filled.append(PhoneSpan(SILENCE, place, start))
        else:
            start = place
        filled.append(PhoneSpan(span.symbol, start, end, span.stress))
        place = end
    if seconds - place > 1e-3:
        filled.append(PhoneSpan(SILENCE, place, seconds))
    merged: list[PhoneSpan] = []
    for span in filled:
        if merged and span.symbol == SILENCE == merged[-1].symbol:
            merged[-1] = PhoneSpan(SILENCE, merged[-1].start, span.end)
        else:
            merged.append(span)
    return merged
