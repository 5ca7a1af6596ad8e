r"""How a name such as ``\tilde{c}``, ``W_{hidden}`` or ``h^{(1)}`` is printed in each format.

Names are written as LaTeX writes them. A name is taken apart once (:func:`parts`) and every format
puts it together its own way. A name outside this small grammar is printed as quoted text, never
handed to TeX or to a browser as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from bptt_sym.printable import terminal_safe

_LOWER_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ "
    "iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ varrho ϱ sigma σ varsigma ς tau τ "
    "upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω ell ℓ"
).split()
_UPPER_GREEK = (
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
).split()
#: Unicode of the letters that LaTeX writes as commands.
LETTERS: Final[Mapping[str, str]] = {
    **dict(zip(_LOWER_GREEK[::2], _LOWER_GREEK[1::2], strict=True)),
    **dict(zip(_UPPER_GREEK[::2], _UPPER_GREEK[1::2], strict=True)),
}
#: Combining character (terminal) and spacing character (MathML ``mover``) of each accent.
ACCENTS: Final[Mapping[str, tuple[str, str]]] = {
    "tilde": ("\u0303", "~"),
    "widetilde": ("\u0303", "~"),
    "hat": ("\u0302", "^"),
    "widehat": ("\u0302", "^"),
    "bar": ("\u0304", "¯"),
    "overline": ("\u0305", "¯"),
    "vec": ("\u20d7", "→"),
    "overrightarrow": ("\u20d7", "→"),
    "overleftarrow": ("\u20d6", "←"),
    "dot": ("\u0307", "˙"),
    "ddot": ("\u0308", "¨"),
}
#: Fonts, with MathML's name for each. All are LaTeX's or amsmath's own.
FONTS: Final[Mapping[str, str]] = {
    "mathbf": "bold",
    "mathrm": "normal",
    "mathit": "italic",
    "mathcal": "script",
    "mathsf": "sans-serif",
    "boldsymbol": "bold-italic",
    "text": "normal",
    "operatorname": "normal",
}

_HEAD = (
    r"(?:\\(?P<mark>[A-Za-z]+)\s*(?:\{(?:\\(?P<second>[A-Za-z]+)\s*\{(?P<twice>\\?[A-Za-z0-9]+)\}"
    r"|(?P<marked>\\?[A-Za-z0-9]+))\}"
    r"|\s(?P<loose>[A-Za-z]))|\\(?P<letter>[A-Za-z]+)|(?P<plain>[A-Za-z][A-Za-z0-9]*))"
)
# Between braces: plain text, or one \text{...}.
_BRACED = r"[^{}\\$%#&~^]+|\\(?:text|mathrm)\{[^{}\\$%#&~^_]+\}"


def _script(name: str) -> str:
    return rf"(?:\{{(?P<{name}>{_BRACED})\}}|(?P<{name}1>[A-Za-z0-9]))"


_NAME = re.compile(
    _HEAD
    + r"(?P<primes>'*)"
    + rf"(?:_{_script('sub')})?"
    + rf"(?:\^{_script('sup')})?"
    + rf"(?:_{_script('late')})?\Z"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """A name taken apart: ``letter`` is the base in Unicode, the scripts are plain text."""

    letter: str
    accent: str = ""
    font: str = ""
    primes: int = 0
    sub: str = ""
    sup: str = ""


@lru_cache(maxsize=4096)
def parts(name: str) -> Parts | None:
    """The parts of ``name``, or ``None`` for a name outside the grammar."""
    m = _NAME.match(name)
    if m is None:
        return None
    accent = font = ""
    if m["mark"]:
        inner = m["marked"] or m["loose"] or m["twice"]
        for mark in filter(None, (m["mark"], m["second"])):
            if mark in ACCENTS and not accent:
                accent = mark
            elif mark in FONTS and not font:
                font = mark
            else:
                return None
        if inner.startswith("\\"):
            if inner[1:] not in LETTERS:
                return None
            inner = LETTERS[inner[1:]]
        letter = inner
    elif m["letter"]:
        if m["letter"] not in LETTERS:
            return None
        letter = LETTERS[m["letter"]]
    else:
        letter = m["plain"]
    sub = m["sub"] or m["sub1"] or m["late"] or m["late1"] or ""
    if (m["sub"] or m["sub1"]) and (m["late"] or m["late1"]):
        return None
    sup = m["sup"] or m["sup1"] or ""
    return Parts(letter, accent, font, len(m["primes"]), _bare(sub), _bare(sup))


def _bare(script: str) -> str:
    m = re.fullmatch(r"\\(?:text|mathrm)\{(.*)\}", script)
    return m[1] if m else script


# Without braces: whoever looks for the end of a \text{...} need not match any.
_TEX_SPECIAL: Final = {
    "\\": r"$\backslash$",
    "{": r"$\lbrace$",
    "}": r"$\rbrace$",
    "$": r"\$",
    "%": r"\%",
    "#": r"\#",
    "&": r"\&",
    "_": r"\_",
    "^": r"\string^",
    "~": r"$\sim$",
}


#: Signs that may stand in a title or a note, and that pdflatex knows by command only.
_TEX_SIGNS: Final = {
    **{letter: f"${chr(92)}{command}$" for command, letter in LETTERS.items()},
    "∂": r"$\partial$",
    "−": "$-$",
    "≤": r"$\le$",
    "≥": r"$\ge$",
    "′": "$'$",
    "→": r"$\to$",
    "Σ": r"$\sum$",
    "∏": r"$\prod$",
    "⊙": r"$\odot$",
    "ᵀ": r"$^{\top}$",
    "·": r"$\cdot$",
    "…": r"$\dots$",
    "–": "--",
    "—": "---",
    "’": "'",
    "“": "``",
    "”": "''",
    "×": r"$\times$",
}


def tex_text(text: str) -> str:
    r"""``text`` for TeX's text mode: specials escaped, control characters dropped.

    A character that pdflatex does not know is printed as its code point, ``U+4E2D``.
    """
    out: list[str] = []
    for c in text:
        if c in _TEX_SPECIAL:
            out.append(_TEX_SPECIAL[c])
        elif c in _TEX_SIGNS:
            out.append(_TEX_SIGNS[c])
        elif c.isspace():
            out.append(" ")
        elif c.isascii() or "À" <= c <= "ÿ":
            out.append(c if c.isprintable() else "")
        else:
            out.append(f"U+{ord(c):04X}")
    return "".join(out)


@lru_cache(maxsize=4096)
def latex_name(name: str) -> tuple[str, bool]:
    """``name`` in LaTeX, and whether it still has room for a superscript."""
    p = parts(name)
    if p is None:
        return rf"\text{{{tex_text(name)}}}", True
    roomy = not p.sup and not p.primes
    m = re.match(r"[A-Za-z][A-Za-z0-9]+", name)
    if m:
        # Letters side by side are a product in mathematics; a word is set upright.
        return rf"\mathrm{{{m[0]}}}{name[m.end() :]}", roomy
    return name, roomy


_SUB: Final = str.maketrans("0123456789aehijklmnoprstuvx+-−()", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₊₋₋₍₎")
_SUP: Final = str.maketrans(
    "0123456789abcdefghijklmnoprstuvwxyz+-−()T",
    "⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁺⁻⁻⁽⁾ᵀ",
)


def _scripted(text: str, table: dict[int, str] | dict[int, int], mark: str) -> str:
    if text and all(ord(c) in table for c in text):
        return text.translate(table)
    return f"{mark}{text}" if len(text) == 1 else f"{mark}{{{text}}}"


def lowered(text: str) -> str:
    """``text`` as a subscript in Unicode, or ``_{text}`` when a character has no such form."""
    return _scripted(text, _SUB, "_")


def raised(text: str) -> str:
    """``text`` as a superscript in Unicode, or ``^{text}`` when a character has no such form.

    A lone capital T is left as ``^T``: raised it is the transpose.
    """
    return f"^{text}" if text == "T" else _scripted(text, _SUP, "^")


@lru_cache(maxsize=4096)
def text_name(name: str) -> tuple[str, str, str]:
    """``(letter, subscript, superscript)`` of ``name`` for one line of Unicode."""
    p = parts(name)
    if p is None:
        return terminal_safe(name), "", ""
    letter = p.letter
    if p.accent:
        letter = letter[0] + ACCENTS[p.accent][0] + letter[1:]
    return letter + "′" * p.primes, p.sub, p.sup
