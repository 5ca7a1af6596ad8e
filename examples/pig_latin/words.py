"""Words and their Pig Latin, as sequences of letters."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from bptt_sym.errors import InputError

WORDS = Path(__file__).with_name("words.txt")
LETTERS = "abcdefghijklmnopqrstuvwxyz-"
#: Ends a word; as an input of the decoder it also begins one.
END = len(LETTERS)
SIZE = len(LETTERS) + 1
PLACE = {letter: k for k, letter in enumerate(LETTERS)}


def pig_latin(word: str) -> str:
    """Part by part at hyphens: vowel first, + way; else leading consonants to the end, + ay."""
    return "-".join(_part(part) for part in word.split("-"))


def _part(part: str) -> str:
    head = next((k for k, letter in enumerate(part) if letter in "aeiou"), len(part))
    return part + "way" if head == 0 and part else part[head:] + part[:head] + "ay"


def checked(word: str, where: str = "") -> str:
    """``word`` if the models can read it.

    Raises
    ------
    InputError
        With the first character outside the alphabet and its place.
    """
    for k, letter in enumerate(word, start=1):
        if letter not in PLACE:
            raise InputError(
                f"{where}{word!r}: character {k}, {letter!r}, is not in the alphabet {LETTERS}",
                token=letter,
            )
    if not word.strip("-"):
        raise InputError(f"{where}{word!r} is no word", token=word)
    return word


def read(path: Path | str = WORDS) -> list[str]:
    """The word list, one a line."""
    try:
        lines = Path(path).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", token=str(path)) from error
    return [checked(w, f"{path}, line {k}: ") for k, w in enumerate(lines, start=1)]


def split(words: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Training, validation (4 in 100) and test (16 in 100) words, by a hash of the word itself.

    No word is in two parts, and a word keeps its part when others are added to the list.
    """
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for word in dict.fromkeys(words):
        place = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") % 100
        parts[0 if place >= 20 else 2 if place >= 4 else 1].append(word)
    return parts


def one_hot(places: np.ndarray, dtype=np.float64) -> np.ndarray:
    """(…) to (…, SIZE)."""
    return np.eye(SIZE, dtype=dtype)[places]


def source(words: list[str]) -> np.ndarray:
    """(S, B) places of words of one length."""
    return np.array([[PLACE[letter] for letter in word] for word in words]).T


def target(words: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(T, B) decoder inputs, decoder outputs and weights; after END nothing counts."""
    out = [[PLACE[letter] for letter in pig_latin(word)] + [END] for word in words]
    steps = max(map(len, out))
    after = np.full((steps, len(words)), END)
    weight = np.zeros((steps, len(words)))
    for b, places in enumerate(out):
        after[: len(places), b] = places
        weight[: len(places), b] = 1.0
    before = np.vstack([np.full((1, len(words)), END), after[:-1]])
    return before, after, weight


def same_length(words: list[str], most: int) -> list[list[str]]:
    """Groups of at most ``most`` words of one length, in order of length: no padding is needed."""
    by_length: dict[int, list[str]] = {}
    for word in words:
        by_length.setdefault(len(word), []).append(word)
    return [
        group[k : k + most]
        for _, group in sorted(by_length.items())
        for k in range(0, len(group), most)
    ]


def edits(a: str, b: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]
