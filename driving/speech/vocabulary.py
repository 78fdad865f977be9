"""The English words that are listened for: the likeliest of the recogniser's language model.

Lips need phones, not spelling, and a rare word that is missing is heard as common ones that sound like it. With the
8000 likeliest of its 126,000 words the recogniser finds as many p, b, m, f, v as with all of them, in two thirds of
the time. ``python -m driving.speech.vocabulary`` made the list.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from pathlib import Path

WORDS = 8000
_LIST = Path(__file__).with_name("vocabulary.txt")
_VARIANT = re.compile(r"\(\d+\)$")


@lru_cache(maxsize=1)
def listened_for() -> frozenset[str]:
    """The words, in small letters."""
    return frozenset(_LIST.read_text(encoding="ascii").split())


@lru_cache(maxsize=1)
def dictionary_text() -> str:
    """The lines of pocketsphinx's dictionary (its wheel brings it) that are of these words, all pronunciations."""
    words = listened_for()
    with _dictionary().open(encoding="utf-8") as lines:
        return "".join(line for line in lines if _word(line) in words)


def likeliest(count: int) -> list[str]:
    """The words of the dictionary that the recogniser's language model holds for the likeliest, sorted by letters."""
    import pocketsphinx

    model = pocketsphinx.NGramModel(
        pocketsphinx.Config(lm=None),
        pocketsphinx.LogMath(1.0001),
        pocketsphinx.get_model_path("en-us/en-us.lm.bin"),
    )
    with _dictionary().open(encoding="utf-8") as lines:
        words = sorted({_word(line) for line in lines if line.strip()})
    return sorted(sorted(words, key=lambda word: -model.prob([word]))[:count])


def _dictionary() -> Path:
    import pocketsphinx

    return Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"))


def _word(line: str) -> str:
    return _VARIANT.sub("", line.split(None, 1)[0]) if line.strip() else ""


if __name__ == "__main__":
    sys.stdout.write("\n".join(likeliest(WORDS)) + "\n")
