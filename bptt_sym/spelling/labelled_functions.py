r"""Functions with the name of their value for a label, :math:`h_t = f^h(a_t)` and :math:`o_t =
f^o(b_t)`.

Each gets a letter of its own. :math:`\partial f_t^h` that stands in no fraction is the vector of
the slopes of that function, at what it is applied to in step t.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited, replaced

_GROUP = r"(?:\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\})"
_FACE = r"\\(?:mathbf|boldsymbol|bm|mathrm|hat|tilde)"
_LETTER = rf"(?:{_FACE}\s*\{{\s*(?P<a>[a-z])\s*\}}|(?<![A-Za-z\\])(?P<b>[a-z]))"
_STEP = r"\s*(?:_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})|\^\s*\{\s*\(\s*t\s*\)\s*\})"
_F = r"(?P<f>(?<![A-Za-z\\])[fg]|\\(?:phi|varphi|psi|sigma)(?![A-Za-z]))"
_LABEL = r"\s*(?P<mark>[_^])\s*(?:\{\s*(?P<l>[a-z])\s*\}|(?P<m>[a-z])(?![A-Za-z]))"
_OPENS = r"\s*(?:\\left\s*|\\[bB]igg?l?\s*)?(?P<open>\()"
#: ``h_t = f^h(``
_EQUATION = re.compile(rf"{_LETTER}{_STEP}\s*&?\s*=\s*&?\s*{_F}{_LABEL}{_OPENS}")
_STEPS = frozenset("tkn")
_FREE = ("f", "g", r"\phi", r"\psi", r"\varphi", r"\chi")
#: Another step of a slope: ``\\partial f_\\tau^h``.
_AT = r"(?P<at>[tTk]|\\tau|t\s*[-+]\s*1)"
_NOW = re.compile(r"(?<![A-Za-z\\])t(?![A-Za-z])")


def with_letters_for_labelled(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a letter for each such function, and which letters these are."""
    applied = dict[tuple[str, str, str], str]()
    for formula in formulas:
        for m in _EQUATION.finditer(formula.latex):
            label = m["l"] or m["m"]
            if label == (m["a"] or m["b"]) and label not in _STEPS:
                argument = _argument(formula.latex, m.start("open"))
                if argument:
                    applied.setdefault((m["f"], m["mark"], label), argument)
    if not applied:
        return list(formulas), {}
    every = "\n".join(f.latex for f in formulas)
    letters: dict[str, str] = {}
    for (f, mark, label), argument in applied.items():
        slope = _slope(f, mark, label)
        every = slope.sub(" ", _use(f, mark, label).sub(" ", every))
        free = (c for c in _FREE if c not in letters and not _stands(c, every))
        new = next(free, "")
        if not new:
            return list(formulas), {}
        letters[new] = f"{f}{mark}{label}"
        formulas = [
            edited(one, [*_edits(one.latex, slope, new, argument)]) for one in formulas
        ]  # fmt: skip
        named = partial(_named, new)
        formulas = [replaced(one, _use(f, mark, label), named) for one in formulas]
    return list(formulas), letters


def _use(f: str, mark: str, label: str) -> re.Pattern[str]:
    """The function with its label, and a prime on either side of it."""
    name = rf"(?<![A-Za-z\\]){f}" if f.isalpha() else re.escape(f)
    prime = r"(?:'|\^\s*\{?\s*\\prime\s*\}?)"
    return re.compile(
        rf"{name}(?P<p>\s*{prime})?\s*{re.escape(mark)}\s*"
        rf"(?:\{{\s*{label}\s*(?P<q>'|\\prime)?\s*\}}|{label}(?![A-Za-z]))(?P<r>\s*(?:\{{\s*\}})?\s*{prime})?"
    )


def _named(new: str, m: re.Match[str]) -> str:
    prime = "'" if m["p"] or m["q"] or m["r"] else ""
    return f"{new}{prime}" if prime or not new.startswith("\\") else f"{new} "


def _slope(f: str, mark: str, label: str) -> re.Pattern[str]:
    """``\\partial f_t^h``"""
    face = rf"(?:{_FACE}\s*\{{\s*{re.escape(f)}\s*\}}|(?<![A-Za-z]){re.escape(f)})"
    at = rf"(?:\{{\s*{_AT}\s*\}}|{_AT.replace('<at>', '<one>')})"
    own = rf"{re.escape(mark)}\s*(?:\{{\s*{label}\s*\}}|{label})"
    other = r"_" if mark == "^" else r"\^"
    return re.compile(
        rf"\\partial(?![A-Za-z])\s*{face}\s*(?:{other}\s*{at}\s*{own}|{own}\s*{other}\s*"
        rf"{at.replace('<at>', '<at2>').replace('<one>', '<one2>')})(?![A-Za-z])"
    )


def _edits(text: str, slope: re.Pattern[str], new: str, argument: str) -> Iterator[Edit]:
    for m in slope.finditer(text):
        if text[: m.start()].rstrip().endswith("{"):
            continue  # above or below a bar
        step = next(g for g in (m["at"], m["one"], m["at2"], m["one2"]) if g)
        of = argument if step == "t" else f"{step} ".join(_NOW.split(argument))
        yield m.start(), m.end(), f"{new}'({of})"


def _argument(text: str, start: int) -> str:
    """What stands in the parentheses that open at ``start``; "" if that is several things.

    (Of several arguments a function gives a step, and is no activation.)
    """
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if depth == 1 and text[k] in ",;":
            return ""
        if not depth:
            return text[start + 1 : k].removesuffix(r"\right").removesuffix(r"\bigr").strip()
    return ""


def _stands(letter: str, every: str) -> bool:
    return re.search(rf"(?<![A-Za-z\\]){re.escape(letter)}(?![A-Za-z])", every) is not None
