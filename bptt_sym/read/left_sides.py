"""The left sides of definitions: what is defined, at which step, in which notation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bptt_sym.errors import InputError, ReadError, Span
from bptt_sym.notation import (
    Node,
    affine,
)
from bptt_sym.read.chains import Chain, outside, split_claims
from bptt_sym.read.expressions import Binder
from bptt_sym.read.grammar import parse
from bptt_sym.read.index import index_of
from bptt_sym.read.surface import Group, Script, Scripted, Word
from bptt_sym.read.tokens import Token, tokenize
from bptt_sym.read.vocabulary import Vocabulary, subscripted, superscripted
from bptt_sym.recurrence import HORIZON, STEP


@dataclass
class Line:
    """One definition, its left side understood."""

    text: str
    chain: Chain
    name: str
    time: Node | None
    right: list[Token]
    #: The argument names of a function definition ``f(z) = …``.
    argument: str | None = None
    superscript: bool = False
    call: bool = False
    span: Span = field(default_factory=lambda: Span(0, 0))


class placed:
    """Errors inside name the line they are in."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError):
            error.source = self.text  # type: ignore[attr-defined]


def left_sides(text: str, words: frozenset[str]) -> list[Line]:
    with placed(text):
        tokens = tokenize(text, words | _glued_words(text))
        out = []
        for chain in split_claims(tokens, text):
            if any(op != "=" for op in chain.ops):
                bad = next(op for op in chain.ops if op != "=")
                raise ReadError(f"a definition has =, not {bad}", span=Span(0, len(text)),
                                token=bad)  # fmt: skip
            if len(chain.sides) > 2:
                where = chain.sides[2][0]
                raise ReadError("a definition with two right sides", span=where.span,
                                token=where.text, hint="write one definition a line")  # fmt: skip
            out += [left_side(text, one) for one in _one_by_one(chain)]
        return out


def _glued_words(text: str) -> frozenset[str]:
    """A left side that is a run of letters is one name: ``Loss = …``, ``h1_t = …``."""
    m = re.match(r"\s*([A-Za-z]{2,}[0-9]*|[A-Za-z][0-9]+)\s*(?=[_^=(])", text)
    return frozenset((m.group(1),)) if m else frozenset()


def left_side(text: str, chain: Chain) -> Line:
    left, right = chain.sides
    tree = parse(left, left[-1].end)
    span = Span(left[0].start, left[-1].end)
    factors = tree.terms[0][1].factors
    wrong = ReadError(
        "the left side of a definition must be a name", span=span,
        token=text[span.start : span.end],
        hint=r"write h_t = …, h^{(t)} = …, h(t) = … or C = …",
    )  # fmt: skip
    if len(tree.terms) != 1 or tree.terms[0][0] or len(factors) > 2:
        raise wrong
    head = factors[0][1]
    v = Vocabulary(indices=frozenset((STEP, HORIZON)))
    argument: list[Token] | None = None
    if len(factors) == 2:
        group = factors[1][1]
        if not isinstance(group, Group) or group.bracket != "(" or factors[1][0] != "":
            raise wrong
        argument = [t for t in left if group.span.start < t.start and t.end < group.span.end]
    if isinstance(head, Word):
        line = Line(text, chain, head.name, None, right, span=span)
    elif isinstance(head, Scripted) and isinstance(head.base, Word):
        line = _scripted_left(text, chain, head, head.base, v, right, span)
    else:
        raise wrong
    if argument is not None and line.time is None:
        time = index_of(Script(argument, span), v, {})
        applied = any(
            t.kind == "open"
            and right[k - 1].kind == "word"
            and right[k - 1].text == head_name(head)
            for k, t in enumerate(right)
            if k
        )
        form = affine(time) if time is not None else None
        if form is not None and (STEP in form[0] or applied or not form[0]):
            line.time, line.call = time, True
        elif len(argument) == 1 and any(t.text == argument[0].text for t in right):
            line.argument = argument[0].text  # else L(\theta) = …, where θ is all parameters
    return line


def _one_by_one(chain: Chain) -> list[Chain]:
    """``f_t, i_t, o_t = \\sigma(W_{f,i,o} …)`` as three definitions.

    A script with as many parts as there are names on the left stands for its parts in turn.
    """
    names = _parts(chain.sides[0])
    if len(names) == 1:
        return [chain]
    right = chain.sides[1]
    out = []
    lists = 0
    for k, name in enumerate(names):
        here: list[Token] = []
        j = 0
        while j < len(right):
            t = right[j]
            here.append(t)
            j += 1
            if t.kind == "_" and j < len(right) and right[j].kind == "{":
                end = _closing(right, j)
                parts = _parts(right[j + 1 : end])
                if len(parts) == len(names):
                    here += [right[j], *parts[k], right[end]]
                    lists += 1
                    j = end + 1
        out.append(Chain([name, here], ["="], name[0].start if name else chain.start))
    if not lists or not all(names):
        first = chain.sides[0][0]
        raise ReadError(
            "several names on the left and one definition on the right",
            span=Span(first.start, chain.sides[0][-1].end), token=first.text,
            hint="write one definition a line, or W_{f,i,o} for the one that belongs to each name",
        )  # fmt: skip
    return out


def _parts(tokens: list[Token]) -> list[list[Token]]:
    """Runs of tokens between commas outside of brackets."""
    parts: list[list[Token]] = [[]]
    for free, t in outside(tokens):
        if free and t.kind == "sep" and t.text == ",":
            parts.append([])
        else:
            parts[-1].append(t)
    return parts


def _closing(tokens: list[Token], j: int) -> int:
    depth = 0
    for k in range(j, len(tokens)):
        depth += (tokens[k].kind == "{") - (tokens[k].kind == "}")
        if not depth:
            return k
    raise ReadError("a brace that is not closed", span=tokens[j].span, token="{", hint="write }")


def head_name(head: object) -> str:
    if isinstance(head, Scripted) and isinstance(head.base, Word):
        return head.base.name
    return head.name if isinstance(head, Word) else ""


def _scripted_left(
    text: str,
    chain: Chain,
    head: Scripted,
    base: Word,
    v: Vocabulary,
    right: list[Token],
    span: Span,
) -> Line:
    name = base.name + "'" * head.primes
    sub, sup = head.sub, head.sup
    time: Node | None = None
    superscript = False
    if sup is not None:
        binder = Binder(v, [])
        raised = binder.superscript_time(sup)
        bracketed = sup.tokens[0].kind == "open" or sup.tokens[0].text == "<"
        form = affine(raised) if raised is not None and bracketed else None
        if form is not None and STEP in form[0]:
            time = raised  # z_r^{(t)}: r is a label, whatever letter it is
        elif sub is not None and index_of(sub, v, {}) is not None:
            name = superscripted(name, sup.text)  # h^{(1)}_t: the layer belongs to the name
        elif raised is not None and (bracketed or sub is None):
            time, superscript = raised, not bracketed
        else:
            name = superscripted(name, sup.text)
    if sub is not None:
        found = index_of(sub, v, {}) if time is None else None
        if found is not None:
            time = found
        else:
            name = subscripted(name, sub.text)
    return Line(text, chain, name, time, right, superscript=superscript, span=span)
