"""Pictures in, videos and sheets out.

Owns: reading pictures that may be hostile, the streaming H.264 writer, grids and contact sheets.
Does not own: where outputs go and when they appear there (``mvportrait.outputs``).
"""
