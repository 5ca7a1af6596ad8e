"""The left sides of definitions: what is defined, at which step, in which notation."""

from __future__ import annotations

from dataclasses import dataclass, field

from bptt_sym.errors import InputError, ReadError, Span
from bptt_sym.notation import (
    Node,
    affine,
)
from bptt_sym.read.chains import Chain, split_claims
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
            out.append(left_side(text, chain))
        return out


def _glued_words(text: str) -> frozenset[str]:
    """A left side that is a run of letters is one name: ``Loss = …``, ``h1_t = …``."""
    import re

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
        if sub is not None and index_of(sub, v, {}) is not None:
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
