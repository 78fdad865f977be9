"""The performers by name: actions that do more than rise and stay say in ``Action.performer`` which they need.

A performer writes into ``controls`` (T, C); it is given an event (times in seconds, amplitude, repetitions)
and draws what people vary from ``generator``.
"""

from __future__ import annotations

from text2motion.corpus import performers_face as face
from text2motion.corpus import performers_head as head
from text2motion.corpus import performers_voice as voice
from text2motion.corpus.events import Event, Performer, swapped

__all__ = ["PERFORMERS", "Event", "Performer", "swapped"]

PERFORMERS: dict[str, Performer] = {
    "": head.perform_hold,
    "either": head.perform_either,
    "nod": head.perform_nod,
    "shake": head.perform_shake,
    "circle": head.perform_circle,
    "bob": head.perform_bob,
    "roll_eyes": head.perform_roll_eyes,
    "look_around": head.perform_look_around,
    "lid_pulse": face.perform_lid_pulse,
    "wink": face.perform_wink,
    "either_wink": face.perform_either_wink,
    "pulse": face.perform_pulse,
    "tap": face.perform_tap,
    "yawn": face.perform_yawn,
    "kiss": face.perform_kiss,
    "blow": face.perform_blow,
    "sigh": face.perform_sigh,
    "burst": face.perform_burst,
    "lick": face.perform_lick,
    "tremble": face.perform_tremble,
    "restless": face.perform_restless,
    "drooping": face.perform_drooping,
    "bouncing": face.perform_bouncing,
    "talk": voice.perform_talk,
    "laugh": voice.perform_laugh,
    "sob": voice.perform_sob,
    "chew": voice.perform_chew,
}
