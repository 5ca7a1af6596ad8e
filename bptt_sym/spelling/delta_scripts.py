"""The scripts of a δ: which of them is its step, and what the others say."""

from __future__ import annotations

import re

from bptt_sym.entries import UNITS
from bptt_sym.read.vocabulary import plain_name

GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
SCRIPT = rf"\s*[_^]\s*(?:{GROUP}|\\[A-Za-z]+|[A-Za-z0-9'])"
_BESIDE = re.compile(r"\s*[_^]\s*\{\s*(?P<body>[^{}]*,[^{}]*)\}\s*")
ONE = re.compile(rf"\s*(?P<mark>[_^])\s*(?P<body>{GROUP}|\\[A-Za-z]+|[A-Za-z0-9'])")
STEP = re.compile(
    r"[(<]?\s*(?:\\langle)?\s*(?P<step>(?:t|k|s|j|n|T|\\tau)\s*(?:[-+]\s*[0-9])?)\s*(?:\\rangle)?\s*[)>]?"
)
ACCENT = r"\\(?:hat|widehat|tilde|widetilde|bar|overline|vec|mathbf|boldsymbol|bm)"
FONT = r"\\(?:mathbf|boldsymbol|bm)"
BASE = (
    rf"(?:{ACCENT}\s*(?:\{{\s*(?:{FONT}\s*\{{\s*[A-Za-z]\s*\}}|[A-Za-z])\s*\}}|[A-Za-z])|(?<![A-Za-z\\])[A-Za-z]|"
    r"\\mathrm\{net\}|\\Gamma)"
)
ELEMENT = re.compile(rf"(?P<base>{BASE})\s*_\s*\{{?\s*(?P<step>t\s*(?:[-+]\s*1)?)\s*\}}?")
#: ``\\delta_{af}``: both letters in one.
_GLUED = re.compile(r"(?P<inner>[azp]|net)(?P<gate>[fiocCg])")
#: ``\\delta^{(h)}``: a name in brackets, where no step is meant.
_BRACKETED = re.compile(r"^\(\s*([a-iloqru-zA-SU-Z])\s*\)$")
Key = frozenset[str]


def steps_of(scripts: str) -> tuple[Key, str, list[str]] | None:
    """``(parts without the step, the step, the parts in order)``; ``None`` without one step."""
    pieces: list[str] = []
    for m in ONE.finditer(scripts):
        body = m.group("body")
        body = body[1:-1] if body.startswith("{") else body
        pieces += [_BRACKETED.sub(r"\1", p.strip()) for p in body.split(",") if p.strip()]
    if any(p in (r"\top", r"\prime", "'") for p in pieces):
        return None
    if len(pieces) > 1 and (inner := ELEMENT.fullmatch(pieces[0])) is not None:
        # \\delta_{h_t, \\mathrm{later}}: a part of the gradient by h
        pieces = [inner.group("base"), inner.group("step"), *pieces[1:]]
    if len(pieces) == 1 and re.fullmatch(r"[a-su-zA-Z]t", pieces[0]):
        pieces = [pieces[0][0], "t"]  # \\delta_{ht}
    steps = [k for k, p in enumerate(pieces) if STEP.fullmatch(p)]
    if not steps:
        return None
    # s, j, k may be letters of what is differentiated by; t never is.
    at = next((k for k in steps if "t" in pieces[k]), steps[0])
    found = STEP.fullmatch(pieces[at])
    assert found is not None
    step = found.group("step").replace(" ", "")
    parts = pieces[:at] + pieces[at + 1 :]
    if "T" in parts:
        return None
    return frozenset(q for p in parts for q in atoms(p)), step, parts


def without_a_step(scripts: str) -> Key:
    """The parts of scripts among which no step is."""
    pieces = [m.group("body").strip("{}").strip() for m in ONE.finditer(scripts)]
    return frozenset(q for p in pieces for q in atoms(p))


def plain(base: str) -> str:
    """``\\tilde c`` and ``\\tilde{ c }`` alike."""
    base = re.sub(r"(\\[A-Za-z]+)\s+([A-Za-z])\b", r"\1{\2}", base)
    return plain_name(re.sub(r"\s", "", base))


def atoms(part: str) -> list[str]:
    r"""``a_f`` as a and f; ``\tilde{c}`` as itself; ``\text{future}`` as its word."""
    if (both := _GLUED.fullmatch(part)) is not None:
        return [both["inner"], both["gate"]]
    word = re.fullmatch(r"\\(?:text|mathrm|textrm|operatorname)\s*\{\s*([^{}]*)\s*\}", part)
    if word:
        return [word.group(1)]
    match = re.fullmatch(rf"(?P<base>{BASE})\s*(?:[_^]\s*\{{?\s*(?P<sub>[^{{}}]*)\s*\}}?)?", part)
    if match is None:
        return [re.sub(r"\s", "", part)]
    base = plain(match.group("base"))
    return [base, *([match.group("sub")] if match.group("sub") else [])]


def two_steps(scripts: str) -> dict[str, str] | None:
    """The steps of a name with one above and one below, by their marks.

    Of ``\\delta_{t,k}`` the first counts as the one above.
    """
    found: dict[str, str] = {}
    if (both := _BESIDE.fullmatch(scripts)) is not None:
        steps = [STEP.fullmatch(part.strip()) for part in both["body"].split(",")]
        if len(steps) == 2 and all(steps):
            first, second = ("".join(m.group("step").split()) for m in steps if m)
            return {"^": first, "_": second}
    for m in ONE.finditer(scripts):
        body = m.group("body")
        inner = body[1:-1] if body.startswith("{") else body
        inner, _, unit = inner.partition(",")
        step = STEP.fullmatch(inner.strip())
        value = step.group("step") if step else inner.strip("() ")
        if m.group("mark") in found or not (step or value.isdigit()):
            return None
        found[m.group("mark")] = "".join(value.split())
        if unit.strip():
            if "unit" in found or unit.strip() not in UNITS:
                return None
            found["unit"] = unit.strip()
    return found if {"_", "^"} <= set(found) else None
