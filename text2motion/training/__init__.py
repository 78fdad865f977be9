"""Training of MotionDM and EmotionDM: the caption bank, scenes by seed, the trainer. ``python -m
text2motion.training``."""
