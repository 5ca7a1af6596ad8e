r"""Which sizes a text gives to its letters: ``\|W\| \le \beta_W``, ``\gamma = \sup_z |\phi'(z)|``.

What a letter bounds may be any letter's meaning; a letter that an equation makes something else has
none. Some texts tell it in words alone, "λ is the largest singular value".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: The letter of the steepest slope, where the text writes it without a letter.
STEEPEST_LETTER = r"\kappa_{sup}"
#: The norm of the recurrent weight, or the least upper bound of the activation's slope.
Size = Literal["weight", "slope"]

SCRIPT = (
    r"\s*+_\s*+(?:\{\s*(?:[A-Za-z]{1,4}|\\[a-z]+|\\(?:text|mathrm)\{[a-z]+\}|[0-9])\s*\}|"
    r"\\[a-z]+|[A-Za-z0-9])"
)
LETTER = rf"\\(?:gamma|beta|kappa|eta)(?![A-Za-z])(?:{SCRIPT})?"
_GREEK = (
    r"\\(?:alpha|beta|gamma|delta|epsilon|varepsilon|eta|kappa|lambda|mu|nu|rho|sigma|tau|theta|xi|"
    r"omega|Lambda|Gamma)(?![A-Za-z])"
)
#: Any letter that a bound may be called by.
_ANY = rf"(?:{_GREEK}|(?<![A-Za-z\\])[A-Za-z](?![A-Za-z]))(?:{SCRIPT})?"
_ARGUMENT = r"\((?:[^()$\n]|\((?:[^()$\n]|\([^()$\n]*\))*\))*\)"
_FUNCTION = (
    r"(?:\\(?:sigma|tanh|phi|varphi|psi|theta|rho)|"
    r"\\(?:text|mathrm|operatorname)\s*\{[a-z]{1,9}\}|[fg])"
)
_PRIMED = (
    rf"{_FUNCTION}\s*(?:'|\^\s*\{{?\s*\\prime\s*\}}?)\s*(?:\\left\s*)?(?:{_ARGUMENT})?"
)
#: The slope of an activation: ``\sigma'(z_j)``, ``1 - h_j^2``.
_A_SLOPE = (
    rf"(?:{_PRIMED}|1\s*-\s*\\tanh\s*\^\s*\{{?\s*2\s*\}}?\s*(?:\\left\s*)?(?:{_ARGUMENT})?"
    r"|1\s*-\s*(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|[a-z])\s*"
    r"(?:[_^]\s*(?:[a-z]|\{[^{}]*\}|\([a-z]\)))?\s*\^\s*\{?\s*2\s*\}?)"
)
_OPEN = r"(?:\\[Bb]igg?l?\s*|\\left\s*)?(?:\\\||\|\s*\||\||‖|\\[lr]?[vV]ert(?![a-z]))\s*"
_CLOSE = (
    r"\s*(?:\\[Bb]igg?r?\s*|\\right\s*)?(?:\\\||\|\s*\||\||‖|\\[lr]?[vV]ert(?![a-z]))"
    r"(?:\s*_\s*\{?\s*(?:2|\\infty)\s*\}?)?"
)
_WEIGHT = (
    r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*W\s*\}|[WUVRAw](?![A-Za-z]))\s*(?:_\s*(?:\{[^{}$]{1,14}\}|[A-Za-z]))?"
    r"\s*(?:\^\s*\{?\s*(?:T|\\top|\\intercal)\s*\}?)?"
)
A_DIAGONAL = (
    r"(?:\\(?:operatorname|mathrm|text|mathop|textrm)\s*\{\s*diag\s*\}|\\diag(?![a-z])|diag)\s*(?:\\!|\\left|\\[Bb]igl?|\s)*"
    r"[(\[{]\s*" + _A_SLOPE + r"\s*(?:\\right|\\[Bb]igr?|\s)*[)\]}]"
)
_MOST = r"\\(?:max|sup)(?![a-z])\s*(?:_\s*(?:[A-Za-z]|\{[^{}]*\}))?\s*(?:\\[,;! ]\s*)?"
_NORM_OF_WEIGHT = (
    rf"(?:{_OPEN}{_WEIGHT}{_CLOSE}|\\sigma\s*_\s*\{{?\s*\\?(?:max|1)\s*\}}?\s*\(\s*{_WEIGHT}\s*\))"
)
_SIZE_OF_SLOPE = (
    rf"(?:(?:{_MOST})?{_OPEN}(?:{A_DIAGONAL}|{_A_SLOPE}){_CLOSE}|{_MOST}(?:\(\s*)?{_A_SLOPE})"
)
#: Behind a letter that stands alone.
_ALONE = (
    r"(?=\s*(?:\$|\\\)|\\\]|[.,;:，。；)]|<|=|≤|\\leq?(?![a-z])|\\q?quad|\\text|\\\\|\\end|&|$|\n|for\b))"
)
_AT_MOST = r"\s*+&?+\s*+(?:\\leq?(?:slant)?(?![a-z])|≤|<)\s*&?\s*"
_IS = r"\s*+&?+\s*+(?::\s*+)?+(?:=|\\equiv|\\coloneqq|\\triangleq|\\geq?(?![a-z])|≥)\s*+&?+\s*+"
_SIZES: tuple[tuple[Size, str], ...] = (("weight", _NORM_OF_WEIGHT), ("slope", _SIZE_OF_SLOPE))
#: A bound in words: ``$\\gamma$ a bound of $|\\sigma'|$``.
_A_BOUND = (
    r"(?i:\bbounds?\b|maxim|máxim|suprem|\bcota\b|\blimitante\b|\bborne\b|majorant|schranke|"
    r"grenz|massimo|limite|границ|максим|חסם|کران)|上界|上限|最大|상한|최대|최댓값"
)
_TOLD = rf"\$(?P<l>{LETTER})\s*\$[^.$\n]{{1,40}}?(?:{_A_BOUND})[^.$\n]{{0,40}}\$\s*+{{what}}\s*+\$"
_SAID = [
    (size, re.compile(rf"{what}{_AT_MOST}(?P<l>{_ANY}){_ALONE}|(?P<m>{_ANY}){_IS}{what}"))
    for size, what in _SIZES
]
#: The same told in words, which begins with its letter.
_SAID_IN_WORDS = [
    (size, re.compile(_TOLD.replace("{what}", what))) for size, what in _SIZES
]
#: What a statement may stand behind: nothing that is multiplied with it.
_BEGINS = re.compile(
    r"(?:(?<!\\)[$(,;:=<>≤≥&]|\\(?:leq?|geq?|q?quad|[(\[])|\\text\s*\{[^{}]*\}|\\begin\s*\{[a-z*]+\})\s*$"
)
_REACH = 40
#: ``|\sigma'(z_j)|`` and ``|1 - h_j^2| \le 1``: the slope of an activation, and nothing beside it.
A_SLOPE = (
    r"(?:\\left\s*)?(?:\\?\||\\l?vert(?![a-z])|\()?\s*"
    r"(?:(?:\\[a-z]+|[fg])\s*(?:'|\^\s*\{?\s*\\prime\s*\}?)\s*(?:\((?:[^()]|\([^()]*\))*\))?"
    r"|1\s*-\s*\\tanh\s*\^\s*\{?\s*2\s*\}?\s*(?:\((?:[^()]|\([^()]*\))*\))?"
    r"|1\s*-\s*[a-z]\s*(?:_\s*(?:[a-z]|\{[^{}]*\}))?\s*\^\s*\{?\s*2\s*\}?)"
    r"\s*(?:\\right\s*)?(?:\\?\||\\r?vert(?![a-z])|\))?\s*"
    r"(?:(?:\\leq?(?![a-z])|=)\s*(?:1(?:\.0)?|1/4|0\.25|\\[dt]?frac\s*\{?\s*1\s*\}?\s*\{?\s*4\s*\}?))?\s*[.,;]?\s*$"
)
#: ``\gamma = …`` up to the end of what it is.
_EQUATED = re.compile(rf"(?P<letter>{LETTER})\s*+(?::\s*+)?+=\s*+(?P<what>[^$\n]*)")
#: The least upper bound of a slope: ``\\gamma = 1``.
_A_LEAST_BOUND = re.compile(
    r"(?:1(?:\.0)?|1/4|0\.25|\\[dt]?frac\s*\{?\s*1\s*\}?\s*\{?\s*4\s*\}?)\s*(?:[.,;。，]|$)"
)
_LARGEST = re.compile(r"\\(?:max|sup)(?![a-z])\s*(?:_\s*(?:[A-Za-z]|\{[^{}]*\}))?\s*")
_A_NORM = re.compile(r"\\(?:\||[lr]?Vert)|‖|\\sigma_|\\lambda_")
#: Within a sentence, whose lines may be broken.
_IN = r"(?:[^.\n]|\n(?!\s*\n)){0,60}"
_VALUE = (
    r"(?:singular\s+value|[Ss]ingulärwert|val(?:or|eur|ore)(?:e?s)?\s+singul[aièr]|奇异值|奇異值|特異値|"
    r"특[이잇]값|сингулярн|wartoś\S+\s+osobliw|tekil\s+değer|giá\s+trị\s+(?:kỳ\s+dị|suy\s+biến)|"
    r"ער(?:ך|כים)\s+ה?סינגולר|مقدار\s+(?:تکین|منفرد))"
)
_SINGULAR = re.compile(
    rf"(?:\\lambda|λ)(?![A-Za-z]){_IN}{_VALUE}|{_VALUE}{_IN}(?:\\lambda|λ)(?![A-Za-z])"
)
_BOUNDED = re.compile(
    r"(?:\\(?:gamma|beta|kappa)|γ|β|\bgamma|\bbeta)(?![A-Za-z])[^.\n]{0,60}?(?:\bsup\b|\\sup|\\max|bound|slope|"
    r"derivative|上界|导数|導數)|'[^.$\n]{0,40}(?:\\leq?|≤|<)\s*\\(?:gamma|beta)|"
    r"bound[^.\n]{0,40}\\(?:gamma|beta)|upper bounds?[^.\n]{0,60}(?:norm|matri)"
)


@dataclass(frozen=True)
class SaidSizes:
    """Which sizes the words and formulas of a document tell."""

    singular: bool = False
    bounded: bool = False
    #: Letters that an equation of the text makes something else.
    others: frozenset[str] = frozenset()
    #: What each letter bounds of which a formula says it, in every spelling.
    letters: Mapping[str, Size] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> SaidSizes:
        text = text.replace(r"\_", "_")  # escaped for Markdown
        others: set[str] = set()
        numbers: set[str] = set()
        for m in _EQUATED.finditer(text):
            what = _LARGEST.sub("", m.group("what"), count=1)
            if _A_LEAST_BOUND.match(what):
                numbers |= spellings(m.group("letter"))
            elif not (re.match(A_SLOPE, what) or _A_NORM.match(what)):
                others |= spellings(m.group("letter"))
        singular, bounded = _SINGULAR.search(text), _BOUNDED.search(text)
        letters: dict[str, Size] = dict.fromkeys(spellings(STEEPEST_LETTER, bare=False), "slope")
        twice: set[str] = set()
        for size, pattern in _SAID:
            for m in pattern.finditer(text):
                before = text[max(0, m.start() - _REACH) : m.start()]
                if before.strip() and not _BEGINS.search(before):
                    continue
                for name in spellings(m["l"] or m["m"], bare=False):
                    if letters.setdefault(name, size) != size:
                        twice.add(name)
        for size, pattern in _SAID_IN_WORDS:
            for m in pattern.finditer(text):
                for name in spellings(m["l"], bare=False):
                    if letters.setdefault(name, size) != size:
                        twice.add(name)
        kept = {name: size for name, size in letters.items() if name not in others | twice}
        others |= {name for name in numbers if kept.get(name) != "slope"}
        return cls(singular is not None, bounded is not None, frozenset(others), kept)


def spellings(letter: str, *, bare: bool = True) -> set[str]:
    """A letter with its script as the reader may name it, and with ``bare`` without."""
    head, _, script = re.sub(r"\s|\\(?:text|mathrm)(?=\{)", "", letter).partition("_")
    script = script.strip("{}")
    if not script:
        return {head}
    # (``\\max`` in a script is the word.)
    scripts = {script, script.removeprefix("\\")}
    both = {name for s in scripts for name in (f"{head}_{s}", f"{head}_{{{s}}}")}
    return both | ({head} if bare else set())


__all__ = [
    "A_DIAGONAL", "A_SLOPE", "LETTER", "SCRIPT", "STEEPEST_LETTER", "SaidSizes", "Size",
    "spellings",
]  # fmt: skip
