r"""Commands of a preamble that is not at hand, by how the text uses them.

A chapter of a book has ``\h_t = \tanh(\mt{W} \h_{t-1})`` and its macros in another file. A command
that nobody knows is a name where it has a step, is differentiated or stands alone before an equals
sign; a face where one letter always stands in its braces; a step where what stands there is one and
a name stands before it. Whatever is used in any other way stays, and is reported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.errors import InputError
from bptt_sym.read.tokens import tokenize

_COMMAND = re.compile(r"(?<!\\)\\[A-Za-z]+")
_ARGUMENT = re.compile(r"\s*\{(?P<in>[^{}]*)\}")
_STEP = r"(?:[tTkijns]|\\tau)\s*(?:[-+]\s*[0-9k]\s*)?"
#: A step behind a name: ``\h_t``, ``\h^{(t)}``, ``\h_{t-1}``.
_RUNS = re.compile(
    rf"\s*(?:_\s*(?:[tT](?![A-Za-z])|\{{\s*(?:{_STEP}|[0-9])\s*\}})|\^\s*(?:[tT](?![A-Za-z])|\{{\s*\(?\s*{_STEP}\)?\s*\}}))"
)
_IS_STEP = re.compile(rf"\s*\(?\s*{_STEP}\)?\s*|\s*[0-9]\s*")
_LETTER = re.compile(r"\s*(?:\\[a-z]+|[A-Za-z])\s*")
_BEFORE_EQUALS = re.compile(r"\s*&?\s*=")
_AT_THE_START = re.compile(r"(?:^|\\\\|\\begin\s*\{[a-z*]+\})\s*&?\s*\Z")
_DIFFERENTIATED = re.compile(r"\\partial\s*\{?\s*\Z")
_BEHIND_A_NAME = re.compile(r"(?:[A-Za-z}])\s*\Z")
#: ``\vh``, ``\mW``, ``\bfx``: a letter, and that it is a vector or a matrix.
_FACED = re.compile(r"\\(?:v|m|b|bf|bm|vec|vect|mat|bs|mb)?([A-Za-z])")


@lru_cache(maxsize=4096)
def _is_known(command: str) -> bool:
    try:
        tokenize(command)
    except InputError as error:
        return "is not known" not in str(error)
    return True


def with_names_for_absent_macros(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with names, faces and steps for the commands that are used as such."""
    uses: dict[str, list[tuple[str, int, int]]] = {}
    for f in formulas:
        for m in _COMMAND.finditer(f.latex):
            if not _is_known(m.group()):
                uses.setdefault(m.group(), []).append((f.latex, m.start(), m.end()))
    roles: dict[str, str] = {}
    for again in (False, True):  # a name may have a step by a command that is known for one then
        steps = [name for name, role in roles.items() if role == "step"] if again else []
        for name, of in uses.items():
            role = roles.get(name) or _role(of, steps)
            if role is not None:
                roles[name] = role
    if not roles:
        return list(formulas)
    return [edited(f, _edits(f.latex, roles)) for f in formulas]


def _role(uses: Sequence[tuple[str, int, int]], steps: Sequence[str]) -> str | None:
    arguments = [_ARGUMENT.match(text, end) for text, _, end in uses]
    if all(arguments):
        inside = [m["in"] for m in arguments if m is not None]
        behind = all(_BEHIND_A_NAME.search(text[:start]) for text, start, _ in uses)
        if behind and all(map(_IS_STEP.fullmatch, inside)):
            return "step"
        scripted = any(
            m is not None and text[m.end() : m.end() + 2].lstrip()[:1] in ("_", "^")
            for m, (text, _, _) in zip(arguments, uses, strict=True)
        )
        if (
            not behind
            and (scripted or len(set(inside)) > 1)
            and all(map(_LETTER.fullmatch, inside))
        ):
            return "face"
        return None
    if any(text[end : end + 8].lstrip()[:1] in ("{", "[") for text, _, end in uses):
        return None
    named = any(
        _RUNS.match(text, end)
        or _DIFFERENTIATED.search(text[max(0, start - 20) : start])
        or any(text.startswith(step + "{", end) for step in steps)
        or (_BEFORE_EQUALS.match(text, end) and _AT_THE_START.search(text[:start]))
        for text, start, end in uses
    )
    return "name" if named else None


def _edits(text: str, roles: dict[str, str]) -> list[Edit]:
    edits: list[Edit] = []
    for m in _COMMAND.finditer(text):
        role = roles.get(m.group())
        argument = _ARGUMENT.match(text, m.end())
        if role == "name":
            letter = _FACED.fullmatch(m.group())
            new = rf"\mathbf{{{letter[1]}}}" if letter else rf"\mathrm{{{m.group()[1:]}}}"
            edits.append((m.start(), m.end(), new))
        elif role == "face":
            edits.append((m.start(), m.end(), r"\mathbf"))
        elif role == "step" and argument is not None:
            edits.append((m.start(), argument.end(), f"^{{({argument['in'].strip('() ')})}}"))
    return edits
