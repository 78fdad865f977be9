"""Training and evaluation of the video model: clips on disk, losses, trainer, command line.

Owns: the clip format, the batches, the losses, the three-phase trainer. Does not own: rendering of actors
(:mod:`mvvideo.actors`), the networks (:mod:`mvvideo.networks`).
"""
