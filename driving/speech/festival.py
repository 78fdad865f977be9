"""Speech from festival's voices: for making training data only.

Festival's ``utt.save.segs`` writes each phone with its end. One process speaks many texts of one voice. The
names of phones differ by voice; the tables here carry them over to the common inventory.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from driving.speech.phones import SILENCE, PhoneSpan, from_arpabet, from_ipa, spread, tidy
from flame.errors import MissingDependencyError

_VOICES_FOLDER = Path("/usr/share/festival/voices")
_TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class FestivalVoice:
    """One installed voice: its name, the language of its texts, their encoding, its table of phones."""

    name: str
    language: str
    encoding: str
    table: str


VOICES: tuple[FestivalVoice, ...] = (
    FestivalVoice("cmu_us_slt_arctic_hts", "en", "ascii", "arpabet"),
    FestivalVoice("kal_diphone", "en", "ascii", "arpabet"),
    FestivalVoice("lp_diphone", "it", "latin-1", "romance"),
    FestivalVoice("pc_diphone", "it", "latin-1", "romance"),
    FestivalVoice("upc_ca_ona_hts", "ca", "latin-1", "romance"),
    FestivalVoice("czech_dita", "cs", "iso8859-2", "czech"),
    FestivalVoice("czech_krb", "cs", "iso8859-2", "czech"),
    FestivalVoice("czech_machac", "cs", "iso8859-2", "czech"),
    FestivalVoice("czech_ph", "cs", "iso8859-2", "czech"),
    FestivalVoice("hy_fi_mv_diphone", "fi", "latin-1", "finnish"),
    FestivalVoice("suo_fi_lj_diphone", "fi", "latin-1", "finnish"),
    FestivalVoice("hindi_NSK_diphone", "hi", "utf-8", "indic"),
    FestivalVoice("marathi_NSK_diphone", "mr", "utf-8", "indic"),
    FestivalVoice("telugu_NSK_diphone", "te", "utf-8", "indic"),
    FestivalVoice("msu_ru_nsh_clunits", "ru", "utf-8", "russian"),
)
"""Voices that there is text and a table for; the installed ones of them are used."""

_TABLES: dict[str, dict[str, str]] = {
    "romance": {
        "ax": "ə", "a": "a", "e": "e", "E": "ɛ", "i": "i", "o": "o", "O": "ɔ", "u": "u", "j": "j", "w": "w",
        "p": "p", "t": "t", "k": "k", "b": "b", "d": "d", "g": "g", "f": "f", "s": "s", "S": "ʃ", "v": "v", "z": "z",
        "Z": "ʒ", "ts": "ts", "tS": "tʃ", "dz": "dz", "dZ": "dʒ", "m": "m", "n": "n", "J": "ɲ", "N": "ŋ", "ng": "ŋ",
        "nf": "ɱ", "l": "l", "L": "ʎ", "r": "ɾ", "rr": "r",
    },
    "czech": {
        "a": "a", "e": "ɛ", "i": "ɪ", "o": "o", "u": "u", "a:": "a", "e:": "ɛ", "i:": "i", "o:": "o", "u:": "u",
        "b": "b", "c": "ts", "c~": "tʃ", "ch": "x", "d": "d", "d~": "ɟ", "dz": "dz", "dz~": "dʒ", "f": "f", "g": "g",
        "h": "h", "j": "j", "k": "k", "l": "l", "m": "m", "n": "n", "n*": "ŋ", "n~": "ɲ", "p": "p", "r": "r",
        "r~": "ʒ", "r~*": "ʃ", "s": "s", "s~": "ʃ", "t": "t", "t~": "c", "v": "v", "z": "z", "z~": "ʒ",
    },
    "finnish": {
        "a": "ɑ", "e": "e", "i": "i", "o": "o", "u": "u", "y": "y", "@": "æ", "7": "ø", "&": "ə", "p": "p", "t": "t",
        "k": "k", "b": "b", "d": "d", "g": "g", "f": "f", "T": "θ", "D": "ð", "s": "s", "z": "z", "S": "ʃ", "Z": "ʒ",
        "h": "h", "v": "ʋ", "m": "m", "n": "n", "N": "ŋ", "w": "w", "l": "l", "L": "ʎ", "r": "r", "j": "j",
    },
    "indic": {
        "a": "ɐ", "aa": "a", "ih": "ɪ", "iy": "i", "uh": "ʊ", "uw": "u", "eh": "e", "ee": "e", "ay": "ɛ", "oh": "o",
        "oo": "o", "aw": "ɔ", "f": "f", "k": "k", "g": "g", "ch": "tʃ", "T": "t", "D": "d", "N": "n", "th": "t",
        "dh": "d", "n": "n", "p": "p", "b": "b", "m": "m", "y": "j", "r": "ɾ", "l": "l", "v": "ʋ", "L": "l", "R": "ɾ",
        "s": "s", "sh": "ʃ", "j": "dʒ", "h": "h", "ksh": "kʃ", "sri": "ʃɾi", "x": "k", "kh": "k", "gh": "g",
        "td": "t", "tth": "t", "ddh": "d", "bh": "b", "zh": "dʒ", "@": "ə", "w": "w", "ph": "p",
    },
    "russian": {
        "ii": "i", "yy": "ɨ", "uu": "u", "ee": "ɛ", "oo": "o", "aa": "a", "a": "ɐ", "e": "e", "i": "ɪ", "y": "ɨ",
        "u": "ʊ", "ae": "ɪ", "ay": "ə", "ur": "ʊ", "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "g": "g",
        "c": "ts", "ch": "tɕ", "f": "f", "v": "v", "s": "s", "z": "z", "sh": "ʃ", "sch": "ɕ", "zh": "ʒ", "h": "x",
        "m": "m", "n": "n", "l": "l", "r": "r", "j": "j", "pp": "p", "bb": "b", "tt": "t", "dd": "d", "kk": "k",
        "gg": "g", "ff": "f", "vv": "v", "ss": "s", "zz": "z", "hh": "x", "mm": "m", "nn": "n", "ll": "l", "rr": "r",
    },
}  # fmt: skip
_STRESSED_RUSSIAN = {"ii", "yy", "uu", "ee", "oo", "aa"}
_SILENCES = {"pau", "#", "_", "sil", "h#", "brth"}


def installed_voices() -> tuple[FestivalVoice, ...]:
    """The voices of :data:`VOICES` that are on this machine; () without festival."""
    if shutil.which("festival") is None:
        return ()
    there = {folder.name for folder in _VOICES_FOLDER.glob("*/*")}
    return tuple(voice for voice in VOICES if voice.name in there)


def speak_all(
    voice: FestivalVoice, texts: list[str], *, stretches: list[float]
) -> list[tuple[np.ndarray, int, list[PhoneSpan]] | None]:
    """Speak texts with one voice.

    Args:
        voice: an installed voice.
        texts: what to say; letters that its encoding lacks are dropped.
        stretches: factor on the length of every phone, one per text.

    Returns:
        Per text: samples (N,) float32, sample rate, phones; None where festival did not manage.

    Raises:
        MissingDependencyError: festival is not installed.
    """
    if shutil.which("festival") is None:
        raise MissingDependencyError(
            "festival", purpose="to make speech to train on", install="apt-get install festival"
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [f"(voice_{voice.name})"]
        for index, (text, stretch) in enumerate(zip(texts, stretches)):
            clean = text.replace("\\", " ").replace('"', " ").replace("¿", "").replace("¡", "")
            lines += [
                f"(Parameter.set 'Duration_Stretch {stretch:.3f})",
                "(unwind-protect",
                f'  (begin (set! u (utt.synth (Utterance Text "{clean}")))',
                f'    (utt.save.segs u "{folder}/{index}.segs")',
                f'    (utt.save.wave u "{folder}/{index}.wav" \'riff))',
                "  nil)",
            ]
        script = folder / "say.scm"
        script.write_bytes("\n".join(lines).encode(voice.encoding, "ignore"))
        subprocess.run(
            ["festival", "-b", str(script)], capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
        )
        return [
            _read(folder / f"{index}.wav", folder / f"{index}.segs", voice.table)
            for index in range(len(texts))
        ]


def read_labels(path: Path, table: str, seconds: float) -> list[PhoneSpan]:
    """Phones of a label file: after a line ``#``, lines ``end colour name``, ends in seconds."""
    spans: list[PhoneSpan] = []
    start, begun = 0.0, False
    for line in path.read_text(encoding="latin-1").splitlines():
        parts = line.split()
        if parts == ["#"] and not begun:
            begun = True
            continue
        if len(parts) < 3:
            continue
        end = float(parts[0])
        spans.extend(_spread(parts[2], start, end, table))
        start = end
    return tidy(spans, seconds)


def _read(wave: Path, segments: Path, table: str) -> tuple[np.ndarray, int, list[PhoneSpan]] | None:
    if not (wave.is_file() and segments.is_file()):
        return None
    import scipy.io.wavfile

    try:
        rate, data = scipy.io.wavfile.read(wave)
    except ValueError:
        return None
    if data.ndim != 1 or len(data) < rate // 5:
        return None
    samples = data.astype(np.float32) / 32768.0
    return samples, int(rate), read_labels(segments, table, len(samples) / rate)


def _spread(name: str, start: float, end: float, table: str) -> list[PhoneSpan]:
    if name in _SILENCES:
        return [PhoneSpan(SILENCE, start, end)]
    if table == "arpabet":
        return spread(from_arpabet(name), start, end)
    stress = 0.0
    known = _TABLES[table]
    if table == "romance" and name.endswith("1"):
        name, stress = name[:-1], 1.0
    if table == "russian" and name in _STRESSED_RUSSIAN:
        stress = 1.0
    if name not in known:
        name = name.rstrip(":")
    return spread(from_ipa(known.get(name, "ə")), start, end, stress)
