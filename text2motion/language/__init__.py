"""What prompts mean, word by word: spelling, scenery, sides, times, order, recognition.

Each module is one pass over lower-case text; :mod:`text2motion.prompt` strings them together. Nothing here
imports torch but :mod:`.semantics`, and that only when a fragment is known to nobody else.
"""
