"""What the letter of a name tells of its shape."""

from __future__ import annotations

import re

_BOLD = re.compile(r"\\(?:mathbf|vec)\{")
_UPPER_GREEK = re.compile(r"\\(?:Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega)")
_MARK = re.compile(
    r"\\(?:mathbf|mathcal|mathrm|mathbb|mathfrak|tilde|hat|bar|vec|dot|ddot|check|breve|mathring|"
    r"underline|overrightarrow|overleftarrow)\{"
)


def is_bold(name: str) -> bool:
    """Whether the letter itself (not its subscript) is bold or has an arrow."""
    return bool(_BOLD.search(name.split("_")[0]))


def is_upper(name: str) -> bool:
    """Whether the letter of a name is upper-case."""
    base = name
    while m := _MARK.match(base):
        base = base[m.end() :]
    return bool(base) and (base[0].isupper() or bool(_UPPER_GREEK.match(base)))
