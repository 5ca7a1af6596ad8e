r"""Powers of a matrix by its parts: :math:`W^k = Q \Lambda^k Q^{-1}` gives no sequence."""

from __future__ import annotations

import re

_LAYOUT = re.compile(
    r"\s|\\[,;:! ]|&|~"
    r"|\\(?:left|right|cdot|times|quad|qquad|displaystyle|[bB]igg?[lr]?)(?![A-Za-z])"
)
#: Capitals of Greek, each as one character: space, which ends their commands, is left out.
_GREEK = {"Lambda": "Λ", "Sigma": "Σ", "Gamma": "Γ", "Omega": "Ω", "Phi": "Φ"}
_CAPITAL = re.compile(rf"\\(?P<g>{'|'.join(_GREEK)})(?![A-Za-z])")
_LETTERS = f"[A-Z{''.join(_GREEK.values())}]"
_FACE = re.compile(
    rf"(?P<face>\\(?:mathbf|boldsymbol|bm))\s*(?:\{{\s*)?(?P<letter>{_LETTERS})(?![A-Za-z])(?:\s*\}})?"
)
_TURNED = re.compile(r"\^(?:T|\\top|\\intercal|\{(?:T|\\top|\\intercal)\})")
_BRACED = re.compile(r"\^\{([a-z])\}")
_DIAG = re.compile(r"\\(?:(?:mathrm|text|operatorname|textrm)\{diag\}|diag(?![A-Za-z]))")
MATRIX = (
    rf"(?:\\(?:mathbf|boldsymbol|bm)\{{{_LETTERS}\}}|{_LETTERS})"
    r"(?:_(?:\{[^{}]{1,12}\}|[a-z]))?"
)
INVERSE = r"\^(?:\{-1\}|T)"
#: The left side of such a power.
POWER = re.compile(rf"(?P<w>{MATRIX})\^(?P<n>[a-z])=")


def compact(latex: str) -> str:
    """``latex`` without layout, and with one sign for a transpose."""
    text = _CAPITAL.sub(lambda m: _GREEK[m["g"]], latex)
    text = _LAYOUT.sub("", _FACE.sub(r"\g<face>{\g<letter>}", text))
    return _BRACED.sub(r"^\1", _TURNED.sub("^T", _DIAG.sub("diag", text)))


def raises_parts(latex: str) -> bool:
    """Whether a row gives the power of a matrix by an inverse and another power."""
    if "^" not in latex:
        return False
    text = compact(latex)
    power = POWER.match(text)
    if power is None:
        return False
    right = text[power.end() :]
    inside = rf"\^\{{?{power['n']}(?:[-+][0-9])?\}}?"
    return re.search(INVERSE, right) is not None and re.search(inside, right) is not None
