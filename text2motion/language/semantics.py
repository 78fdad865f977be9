"""Words that no pattern knows are compared by meaning with the vocabulary's captions.

The frozen sentence encoder gives one vector per caption (its token states averaged); an unknown fragment names the
action whose captions are nearest, if they are near enough. Left and right are nearly the same sentence to such an
encoder, so sides are left out of the comparison and read from the words; the same goes for up and down, open and
shut.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from pathlib import Path

import numpy as np

from text2motion.corpus.actions import Action
from text2motion.corpus.phrases import third_person
from text2motion.corpus.vocabulary import ACTION_BY_NAME, ACTIONS
from text2motion.language import lexicon
from text2motion.language.ellipsis import seems_an_action
from text2motion.language.recognition import is_other_subject

NEAR_ENOUGH = 0.58
_ALONE = 0.75  # for a single word, which says little
_MARGIN = 0.012  # by which the best must beat the best action of other muscles
_MOST_CAPTIONS = 10
_FILE = Path(__file__).parent / "captions.npz"
_VERB = re.compile(r"^\w{3,}(?:s|ing|ed)$")
_SIDE = re.compile(r"\b(left|right)\b")
_UNWEIGHED = re.compile(
    r"\b(?:to (?:the |her |his |their )?(?:left|right)(?: side)?|left|right|her|his|their|its|your|my|the|an?"
    r"|she|he|they|woman|man"
    r"|girl|boy|person)\b"
)
#: What people do with the rest of the body, which no head motion shows.
_WHOLE_BODY = re.compile(
    r"\b(?:walk|run|jump|danc|jog|climb|crawl|kneel|danc|clap|wav|point|juggl|cook|typ|writ|read|driv|rid|swim"
    r"|sit|stand|stood|sat"
    r"|drink|paint|knit a|play|answer|hold|carr|catch|throw|kick|punch|box|hug|shake hands|fly|paus|work"
    r"|sleepwalk|wear|dress|comb"
    r"|brush|wash|shav|tie|stretch|salut|march|hik|skat|ski|row|push-?up|squat|cross(?:es|ing) (?:his|her"
    r"|their) (?:arms|legs))\w*"
)
_OPPOSITES = (
    (re.compile(r"\b(?:up|upward|ceiling|sky|rais\w+|lift\w*|high|above)\b"), re.compile(r"_down\b|^lower"
                                                                                         r"|tuck_chin|droop")),
    (
        re.compile(r"\b(?:down|downward|floor|ground|lower\w*|drop\w*|below|sinks?|sag\w*)\b"),
        re.compile(r"_up\b|^raise|lift_chin|widen"),
    ),
    (re.compile(r"\b(?:clos\w+|shut\w*)\b"), re.compile(r"^open|^widen")),
    (re.compile(r"\b(?:open\w*|part\w*)\b"), re.compile(r"^close")),
    (re.compile(r"\b(?:back|backwards?|away)\b"), re.compile(r"lean_forward")),
    (re.compile(r"\b(?:forwards?|closer|towards?)\b"), re.compile(r"lean_back")),
)  # fmt: skip


def nearest_action(text: str) -> Action | None:
    """The action whose captions mean nearly the same as ``text``, or None where none comes near enough."""
    if not _comparable(text):
        return None
    ranked = ranked_actions(text)
    needed = NEAR_ENOUGH if len(text.split()) > 1 else _ALONE
    if not ranked or ranked[0][1] < needed:
        return None
    best, score = ranked[0]
    rival = next((s for action, s in ranked[1:] if action.axis != best.axis), 0.0)
    return best if score - rival >= _MARGIN or score > NEAR_ENOUGH + 0.1 else None


def _comparable(text: str) -> bool:
    """Whether a fragment may be an action of the head: no other part of the body, no scenery, a verb or a state."""
    if re.search(rf"\b{lexicon.ELSEWHERE}\b", text) or _WHOLE_BODY.search(text) or is_other_subject(text):
        return False
    words = [w for w in text.split() if w not in ("is", "are", "being", "was")]
    parts = any(w in lexicon.PARTS for w in words)
    return seems_an_action(" ".join(words)) or (
        parts and any(w in lexicon.STATES or (_VERB.match(w) and w not in lexicon.PARTS) for w in words)
    )


def ranked_actions(text: str, most: int = 6) -> list[tuple[Action, float]]:
    """The likeliest actions with their cosine similarity, best first; [] without the encoder."""
    vector = _vector(_bare(text))
    if vector is None:
        return []
    bank, names = _bank()
    scores = bank @ vector  # (N,)
    found: dict[str, float] = {}
    for index in np.argsort(-scores)[:60]:
        name = names[index]
        if any(said.search(text) and excluded.search(name) for said, excluded in _OPPOSITES):
            continue
        found.setdefault(name, float(scores[index]))
    best = sorted(found.items(), key=lambda item: -item[1])[:most]
    return [(ACTION_BY_NAME[_sided(name, text)], score) for name, score in best]


def bank_captions() -> tuple[list[str], list[str]]:
    """Captions that unknown words are compared with, and the action of each; sides left out."""
    texts: list[str] = []
    names: list[str] = []
    seen: set[tuple[str, str]] = set()
    for action in ACTIONS:
        if "_right" in action.name:
            continue
        step = max(1, len(action.phrases) // _MOST_CAPTIONS)
        for phrase in action.phrases[::step][:_MOST_CAPTIONS]:
            text = phrase.lstrip("=").format(poss="her", obj="her")
            if not phrase.startswith("="):
                verb, _, rest = text.partition(" ")
                text = f"{third_person(verb)} {rest}".strip()
            text = _bare(text)
            if (text, action.name) not in seen:
                seen.add((text, action.name))
                texts.append(text)
                names.append(action.name)
    return texts, names


def _bare(text: str) -> str:
    """Without sides, possessives and articles, which the comparison would weigh more than the verb."""
    return " ".join(_UNWEIGHED.sub(" ", text).split())


def bank_digest() -> str:
    """What tells whether stored vectors belong to the captions of today."""
    return hashlib.sha256(json.dumps(bank_captions()).encode()).hexdigest()[:16]


def write_bank(path: Path = _FILE) -> None:
    """Encode all captions and store their vectors in 8 bits."""
    texts, _ = bank_captions()
    vectors = np.stack([_encoded(text) for text in texts])
    np.savez_compressed(
        path, digest=bank_digest(), vectors=np.rint(vectors * 400.0).clip(-127, 127).astype(np.int8)
    )


@functools.lru_cache(maxsize=1)
def _bank() -> tuple[np.ndarray, list[str]]:
    """(N, 384) unit vectors and the action of each; from the file, or encoded anew where captions have changed."""
    texts, names = bank_captions()
    if _FILE.exists():
        with np.load(_FILE, allow_pickle=False) as data:
            if str(data["digest"]) == bank_digest():
                vectors = data["vectors"].astype(np.float32)
                return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), names
    return np.stack([_encoded(text) for text in texts]), names


@functools.lru_cache(maxsize=4096)
def _vector(text: str) -> np.ndarray | None:
    from flame.errors import MissingDependencyError

    plain = " ".join(text.split())
    if not plain:
        return None
    try:
        return _encoded(plain)
    except (MissingDependencyError, ImportError):
        return None


def _encoded(text: str) -> np.ndarray:
    """The mean of a text's token states, of length 1."""
    from text2motion.encoder import default_encoder

    mean = default_encoder().encode([text])[0].mean(axis=0)
    return mean / np.linalg.norm(mean)


def _sided(name: str, text: str) -> str:
    """The left or right version of an action as the words say; the unsided one, or left, where they do not."""
    side = _SIDE.search(text)
    if "left" in name:
        if side is not None:
            return name.replace("left", side.group(1))
        for plain in (
            name.replace("_left", ""),
            name.replace("_left", "_head"),
            name.replace("look_left", "look_away"),
        ):
            if plain in ACTION_BY_NAME:
                return plain
        return name
    if side is not None and f"{name}_{side.group(1)}" in ACTION_BY_NAME:
        return f"{name}_{side.group(1)}"
    return name
