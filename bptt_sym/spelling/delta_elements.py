r"""Gradients named by δ with a whole element below: ``\delta_{z_{t,f}}``, ``\delta_{a^{(f)}_t}``.

What stands below is the left side of an equation of the text, as it is written there, at its step
or at the one beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: ``a_{\\mathrm{in}, t} =`` at the beginning of a row.
_BEGINS = r"(?:^|\\\\|\\q?quad(?![A-Za-z])|\n\n"
_LEFT = re.compile(_BEGINS + r"|,)\s*+&?\s*+(?P<left>[^=&,\n]{3,60}?)\s*+&?\s*+=")
#: The same with a comma in its script.
_WITH_COMMA = re.compile(_BEGINS + r")\s*+&?\s*+(?P<left>[^=&\n]{3,60}?)\s*+&?\s*+=")
_STEP = re.compile(r"(?<![A-Za-z\\])t(?![A-Za-z])(?:[-+]1)?")
#: A script that is the step alone.
_STEPS = re.compile(r"[_^](?:\{[(<]?t(?:[-+]1)?[)>]?\}|t(?![A-Za-z]))")
_OTHER = re.compile(r"\\(?:partial|nabla|delta|frac|sum|prod)(?![A-Za-z])")
_SCRIPTS = re.compile(r"\s*_\s*\{(?P<body>.*)\}\s*", re.DOTALL)


def defined_elements(texts: Iterable[str]) -> frozenset[str]:
    """The left sides of the equations of ``texts`` that have a label and one step."""
    found: set[str] = set()
    for text in texts:
        for pattern in (_LEFT, _WITH_COMMA):
            for m in pattern.finditer(text):
                left = _bare(m["left"])
                # (δ_{f_t}, with nothing but the step, may be by the argument of f.)
                labelled = "_" in _STEPS.sub("", left) or "^" in _STEPS.sub("", left)
                if labelled and not _OTHER.search(left) and len(_STEP.findall(left)) == 1:
                    found.add(_STEP.sub("t", left))
    return frozenset(found)


def element_below(scripts: str, elements: frozenset[str]) -> str | None:
    """What ``_{…}`` has in its braces, if that is one of ``elements`` at some step."""
    m = _SCRIPTS.fullmatch(scripts)
    if m is None:
        return None
    body = _bare(m["body"])
    if len(_STEP.findall(body)) != 1 or _STEP.sub("t", body) not in elements:
        return None
    return m["body"].strip()


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)
