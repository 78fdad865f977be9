"""Several drivers at once: who moves what."""

from __future__ import annotations

import numpy as np
import pytest

from driving.mixing import CHANNELS, PRECEDENCE, Mix, eased_to, mix, parse_mix, without_parting
from flame.errors import ConfigError
from flame.rig import EXPRESSION_NAMES
from flame.sequence import FlameSequence


def filled(value: float, frames: int = 10, fps: float = 25.0) -> FlameSequence:
    """Every channel at ``value``."""
    still = FlameSequence.neutral(frames, fps=fps)
    arrays = {name: np.full_like(array, value) for name, array in still.arrays().items()}
    return still.replace(**arrays)


def column(motion: FlameSequence, name: str) -> float:
    return float(motion.expression[0, EXPRESSION_NAMES.index(name)])


def test_every_group_has_an_order_over_the_same_drivers() -> None:
    assert set(PRECEDENCE) == set(CHANNELS)
    assert len({frozenset(order) for order in PRECEDENCE.values()}) == 1


def test_every_array_belongs_to_one_group() -> None:
    named = [name for names in CHANNELS.values() for name in names]
    assert sorted([*named, "expression"]) == sorted(FlameSequence.neutral(1).arrays())


def test_speech_has_the_lips_and_words_the_rest() -> None:
    both = mix({"audio": filled(0.1), "text": filled(0.2)})
    assert column(both, "mouthFunnel") == pytest.approx(0.1)
    assert float(both.jaw[0, 0]) == pytest.approx(0.1)
    for name in ("mouthSmileLeft", "browInnerUp", "eyeSquintLeft", "eyeLookUpLeft"):
        assert column(both, name) == pytest.approx(0.2), name
    assert float(both.neck[0, 0]) == pytest.approx(0.2)


def test_four_drivers_share_the_face() -> None:
    drivers = {"audio": 0.1, "text": 0.2, "script": 0.3, "video": 0.4}
    together = mix({name: filled(value) for name, value in drivers.items()})
    assert float(together.jaw[0, 0]) == pytest.approx(0.1)
    assert float(together.neck[0, 0]) == pytest.approx(0.2)
    assert float(together.eyes[0, 0]) == pytest.approx(0.3)
    assert float(together.eyelids[0, 0]) == pytest.approx(0.4)


def test_the_caller_overrules() -> None:
    how = parse_mix("*=text, lips = audio , pose=audio")
    assert how.sources(("audio", "text")) == {
        "pose": "audio", "gaze": "text", "lids": "text", "brows": "text", "lips": "audio", "mood": "text",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "lips", "lips=", "nose=audio", "lips=radio", "lips=audio,lips=text", "=text"]
)
def test_bad_mixes_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--mix"):
        parse_mix(text)


def test_a_driver_that_moves_nothing_is_an_error() -> None:
    with pytest.raises(ConfigError, match="--script would move nothing"):
        parse_mix("*=text").sources(("script", "text"))
    with pytest.raises(ConfigError, match="--motion would move nothing"):
        Mix().sources(("video", "motion"))


def test_a_chosen_driver_must_be_given() -> None:
    with pytest.raises(ConfigError, match="takes lips from audio"):
        parse_mix("lips=audio").sources(("text",))


def test_a_shorter_motion_eases_to_rest_without_a_jump() -> None:
    longer = eased_to(filled(0.3, frames=10), 40)
    assert longer.frames == 40
    steps = np.abs(np.diff(longer.jaw[:, 0]))
    assert steps.max() < 0.06
    assert np.abs(longer.jaw[-1]).max() == 0.0
    assert eased_to(filled(0.3, frames=10), 4).frames == 4


def test_mixed_motions_have_the_longest_length() -> None:
    both = mix({"audio": filled(0.1, frames=30), "text": filled(0.2, frames=10)})
    assert both.frames == 30
    assert float(both.neck[-1, 0]) == 0.0
    assert float(both.jaw[-1, 0]) == pytest.approx(0.1)


def test_other_rates_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="one rate"):
        mix({"audio": filled(0.1), "text": filled(0.2, fps=30.0)})


def test_speech_shuts_lips_that_a_photo_has_parted() -> None:
    from flame.relative import apply_relative
    from flame.signals import measure

    photo = FlameSequence.neutral(1)
    expression = np.array(photo.expression)
    expression[0, EXPRESSION_NAMES.index("lipsPart")] = 0.6
    expression[0, EXPRESSION_NAMES.index("mouthSmileLeft")] = 0.4
    photo = photo.replace(expression=expression, jaw=np.array([[0.08, 0.0, 0.0]], np.float32))
    silent = FlameSequence.neutral(25)
    plain = apply_relative(silent, photo)
    shut = apply_relative(without_parting(silent, photo), photo)
    np.testing.assert_allclose(shut.jaw[0], photo.jaw[0], atol=1e-6)
    gap = np.asarray(measure(shut)["lip_gap_mm"])
    assert gap[-1] < 0.2 * float(np.asarray(measure(plain)["lip_gap_mm"])[-1])
    assert np.abs(np.diff(gap)).max() < 0.4 * gap[0]
    assert column(shut, "mouthSmileLeft") == pytest.approx(0.4)
