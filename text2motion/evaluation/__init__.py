"""How good is a text-to-motion model: instruction accuracy, retrieval precision, Fréchet distance, variety,
jitter.

Owns the prompt suite, the checks on measured signals, and the yardsticks (the corpus' own performers, the
nearest caption). It does not own the signals (``flame.signals``) nor the command (``mvportrait evaluate
motion``).
"""

from text2motion.evaluation.accuracy import Take, by_category, evaluate, share_passed
from text2motion.evaluation.generators import by_corpus, by_models
from text2motion.evaluation.suite import Instruction, default_suite, load_suite

__all__ = [
    "Instruction",
    "Take",
    "by_category",
    "by_corpus",
    "by_models",
    "default_suite",
    "evaluate",
    "load_suite",
    "share_passed",
]
