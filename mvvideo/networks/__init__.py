"""The multi-view video denoiser, put together from diffusers' own blocks.

Owns: the codec, the reference network, guidance and token encoders, motion and view attention, and how the
predicted layers become a picture. Does not own: sampling (:mod:`mvvideo.sampling`), weights on disk
(:mod:`mvvideo.pipeline`), the meaning of guidance channels (:mod:`mvvideo.guidance`).
"""
