"""Options are checked before anything heavy happens; a refusal says the rule, the value and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flame.errors import ConfigError, InputError, PromptError
from mvportrait.options import AnimateOptions, TurntableOptions, parse_views

GOOD = {"reference": "photo.png", "text": "smiles"}

BAD = {
    "no driver": ({"text": None}, "nothing drives the head: no driver; give --text, --script, --audio"),
    "a driver for nothing": (
        {"text": None, "video": Path("v.mp4"), "motion": Path("m.npz")},
        "--motion would move nothing beside the other drivers",
    ),
    "a mix of what is not given": ({"mix": "lips=audio"}, "--mix takes lips from audio, which is not given"),
    "a mix of nonsense": ({"mix": "ears=text"}, "--mix is GROUP=DRIVER"),
    "a transcript of nothing": ({"transcript": "hello"}, "--transcript is about --audio, which is not given"),
    "a face of nothing": ({"face": 1}, "--face is about --video, which is not given"),
    "a start of nothing": ({"start": 1.0}, "--start is about --audio and --video"),
    "negative start": ({"audio": Path("a.wav"), "start": -1.0}, "--start must be between 0 and"),
    "negative face": (
        {"video": Path("v.mp4"), "face": -1},
        "--face must be between 0 (the largest) and 15: -1",
    ),
    "unknown region": ({"video": Path("v.mp4"), "regions": "lips,ears"}, "--regions are pose"),
    "unknown strength": ({"video": Path("v.mp4"), "strength": "lips=9"}, "--strength is REGION=FACTOR"),
    "unknown neutral": ({"video": Path("v.mp4"), "neutral": "last"}, "--neutral is first or clip: last"),
    "absolute mix": (
        {"motion": Path("m.npz"), "absolute": True},
        "--absolute needs a single driver: --text and --motion",
    ),
    "nan intensity": ({"intensity": float("nan")}, "--intensity must be between 0 and 2"),
    "huge mouth": ({"audio": Path("a.wav"), "mouth": 9.0}, "--mouth must be between 0.3 and 2"),
    "empty prompt": ({"text": ""}, "the prompt is empty"),
    "blank prompt": ({"text": " \n\t"}, "the prompt is empty"),
    "wordless prompt": ({"text": "?!"}, "the prompt is empty"),
    "long prompt": ({"text": "smiles " * 2000}, "at most 1000 characters: 14000"),
    "no views": ({"views": "0"}, "--views must be between 1 and 32: 0"),
    "negative views": ({"views": "-2"}, "--views must be between"),
    "too many views": ({"views": "1000"}, "--views must be between"),
    "empty view name": ({"views": "front,,left"}, "empty name"),
    "empty views": ({"views": " "}, "empty name"),
    "view twice": ({"views": "front,left,front"}, "names a view twice"),
    "photo twice": ({"other_references": ("a.png", "photo.png")}, "names a photo twice: photo.png"),
    "many photos": ({"other_references": tuple("abcdefgh")}, "at most 8 photos of a person: 9"),
    "full frame from the side": (
        {"views": "left,right", "full_frame": True},
        "needs a view from the photo's own camera: --views left,right",
    ),
    "full frame of a big preset": (
        {"preset": "sd15", "weights": Path(__file__), "full_frame": True},
        "for the package's own presets: preset sd15",
    ),
    "negative seconds": ({"seconds": -1.0}, "--seconds must be more than 0 and at most 600 seconds: -1"),
    "no seconds": ({"seconds": 0.0}, "--seconds"),
    "nan seconds": ({"seconds": float("nan")}, "--seconds"),
    "endless": ({"seconds": 1e9}, "--seconds"),
    "no fps": ({"fps": 0.0}, "--fps must be between 1 and 120 frames per second: 0"),
    "nan fps": ({"fps": float("nan")}, "--fps"),
    "infinite fps": ({"fps": float("inf")}, "--fps"),
    "no size": ({"size": 0}, "--size must be a multiple of 16 between 64 and 1024: 0"),
    "odd size": ({"size": 250}, "--size"),
    "huge size": ({"size": 4096}, "--size"),
    "negative seed": ({"seed": -1}, "--seed"),
    "nan orbit": ({"orbit_degrees": float("nan")}, "--orbit"),
    "negative orbit": ({"orbit_degrees": -5.0}, "--orbit"),
    "unknown preset": ({"preset": "fats"}, "unknown preset: fats; did you mean fast"),
    "another unknown preset": ({"preset": "xyz"}, "preview or fast or quality"),
}


def test_good_options_pass() -> None:
    AnimateOptions(**GOOD).check()
    AnimateOptions(**GOOD, views="front, left", seconds=0.04, fps=60, size=512, orbit_degrees=0).check()
    AnimateOptions(reference="demo", motion=Path("m.npz"), cameras=Path("c.json"), views="").check()
    AnimateOptions(reference="demo", audio=Path("a.wav"), text="sadly shakes her head", mouth=1.2).check()
    AnimateOptions(reference="demo", video=Path("v.mp4"), regions="pose, lips", strength="lips=1.5").check()
    TurntableOptions(**GOOD).check()


@pytest.mark.parametrize("case", BAD)
def test_bad_options_say_why(case: str) -> None:
    changes, said = BAD[case]
    with pytest.raises(InputError) as caught:
        AnimateOptions(**{**GOOD, **changes}).check()
    assert said in str(caught.value)
    assert "; " in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("arc", [0.0, -10.0, 361.0, float("nan")])
def test_arcs_have_limits(arc: float) -> None:
    with pytest.raises(ConfigError, match="--arc"):
        TurntableOptions(**GOOD, arc_degrees=arc).check()


@given(st.text(max_size=40))
def test_any_view_text_is_understood_or_refused(text: str) -> None:
    try:
        views = parse_views(text)
    except ConfigError:
        return
    if isinstance(views, int):
        assert 1 <= views <= 32
    else:
        assert 1 <= len(views) <= 32
        assert all(name and name == name.strip().lower() for name in views)


@given(st.text(max_size=60))
def test_any_prompt_is_taken_or_refused_in_one_line(text: str) -> None:
    try:
        AnimateOptions(reference="photo.png", text=text).check()
    except PromptError as error:
        line = str(error)
    else:
        line = ""
    assert "\n" not in line
    assert line or any(character.isalnum() for character in text)


def test_options_go_into_the_manifest_as_json() -> None:
    import json

    options = AnimateOptions(reference="photo.png", motion=Path("a") / "m.npz")
    assert json.loads(json.dumps(options.as_json()))["motion"] == str(Path("a") / "m.npz")
