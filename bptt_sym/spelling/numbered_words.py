r"""Parts of a gradient by number: :math:`\text{Path}_1 = …`, :math:`\sum_k \text{Path}_k`.

A word with a number below it, which has an equation and no step anywhere, is a name of its own. So
is a letter for gradients, :math:`d_7 = d_5 \odot z_t \odot (1 - z_t)`, where equations about step t
give three or more of them, and nothing else carries numbers there. :math:`\delta 7` is
:math:`\delta_7` where as many have an equation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced
from bptt_sym.messages import marked

_WORD = r"\\(?:text|mathrm|textrm|operatorname)\s*\{\s*(?P<word>[A-Za-z]{3,12})\s*\}\s*_\s*"
_NUMBERED = re.compile(rf"{_WORD}(?:\{{\s*(?P<a>[1-9])\s*\}}|(?P<b>[1-9]))")
_GIVEN = re.compile(rf"^\s*{_NUMBERED.pattern}\s*&?\s*=(?!=)")
#: The word with anything else below it.
_OTHER = re.compile(
    rf"{_WORD}(?:\{{\s*(?![0-9]\s*\}}|[k-ni-j]\s*\}})|(?![0-9{{k-ni-j]))"
)
_SUM = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*\{\s*(?P<k>[ijklmn])\s*=\s*(?P<first>[1-9])\s*\}\s*\^\s*"
    rf"(?:\{{\s*(?P<last>[1-9])\s*\}}|(?P<end>[1-9]))\s*{_WORD}(?:\{{\s*(?P<l>[a-z])\s*\}}|(?P<m>[a-z]))"
)


_LETTER = r"(?P<letter>(?<![A-Za-z\\}])[dgD]|\\(?:delta|Delta)(?![A-Za-z]))"
_AT_A_NUMBER = re.compile(rf"{_LETTER}\s*_\s*(?:\{{\s*(?P<a>[0-9]{{1,2}})\s*\}}|(?P<b>[0-9]))")
_GIVES = re.compile(rf"^\s*{_AT_A_NUMBER.pattern}\s*&?\s*=(?!=)")
#: The letter with another script, or with one more behind the number.
_ELSEWHERE = re.compile(
    rf"{_LETTER}\s*(?:_\s*(?:\{{(?!\s*[0-9]{{1,2}}\s*\}})|[^0-9{{\s])|\^|_\s*(?:[0-9]|\{{[^{{}}]*\}})\s*\^\s*[\{{(0-9])"
)
_ANOTHER = re.compile(r"(?<![A-Za-z\\])[a-ce-z]\s*_\s*(?:\{\s*)?[0-9]|\^\s*\{\s*\(\s*[0-9]")
_STEP = re.compile(r"_\s*(?:t(?![A-Za-z])|\{\s*t\s*(?:-\s*1\s*)?\})")


#: ``\\delta 12``, and with an equation.
_BESIDE = re.compile(r"\\(?P<letter>delta|Delta)\s*(?P<number>[0-9]{1,2})(?![0-9.])")
_BESIDE_GIVEN = re.compile(rf"^\s*{_BESIDE.pattern}\s*&?\s*=(?!=)")


def with_numbers_below(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the numbers beside δ below it, if three of them have an equation."""
    given: dict[str, set[str]] = {}
    for m in (m for f in formulas if (m := _BESIDE_GIVEN.match(f.latex))):
        given.setdefault(m["letter"], set()).add(m["number"])
    letters = {letter for letter, numbers in given.items() if len(numbers) > 2}

    def below(m: re.Match[str]) -> str | None:
        return rf"\{m['letter']}_{{{m['number']}}}" if m["letter"] in letters else None

    return [replaced(f, _BESIDE, below) for f in formulas] if letters else list(formulas)


def _numbered_letters(formulas: Sequence[Formula]) -> set[str]:
    """The letters whose numbers name gradients of one step."""
    lines: dict[str, list[str]] = {}
    numbers: dict[str, set[str]] = {}
    for formula in formulas:
        if (m := _GIVES.match(formula.latex)) is not None:
            lines.setdefault(m["letter"], []).append(formula.latex)
            numbers.setdefault(m["letter"], set()).add(m["a"] or m["b"])
    elsewhere = {m["letter"] for f in formulas for m in _ELSEWHERE.finditer(f.latex)}
    return {
        letter for letter, texts in lines.items()
        if len(numbers[letter]) > 2 and letter not in elsewhere
        and any(map(_STEP.search, texts)) and not any(map(_ANOTHER.search, texts))
    }  # fmt: skip


def _with_names_for_letters(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with ``d_7`` as a name of step t, and equations of those down to derivatives.

    A line that gives one from another is so an equation from derivatives of the loss, as those are
    that give names to gradients.
    """
    letters = _numbered_letters(formulas)
    if not letters:
        return list(formulas)
    unknown = _made_of_unknown(formulas, letters)
    values: dict[str, str] = {}

    def named(m: re.Match[str]) -> str | None:
        return _letter_name(m) if m["letter"] in letters else None

    def value(m: re.Match[str]) -> str | None:
        return values.get(_letter_name(m)) if m["letter"] in letters else None

    out: list[Formula] = []
    for formula in formulas:
        m = _GIVES.match(formula.latex)
        if m is None or m["letter"] not in letters:
            about = {_letter_name(n) for n in _AT_A_NUMBER.finditer(formula.latex)}
            plain = replaced(formula, _AT_A_NUMBER, named)
            out.append(replace(plain, open=UNKNOWN) if about & unknown else plain)
            continue
        right = replaced(formula.part(m.end(), len(formula.latex)), _AT_A_NUMBER, value).latex
        right = right.rstrip(" .,;\n")
        if len(right) > _LONGEST or _ROW.search(right):
            plain = replaced(formula, _AT_A_NUMBER, named)
            out.append(replace(plain, open=UNKNOWN) if unknown else plain)
            continue
        values.setdefault(_letter_name(m), rf"\left({right}\right)")
        new = rf"{_letter_name(m)} = {right}"
        out.append(edited(formula, [(m.start("letter"), len(formula.latex), new)]))
    return out


def _made_of_unknown(formulas: Sequence[Formula], letters: set[str]) -> set[str]:
    """The names that no line gives, and those of lines that have one of these."""
    made: dict[str, set[str]] = {}
    mentioned: set[str] = set()
    for formula in formulas:
        m = _GIVES.match(formula.latex)
        right = formula.latex[m.end() :] if m is not None else formula.latex
        found = {_letter_name(n) for n in _AT_A_NUMBER.finditer(right) if n["letter"] in letters}
        if m is not None and m["letter"] in letters:
            made.setdefault(_letter_name(m), found)
        if "=" in formula.latex:
            mentioned |= found
    unknown = mentioned - made.keys()
    while more := {name for name, of in made.items() if of & unknown} - unknown:
        unknown |= more
    return unknown


#: What is said of a formula with a name that no line gives.
UNKNOWN = marked("it is about a numbered gradient that no line gives")
_LONGEST = 1200
_ROW = re.compile(r"\\\\|\\begin|=|\\q?quad")


def _letter_name(m: re.Match[str]) -> str:
    number = "".join("abcdefghij"[int(c)] for c in m["a"] or m["b"])
    return rf"\mathrm{{grad{number}}}_{{t}}"


def with_names_for_numbers(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a name of its own for each numbered word, and their sums written out."""
    formulas = _with_names_for_letters(formulas)
    given = {m["word"] for f in formulas if (m := _GIVEN.match(f.latex))}
    given -= {m["word"] for f in formulas for m in _OTHER.finditer(f.latex)}
    if not given:
        return list(formulas)

    def summed(m: re.Match[str]) -> str | None:
        first, last = int(m["first"]), int(m["last"] or m["end"])
        if m["word"] not in given or (m["l"] or m["m"]) != m["k"] or last < first:
            return None
        return "(" + " + ".join(_name(m["word"], k) for k in range(first, last + 1)) + ")"

    def named(m: re.Match[str]) -> str | None:
        return _name(m["word"], int(m["a"] or m["b"])) if m["word"] in given else None

    return [replaced(replaced(f, _SUM, summed), _NUMBERED, named) for f in formulas]


def _name(word: str, number: int) -> str:
    return rf"\mathrm{{{word}{'abcdefghi'[number - 1]}}}"
