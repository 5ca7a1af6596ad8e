r"""What a later line calls the argument of a gate: :math:`r_t = \sigma(q_t)` of a known gate.

Where the equation of :math:`r_t` stands already, under the same function, and nothing says what
:math:`q_t` is, the line gives that argument a name. Taken for an equation of its own it would make
the gate one of a free input.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from bptt_sym.definitions.defining import Definition, definitions_for
from bptt_sym.definitions.outline import Kind
from bptt_sym.documents.document import Formula
from bptt_sym.errors import InputError
from bptt_sym.read.vocabulary import plain_name

_FUNCTION = (
    r"\\?[A-Za-z]+|\\(?:mathrm|text|operatorname)\s*\{\s*[A-Za-z]+\s*\}"
)
_APPLIED = re.compile(
    rf"\s*(?P<f>{_FUNCTION})\s*(?:\\left\s*)?\((?P<x>.+?)(?:\\right\s*)?\)\s*[.,;]?\s*", re.DOTALL
)
_SCRIPT = r"\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9])"
_NAME = re.compile(
    rf"\s*(?P<name>(?:\\[a-zA-Z]+\s*\{{\s*[A-Za-z]{{1,6}}\s*\}}|\\?[A-Za-z]+)(?:{_SCRIPT}){{1,2}})\s*"
)
_STEP = re.compile(r"\s*[_^]\s*(?:\{\s*\(?\s*t\s*\)?\s*\}|t(?![A-Za-z]))\s*$")


def with_arguments_named(
    definitions: Sequence[Definition], known: Mapping[str, Definition], formula: Formula
) -> list[Definition]:
    r"""``definitions`` with :math:`q_t = W x_t + \dots` before :math:`r_t = \sigma(q_t)`."""
    given = {plain_name(d.name) for d in (*known.values(), *definitions)}
    given |= {d.base for d in (*known.values(), *definitions)}
    out: list[Definition] = []
    for d in definitions:
        before = known.get(d.key)
        named = _named(d, before) if before is not None else None
        if named is not None and not _is_given(named[0], given):
            with suppress(InputError, ValueError):
                found = definitions_for(formula, f"{named[0]} = {named[1]}")
                out += [replace(a, kind=Kind.SEQUENCE) for a in found]
        out.append(d)
    return out


def _named(d: Definition, before: Definition) -> tuple[str, str] | None:
    """The name that stands where the argument stood before, and that argument."""
    if d.kind is not Kind.SEQUENCE or before.kind is not Kind.SEQUENCE:
        return None
    new = _APPLIED.fullmatch(d.text.partition("=")[2].replace("&", " "))
    old = _APPLIED.fullmatch(before.text.partition("=")[2].replace("&", " "))
    if new is None or old is None or _bare(new["f"]) != _bare(old["f"]):
        return None
    name = _NAME.fullmatch(new["x"])
    if name is None or _NAME.fullmatch(old["x"]) or not _balanced(old["x"]):
        return None
    return name["name"], old["x"]


def _is_given(name: str, given: set[str]) -> bool:
    whole = plain_name(re.sub(r"\s", "", _STEP.sub("", name)))
    return whole in given


def _bare(function: str) -> str:
    name = re.sub(r"\\(?:mathrm|text|operatorname)|[\\{}\s]", "", function)
    return "sigma" if name == "sigmoid" else name


def _balanced(text: str) -> bool:
    depth = 0
    for mark in text:
        depth += (mark == "(") - (mark == ")")
        if depth < 0:
            return False
    return not depth
