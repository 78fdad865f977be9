"""Fitting a head to face landmarks.

Owns: from MediaPipe's 478 points to identity, expression, pose, jaw, eyes, eyelids and camera, for
photos and clips. Does not own: finding faces in pictures, or smoothing by taste.
"""

from flame.fitting.fit import FitResult, fit_landmarks
from flame.fitting.mediapipe_points import MEDIAPIPE_OF_68
from flame.fitting.priors import FitPriors

__all__ = ["MEDIAPIPE_OF_68", "FitPriors", "FitResult", "fit_landmarks"]
