"""Training of the speech network: features cached once, segments drawn by seed, the trainer. ``python -m
driving.speech.training``."""
