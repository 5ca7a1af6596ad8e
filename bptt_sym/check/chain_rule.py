r"""The chain rule of any functions: :math:`dz/dx = dz/dy \cdot dy/dx`.

Texts recall it before they come to networks. Small letters without a step, of which nothing else
is known, stand for any functions of one another. The whole may be written as it is composed,
:math:`\frac{d}{dx} f(g(x)) = f'(g(x))\, g'(x)`.
"""

from __future__ import annotations

import re

from bptt_sym.decide.verdict import Verdict

#: The letters that functions and their variables have; w and b are parameters.
_LETTER = "[acefgopqrstuvxyz]"
_D = r"(?:d|\\mathrm\s*\{\s*d\s*\}|\\partial)(?![A-Za-z]{2})"
_FRACTION = re.compile(
    rf"\\[dt]?frac\s*\{{\s*(?P<mark>{_D})\s*(?P<of>{_LETTER})\s*\}}\s*"
    rf"\{{\s*{_D}\s*(?P<by>{_LETTER})\s*\}}"
)
#: ``x_i``, and the sum over i before a product.
_WITH_INDEX = re.compile(
    rf"(?P<x>{_LETTER})\s*_\s*(?:(?P<i>[ijklmn])(?![A-Za-z])|\{{\s*(?P<i1>[ijklmn])\s*\}})"
)
_FROM_ONE = re.compile(r"(\\sum\s*(?:\\limits\s*)?_\s*\{\s*[ijklmn])\s*=\s*1\s*\}")
_SUM = re.compile(
    r"[\s&]*\\sum\s*(?:\\limits\s*)?_\s*(?:\{\s*(?P<i>[ijklmn])\s*\}|(?P<i1>[ijklmn]))"
    r"\s*(?:\^\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z]))?"
)
_TIMES = re.compile(r"(?:\s|&|\\(?:cdot|times|left|right|[,;:! ])(?![A-Za-z])|[*·×()])*")
_COMPOSED = re.compile(
    rf"\\[dt]?frac\s*\{{\s*{_D}\s*(?:(?P<of1>{_LETTER})\s*\(\s*(?P<y1>{_LETTER})\s*\(\s*(?P<x1>{_LETTER})\s*\)"
    rf"\s*\)\s*)?\}}\s*\{{\s*{_D}\s*(?P<by>{_LETTER})\s*\}}\s*(?:\\left\s*)?[\[(]?\s*"
    rf"(?:(?P<of2>{_LETTER})\s*\(\s*(?P<y2>{_LETTER})\s*\(\s*(?P<x2>{_LETTER})\s*\)\s*\))?\s*(?:\\right\s*)?[\])]?"
)
_PRIMES = re.compile(
    rf"(?P<of>{_LETTER})\s*(?:'|\^\s*\{{?\s*\\prime\s*\}}?)\s*\(\s*(?P<at>{_LETTER}|{_LETTER}\s*\(\s*{_LETTER}\s*\))\s*\)"
)
_SAID = "{} is a function of {}, for any functions"


def of_any_functions(latex: str) -> Verdict | None:
    """The verdict of a chain rule in such letters, ``None`` for everything else."""
    latex = _FROM_ONE.sub(r"\1}", latex)
    left, equals, right = latex.strip().rstrip(".,;").partition("=")
    if not equals or "=" in right:
        return None
    if (composed := _COMPOSED.fullmatch(left.strip(" &\n"))) is not None:
        return _of_composed(composed, right)
    whole = _FRACTION.fullmatch(left.strip(" &\n"))
    if whole is None:
        return None
    between: list[str] = []
    terms = right.split("+")
    for term in terms:
        chain = _chain(_over_entries(term))
        if chain is None or (chain[0], chain[-1]) != (whole["of"], whole["by"]):
            return None
        between.append(chain[1])
    alone = len(terms) == 1 and _chain(right) == [whole["of"], whole["by"]]
    if alone or len(set(between)) < len(between):
        return None
    said = _SAID.format(whole["of"], " and ".join(between))
    return Verdict("right_under_reading", readings=(said,), scope="any functions")


def _over_entries(term: str) -> str:
    """``term`` with what is between for its entries, over which the product is summed.

    That they are is written, or said by an index that stands twice, as in
    :math:`\\partial f/\\partial x_i \\cdot \\partial x_i/\\partial r`.
    """
    found = [(m["x"], m["i"] or m["i1"]) for m in _WITH_INDEX.finditer(term)]
    if len(found) != 2 or found[0] != found[1]:
        return term
    summed = _SUM.match(term)
    if summed is not None and (summed["i"] or summed["i1"]) != found[0][1]:
        return term
    return _WITH_INDEX.sub(lambda m: m["x"], term[summed.end() if summed else 0 :])


def _of_composed(m: re.Match[str], right: str) -> Verdict | None:
    """The verdict of a chain rule whose left side says what is a function of what."""
    if (m["of1"] is None) == (m["of2"] is None):
        return None
    f, g, x = (m["of1"], m["y1"], m["x1"]) if m["of1"] else (m["of2"], m["y2"], m["x2"])
    if x != m["by"] or len({f, g, x}) < 3:
        return None
    primes = {(p["of"], "".join(p["at"].split())) for p in _PRIMES.finditer(right)}
    alone = not _TIMES.sub("", _PRIMES.sub("", right))
    by_primes = alone and primes == {(f, f"{g}({x})"), (g, x)}
    if not by_primes and _chain(right) != [f, g, x]:
        return None
    said = _SAID.format(f, g)
    return Verdict("right_under_reading", readings=(said,), scope="any functions")


def _chain(term: str) -> list[str] | None:
    """The letters that a product of derivatives goes through, if each begins where one ended."""
    letters: list[str] = []
    at = _end(_TIMES, term, 0)
    while at < len(term):
        found = _FRACTION.match(term, at)
        if found is None or (letters and letters[-1] != found["of"]):
            return None
        letters += [found["of"], found["by"]] if not letters else [found["by"]]
        at = _end(_TIMES, term, found.end())
    return letters if len(set(letters)) == len(letters) > 1 else None


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found is not None else at
