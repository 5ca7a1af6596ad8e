r"""Definitions by example: ``s_3 = \tanh(U x_3 + W s_2)`` in a text that nowhere writes ``s_t``.

A walk through three steps, or the first steps and the last with dots between them, says what holds
at every step. The general line is written down from one instance, as softly as a definition in a
sentence: a displayed definition takes its place, and the instances are then judged under it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bptt_sym.definitions.completion import Mention, mentioned
from bptt_sym.definitions.outline import Kind, Row, is_relation, outline
from bptt_sym.documents.document import PROSE, Formula
from bptt_sym.errors import BpttError
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import plain_name

_STEP = re.compile(r"\(?(T|[0-9]{1,3})(?:([-+])([0-9]))?\)?")
_AHEAD = re.compile(r"(?<![A-Za-z\\])t\s*\+\s*1(?![0-9])")
#: A step written as a script or in parentheses behind a name.
_WRITTEN = re.compile(
    r"\s*(?P<mark>[_^])\s*(?:\{\s*(?P<open>[(<\[]?)\s*(?P<in>[^{}()<>\[\]]+?)\s*[)>\]]?\s*\}"
    r"|(?P<one>[0-9T]))|\s*\(\s*(?P<call>[^(){}]+?)\s*\)"
)
#: What may stand between a name and its step: ``h'_3``, ``h^{\\text{enc}}_3``.
_LABEL = re.compile(
    r"\s*(?:'|\\prime(?![a-z])|[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9]))"
)


def general_lines(formulas: Iterable[Formula]) -> list[Formula]:
    """The general definitions that follow from instances, each placed where its instance stands.

    An instance of a definition that stands before it adds nothing.
    """
    defined: dict[str, frozenset[str]] = {}
    found: dict[str, tuple[int, Formula]] = {}
    gradients = set[str]()
    #: Names that an instance gives anew, after a general line.
    anew = set[str]()
    every = list(_rows(formulas))
    labelled = _labelled(row.definition() for _, row in every if _is_instance(row))
    for formula, row in every:
        if row.kind is Kind.SEQUENCE and (row.differentiates or _runs_back(row)):
            gradients.add(plain_name(row.name))
        elif row.kind is Kind.SEQUENCE:
            name = plain_name(row.name)
            defined[name] = defined.get(name, frozenset()) | row.mentions
        made = _general(row.definition(), labelled) if _is_instance(row) else None
        if made is None:
            continue
        name, step, text = made
        above = _letters(row.mentions) <= defined.get(name, frozenset())
        if name not in found and above and not (row.mentions & anew):
            continue  # its general line stands above
        if name in defined:
            anew.add(name)
        if name not in found or found[name][0] < 2 <= step:
            found[name] = step, soft(formula, text)
    # What a gradient is at the last step says nothing of the steps before it.
    return [f for name, (_, f) in found.items() if name not in gradients]


def _rows(formulas: Iterable[Formula]) -> Iterator[tuple[Formula, Row]]:
    """Every row that can be read, with its formula."""
    for formula in formulas:
        if "=" not in formula.latex or not is_relation(formula.latex):
            continue
        try:
            rows = outline(formula).rows
        except (BpttError, ValueError):
            continue
        yield from ((formula, row) for row in rows)


def _is_instance(row: Row) -> bool:
    """Whether ``row`` may say what a sequence is at one step."""
    if row.kind is not Kind.CLAIM or row.differentiates or row.chain.given:
        return False
    return all(op == "=" for op in row.chain.ops)


def _labelled(texts: Iterable[str]) -> frozenset[str]:
    """The names whose numbers are labels: ``b_1`` in the equations of ``s_1`` and ``s_2``."""
    numbers: dict[tuple[str, str], dict[str, frozenset[str]]] = {}
    for text in texts:
        every = mentioned(text)
        if not every or not every[0].step.isdigit():
            continue
        head, *others = every
        for name in {m.name for m in others} - {head.name}:
            steps = frozenset(m.step for m in others if m.name == name)
            numbers.setdefault((head.name, name), {})[head.step] = steps
    return frozenset(
        name
        for (_, name), by_step in numbers.items()
        if len(by_step) > 1 and len(set(by_step.values())) == 1
    )


def _runs_back(row: Row) -> bool:
    """``e_t = … e_{t+1} …``"""
    return plain_name(row.name) in row.mentions and _AHEAD.search(row.latex) is not None


def _letters(names: frozenset[str]) -> frozenset[str]:
    """The names among ``names``, without the letter of a last step."""
    return names - {"T"}


def soft(formula: Formula, text: str) -> Formula:
    """``text`` as a definition of a sentence at the place of ``formula``.

    (Not at that of a row in it: all rows of a formula are judged under what its rows tell.) It
    stands nowhere, and has no ``origin``.
    """
    place = formula.offsets[0]
    return replace(
        formula, latex=text, offsets=[place] * (len(text) + 1), display=False, environment=PROSE,
        origin=None,
    )  # fmt: skip


def _general(text: str, labelled: frozenset[str]) -> tuple[str, int, str] | None:
    """The name, the step of the instance, and its line with t for the step.

    The numbers of the names ``labelled`` are no steps.
    """
    tokens = tokenize(text)
    every = mentioned(text)
    equals = next((t.start for t in tokens if t.kind == "rel"), None)
    if not every or equals is None:
        return None
    head = every[0]
    now = _step_of(head, text)
    if now is None or head.end > equals or (head.argument and not head.step):
        return None
    pieces: list[str] = []
    last = 0
    for m in every:
        step = None if m.name in labelled else _step_of(m, text)
        if step is None or (m.raised and m.step == "T" and not head.raised):
            continue  # (W^T beside h_T is a transpose)
        if now[0] == "T" and not step[0]:
            continue  # (and the 3 of w_3 is a label)
        if step[0] != now[0] or not -2 <= step[1] - now[1] <= 0:
            return None
        match = _script_of(m, text)
        if match is None:
            return None
        lag = step[1] - now[1]
        if m is not head and lag == 0 and m.name == head.name:
            return None
        pieces += [text[last : match.start()], _written(match, f"t{lag}" if lag else "t")]
        last = match.end()
    right = "".join([*pieces, text[last:]])
    if len(pieces) < 4:
        return None  # an initial value, or a number
    return plain_name(head.name), 99 if now[0] else now[1], right


def _script_of(m: Mention, text: str) -> re.Match[str] | None:
    """The script of a name that holds its step, behind a prime or a label."""
    step = re.sub(r"[\s(){}]", "", m.step)
    at = m.end
    while True:
        match = _WRITTEN.match(text, at)
        inside = next((x for x in match.group("in", "one", "call") if x), "") if match else ""
        if match is not None and re.sub(r"[\s(){}]", "", inside) == step:
            return match
        label = _LABEL.match(text, at)
        if label is None or label.end() >= m.close:
            return None
        at = label.end()


def _step_of(m: Mention, text: str) -> tuple[str, int] | None:
    """``("", 3)`` for a step 3, ``("T", -1)`` for T-1; ``None`` if there is no such step."""
    match = _STEP.fullmatch(m.step) if m.step and m.step != "name" else None
    if match is None:
        return None
    head, sign, by = match.groups()
    shift = int(by) * (-1 if sign == "-" else 1) if by else 0
    return ("T", shift) if head == "T" else ("", int(head) + shift)


def _written(match: re.Match[str], step: str) -> str:
    if match.group("call") is not None:
        return f"({step})"
    if match.group("mark") == "^":
        return f"^{{({step})}}"
    return f"_{{{step}}}"
