"""Speech to learn from: ``python -m driving.speech.corpus --out FOLDER --clips N --seed S``.

Three synthesizers, mixed: espeak-ng (dozens of languages and variants of voices; a synthesizer of formants, but of
every sound there is), festival's voices (near-natural, fifteen in eight languages) and flite's (four English ones).

A clip is one to a few phrases of one voice with pauses between them. Its voice is changed (size of the speaker,
formants), the phones with it; then the teacher (:mod:`driving.speech.speaking`) performs it in a style drawn by
chance, and the recording is spoiled in the ways recordings are. The same command makes the same data (espeak-ng
carries some samples of state from one sentence to the next, so a clip made alone may differ by a millisecond).
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from driving.speech.augmentation import (
    SAMPLE_RATE,
    augment,
    change_voice,
    make_breathy,
    resample,
    shift_formants,
    vary_tempo,
)
from driving.speech.festival import FestivalVoice, installed_voices, speak_all
from driving.speech.moods import MOODS
from driving.speech.phones import SILENCE, PhoneSpan, tidy
from driving.speech.sentences import LANGUAGES, phrase
from driving.speech.shards import FRAME_RATE, MOTION, Clip, load_shards, write_index, write_shard
from driving.speech.speaking import Manner, perform
from flame.errors import ConfigError, input_error

__all__ = ["HELDOUT_VOICES", "Clip", "Options", "generate", "load_shards", "make_clips"]

_log = logging.getLogger(__name__)

CLIPS_PER_SHARD = 64
HELDOUT_VOICES: frozenset[str] = frozenset({"pc_diphone", "czech_machac", "awb", "f5", "m7"})
"""Voices kept out of training: an Italian, a Czech and a Scottish one, and two variants of espeak-ng in every
language."""

_ESPEAK_VARIANTS = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m8", "f1", "f2", "f3", "f4", "klatt", "klatt2", "klatt3",
    "klatt4", "adam", "Alicia", "Andy", "anika", "antonio", "aunty", "belinda", "benjamin", "boris",
    "caleb", "david", "ed", "edward", "Gene", "grandma", "grandpa", "gustave", "iven", "iven2", "Jacky",
    "john", "linda", "marcelo", "Mario", "max", "Michael", "michel", "miguel", "Mike", "norbert", "pablo",
    "paul", "pedro", "quincy", "rob", "robert", "sandro", "shelby", "steph", "travis", "victor", "zac",
)  # fmt: skip
_ESPEAK_VOICES: dict[str, tuple[str, ...]] = {
    "en": ("en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-us-nyc", "en-029", "en-gb-x-gbcwmd"),
    "es": ("es", "es-419"),
    "pt": ("pt", "pt-br"),
    "fr": ("fr", "fr-be", "fr-ch"),
}
# Languages without sentences of ours: their letters and numbers, for the sounds.
_MORE_LANGUAGES = tuple("da nb hr et lv lt sk sl bg sq eu ga af cy ms eo is az".split())
# Trained and unit-selection voices sound nearest to people: they are drawn more often.
_NATURAL = {
    "cmu_us_slt_arctic_hts": 5.0,
    "msu_ru_nsh_clunits": 4.0,
    "upc_ca_ona_hts": 3.0,
    "kal_diphone": 1.5,
}
_SPEECHLESS = 0.03  # share of clips in which nobody speaks: noise, music and breath must leave lips closed
_SHARES = {"espeak": 0.4, "festival": 0.4, "flite": 0.2}
_FLITE = {"rms": 4.0, "awb": 4.0, "slt": 2.0, "kal16": 1.0}
_FLITE_PITCH_HZ = (85.0, 210.0)


@dataclass(frozen=True)
class Options:
    """What to make.

    Attributes:
        clips: how many.
        seed: same seed, same data.
        languages: only these; () for all.
        heldout: only the voices of :data:`HELDOUT_VOICES`, instead of all others.
        shares: weight of the sources espeak, festival and flite.
    """

    clips: int
    seed: int = 0
    languages: tuple[str, ...] = ()
    heldout: bool = False
    shares: dict[str, float] = field(default_factory=lambda: dict(_SHARES))


@dataclass(eq=False)
class _Plan:
    """What one clip will be: its voice, phrases and pauses; its pieces are filled in as they are spoken."""

    number: int
    generator: np.random.Generator
    source: str
    voice: str
    language: str
    texts: list[str] = field(default_factory=list)
    pieces: list[tuple[np.ndarray, list[PhoneSpan]]] = field(default_factory=list)


def generate(options: Options, out: Path) -> int:
    """Write shards of clips and an index into ``out``; returns the number of clips written.

    Raises:
        ConfigError: nothing to speak with, or no voice for the languages.
    """
    out.mkdir(parents=True, exist_ok=True)
    sources = _Sources(options)
    written = 0
    shards = -(-options.clips // CLIPS_PER_SHARD)
    write_index(out, seed=options.seed, clips=options.clips, shards=shards)
    for shard in range(shards):
        numbers = range(shard * CLIPS_PER_SHARD, min((shard + 1) * CLIPS_PER_SHARD, options.clips))
        clips = make_clips(numbers, options, sources)
        if clips:
            write_shard(out / f"shard_{shard:04d}.npz", clips)
        written += len(clips)
        _log.info("shard %d of %d: %d clips", shard + 1, shards, len(clips))
    write_index(out, seed=options.seed, clips=written, shards=shards)
    return written


def make_clips(numbers: Iterable[int], options: Options, sources: _Sources | None = None) -> list[Clip]:
    """The clips of these numbers (a clip that no voice managed is left out)."""
    sources = _Sources(options) if sources is None else sources
    plans = [sources.plan(number) for number in numbers]
    sources.speak(plans)
    clips: list[Clip] = []
    heard: list[np.ndarray] = []
    for plan in plans:
        if plan.pieces:
            clip = _finish(plan, options, tuple(heard[-12:]))
            clips.append(clip)
            heard.append(clip.audio_clean)
    return clips


class _Sources:
    """The voices that there are, and how a clip is drawn and spoken by one."""

    def __init__(self, options: Options) -> None:
        self.options = options
        wanted = set(options.languages)

        def kept(voice: str) -> bool:
            return (voice in HELDOUT_VOICES) == options.heldout

        self.festival = [
            v for v in installed_voices() if kept(v.name) and (not wanted or v.language in wanted)
        ]
        self.languages = [name for name in (*LANGUAGES, *_MORE_LANGUAGES) if not wanted or name in wanted]
        self.flite = {v: share for v, share in _FLITE.items() if kept(v) and (not wanted or "en" in wanted)}
        self.variants = ("f5", "m7") if options.heldout else _ESPEAK_VARIANTS
        shares = dict(options.shares)
        if not self.festival:
            shares["festival"] = 0.0
        if not self.languages or not _has_espeak():
            shares["espeak"] = 0.0
        if not self.flite or not _has_flite():
            shares["flite"] = 0.0
        if sum(shares.values()) <= 0:
            raise input_error(
                ConfigError,
                "there is no voice to make speech with",
                ", ".join(options.languages) or "any language",
                "install espeak-ng or festival with its voices",
            )
        total = sum(shares.values())
        self.shares = {name: share / total for name, share in shares.items()}

    def plan(self, number: int) -> _Plan:
        """Draw a clip: source, voice, phrases."""
        generator = np.random.default_rng([self.options.seed, number, int(self.options.heldout)])
        if generator.uniform() < _SPEECHLESS:
            return _Plan(number, generator, "nobody", "nobody", "")
        source = str(generator.choice(list(self.shares), p=list(self.shares.values())))
        if source == "festival":
            weight = np.array([_NATURAL.get(v.name, 1.0) for v in self.festival])
            voice = self.festival[int(generator.choice(len(self.festival), p=weight / weight.sum()))]
            plan = _Plan(number, generator, source, voice.name, voice.language)
        elif source == "flite":
            weight = np.array(list(self.flite.values()))
            plan = _Plan(
                number,
                generator,
                source,
                str(generator.choice(list(self.flite), p=weight / weight.sum())),
                "en",
            )
        else:
            name = self._language(generator)
            base = str(generator.choice(_ESPEAK_VOICES.get(name, (name,))))
            plan = _Plan(number, generator, source, f"{base}+{generator.choice(self.variants)}", name)
        plan.texts = [
            phrase(plan.language, generator)
            for _ in range(int(generator.choice([1, 2, 3], p=[0.35, 0.45, 0.2])))
        ]
        return plan

    def _language(self, generator: np.random.Generator) -> str:
        """English a quarter of the time, languages with sentences more than those without."""
        weight = np.array([6.0 if n == "en" else 1.0 if n in LANGUAGES else 0.25 for n in self.languages])
        return self.languages[int(generator.choice(len(self.languages), p=weight / weight.sum()))]

    def speak(self, plans: Sequence[_Plan]) -> None:
        """Fill in the pieces of all plans; festival speaks all texts of one voice at once."""
        waiting: dict[str, list[tuple[_Plan, str]]] = defaultdict(list)
        for plan in plans:
            if plan.source == "festival":
                waiting[plan.voice] += [(plan, text) for text in plan.texts]
            elif plan.source == "espeak":
                _speak_espeak(plan)
            elif plan.source == "flite":
                _speak_flite(plan)
            else:
                hush = _hush(float(plan.generator.uniform(1.5, 5.0)), plan.generator)
                plan.pieces.append(
                    (hush.astype(np.float32), [PhoneSpan(SILENCE, 0.0, len(hush) / SAMPLE_RATE)])
                )
        by_name = {voice.name: voice for voice in self.festival}
        for name, items in waiting.items():
            _speak_festival(by_name[name], items)


def _has_espeak() -> bool:
    from driving.speech.espeak import espeak
    from flame.errors import MissingDependencyError

    try:
        espeak()
    except MissingDependencyError:
        return False
    return True


def _has_flite() -> bool:
    from driving.speech.flite import flite
    from flame.errors import MissingDependencyError

    try:
        flite()
    except MissingDependencyError:
        return False
    return True


def _speak_flite(plan: _Plan) -> None:
    from driving.speech.flite import flite

    generator = plan.generator
    stretch = float(np.clip(generator.lognormal(-0.08, 0.2), 0.55, 1.5))
    pitch = float(generator.uniform(*_FLITE_PITCH_HZ))
    for text in plan.texts:
        samples, rate, spans = flite().say(text, voice=plan.voice, stretch=stretch, pitch_hz=pitch)
        if len(samples) > rate // 4:
            plan.pieces.append((resample(samples, rate), spans))


def _speak_espeak(plan: _Plan) -> None:
    from driving.speech.espeak import espeak

    generator = plan.generator
    speed = int(np.clip(generator.normal(155, 28), 95, 240))
    pitch, span = int(generator.integers(15, 85)), int(generator.integers(20, 85))
    gap = int(generator.choice([0, 0, 0, 1, 3]))
    for text in plan.texts:
        try:
            samples, spans = espeak().say(
                text, voice=plan.voice, words_per_minute=speed, pitch=pitch, pitch_range=span, word_gap=gap
            )
        except ConfigError:  # another release of espeak-ng, without this voice
            return
        if len(samples) > espeak().sample_rate // 4:
            plan.pieces.append((resample(samples, espeak().sample_rate), spans))


def _speak_festival(voice: FestivalVoice, items: list[tuple[_Plan, str]]) -> None:
    stretch: dict[int, float] = {}
    for plan, _ in items:
        if plan.number not in stretch:
            stretch[plan.number] = float(np.clip(plan.generator.lognormal(0.02, 0.18), 0.7, 1.6))
    spoken = speak_all(
        voice, [text for _, text in items], stretches=[stretch[plan.number] for plan, _ in items]
    )
    for (plan, _), result in zip(items, spoken):
        if result is not None:
            samples, rate, spans = result
            plan.pieces.append((resample(samples, rate), spans))


def _finish(plan: _Plan, options: Options, others: tuple[np.ndarray, ...]) -> Clip:
    """Join the pieces with pauses, change the voice, let the teacher perform it, spoil the recording."""
    generator = plan.generator
    samples, spans = _joined(plan.pieces, generator)
    varied = plan.source == "espeak"  # it has voices enough of its own
    if generator.uniform() < (0.35 if varied else 0.65):
        ratio = float(generator.uniform(0.80, 1.22))
        samples = change_voice(samples, ratio=ratio)
        spans = [PhoneSpan(s.symbol, s.start / ratio, s.end / ratio, s.stress) for s in spans]
    if generator.uniform() < (0.15 if varied else 0.5):
        samples = shift_formants(samples, ratio=float(generator.uniform(0.86, 1.18)))
    if generator.uniform() < 0.4:
        samples, heard_at = vary_tempo(samples, generator)
        old = np.arange(len(heard_at)) / SAMPLE_RATE
        begins, ends = (np.interp([getattr(s, at) for s in spans], old, heard_at) for at in ("start", "end"))
        spans = [PhoneSpan(s.symbol, float(a), float(b), s.stress) for s, a, b in zip(spans, begins, ends)]
    if generator.uniform() < 0.25:
        samples = make_breathy(samples, generator)
    seconds = len(samples) / SAMPLE_RATE
    spans = tidy(spans, seconds)
    style = _draw_style(generator)
    seed = int(generator.integers(2**31))
    done = perform(spans, samples, SAMPLE_RATE, fps=FRAME_RATE, seed=seed, style=style)
    clean = samples / max(float(np.abs(samples).max()), 0.05) * 0.8
    said = done.articulation
    return Clip(
        audio=augment(clean, generator, others=others),
        audio_clean=clean.astype(np.float32),
        fps=FRAME_RATE,
        motion={name: getattr(done.sequence, name) for name in MOTION},
        bilabial=said.bilabial,
        contact=said.contact,
        closure=said.seal,
        speech=said.speech,
        phones=spans,
        style=style,
        language=plan.language,
        voice=plan.voice,
        heldout=options.heldout,
    )


def _joined(
    pieces: list[tuple[np.ndarray, list[PhoneSpan]]], generator: np.random.Generator
) -> tuple[np.ndarray, list[PhoneSpan]]:
    """Pieces one after the other, their own silence at the ends cut to a little, pauses of 0.25 to 1.5 s between."""
    blocks = [_hush(generator.uniform(0.1, 0.7), generator)]
    spans: list[PhoneSpan] = []
    place = len(blocks[0])
    for index, (samples, phones) in enumerate(pieces):
        level = 0.5 / max(float(np.abs(samples).max()), 1e-4)
        first = phones[0].end - 0.03 if phones and phones[0].symbol == SILENCE else 0.0
        last = (
            phones[-1].start + 0.05 if phones and phones[-1].symbol == SILENCE else len(samples) / SAMPLE_RATE
        )
        begin, end = int(max(first, 0.0) * SAMPLE_RATE), min(int(last * SAMPLE_RATE), len(samples))
        start = place / SAMPLE_RATE
        for span in phones:
            if span.symbol != SILENCE:
                shift = start - begin / SAMPLE_RATE
                spans.append(PhoneSpan(span.symbol, span.start + shift, span.end + shift, span.stress))
        silent = all(span.symbol == SILENCE for span in phones)
        blocks.append(samples if silent else samples[begin:end] * level)
        pause = float(np.clip(generator.lognormal(-0.6, 0.5), 0.25, 1.8))
        if index + 1 == len(pieces):
            pause = float(generator.uniform(0.15, 0.8))
        blocks.append(_hush(pause, generator))
        place += len(blocks[-2]) + len(blocks[-1])
    samples = np.concatenate(blocks)
    return samples.astype(np.float32), tidy(spans, len(samples) / SAMPLE_RATE)


def _hush(seconds: float, generator: np.random.Generator) -> np.ndarray:
    """Silence as a quiet room has it, about -70 dB, with a breath in some of the longer pauses."""
    count = int(seconds * SAMPLE_RATE)
    sound = generator.normal(0.0, 10 ** generator.uniform(-4.2, -3.2), count)
    length = int(generator.uniform(0.2, 0.45) * SAMPLE_RATE)
    if generator.uniform() < 0.4 and count > length + 2000:
        start = int(generator.integers(count - length))
        breath = np.convolve(generator.normal(0.0, 1.0, length), generator.uniform(-0.4, 0.6, 8), "same")
        sound[start : start + length] += 10 ** generator.uniform(-3.2, -2.0) * breath * np.hanning(length)
    return sound


def _draw_style(generator: np.random.Generator) -> Manner:
    """Plain nearly half of the time, else any size, liveliness and mood."""
    if generator.uniform() < 0.45:
        return Manner()
    mood = str(generator.choice(MOODS)) if generator.uniform() < 0.7 else "neutral"
    return Manner(
        mouth=float(generator.uniform(0.6, 1.4)),
        head=float(generator.uniform(0.0, 2.0)),
        mood=mood,
        mood_strength=float(generator.uniform(0.3, 1.0)) if mood != "neutral" else 1.0,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """The command ``python -m driving.speech.corpus``."""
    parser = argparse.ArgumentParser(prog="driving.speech.corpus", description="Make speech to train on.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--clips", type=int, default=1000, help="how many clips of 2 to 10 seconds")
    parser.add_argument("--seed", type=int, default=0, help="same seed, same data")
    parser.add_argument("--languages", nargs="*", default=[], help="only these, such as en it ru")
    parser.add_argument("--heldout-voices", action="store_true", help="only the voices kept out of training")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options = Options(
        clips=given.clips,
        seed=given.seed,
        languages=tuple(given.languages),
        heldout=given.heldout_voices,
    )
    written = generate(options, given.out)
    _log.info("%s: %d clips", given.out, written)


if __name__ == "__main__":
    main()
