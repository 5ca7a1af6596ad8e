r"""Definitions: lines of mathematics to a :class:`~bptt_sym.recurrence.Recurrence`.

What a name is follows from how it stands, not from its letter: with a time index it is a sequence,
without one a parameter; a left side with a time defines a sequence, one without a time a quantity of
the whole run. Only where a name stands directly before a parenthesis with one argument does the
letter decide (``f``, ``g``, ``\phi`` and the like are functions, others multiply), and
``\sigma(…)`` is the logistic function unless a line defines it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.errors import InputError, ModelError, ReadError, ShapeError, Span
from bptt_sym.notation import (
    Add,
    At,
    Call,
    Concat,
    Div,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Sum,
    Sym,
    Transpose,
    affine,
    from_affine,
    num,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.read.chains import Chain, split_claims
from bptt_sym.read.expressions import Binder
from bptt_sym.read.grammar import Group, Script, Scripted, Word, parse
from bptt_sym.read.index import index_of
from bptt_sym.read.tokens import Token, tokenize
from bptt_sym.read.vocabulary import ACTIVATIONS, Vocabulary, remember, subscripted, superscripted
from bptt_sym.recurrence import HORIZON, STEP, Equation, Recurrence, Shape
from bptt_sym.shapes import infer_shapes, is_upper, shape_of

#: Letters that are a function when they stand before a parenthesis with one argument.
FUNCTION_LETTERS = frozenset(
    r"f g F G \phi \varphi \Phi \psi \Psi \rho \varrho \sigma \mathcal{F} \mathcal{G} "
    r"\mathrm{act} \mathrm{activation}".split()
)
#: Letters that are a scalar loss when they stand before a parenthesis.
LOSS_LETTERS = frozenset(
    r"\ell l L E C J \mathcal{L} \mathcal{E} \mathcal{C} \mathcal{J} loss Loss cost Cost "
    r"\mathrm{loss} \mathrm{Loss} \mathrm{cost} \mathrm{Cost} \xi".split()
)


@dataclass
class _Line:
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


@dataclass
class Definitions:
    """What a list of definitions says, before shapes are inferred."""

    equations: list[tuple[str, Node]]
    totals: dict[str, Node]
    initial: dict[str, Node]
    functions: dict[str, str | None]
    #: For each opaque function the sequence whose shape its value has, or ``None`` for a scalar.
    activations: dict[str, str]
    vocabulary: Vocabulary


def read_equations(
    lines: Iterable[str], *, indices: Iterable[str] = (), words: Iterable[str] = ()
) -> Definitions:
    r"""Definitions from LaTeX or Unicode lines; a line may hold several rows.

    Raises
    ------
    ReadError, UnboundName, LimitExceeded
        With the span in the line.
    """
    known_words = frozenset(words)
    texts = list(lines)
    if not texts:
        raise ReadError("no definition is given", hint=r"write h_t = \tanh(w h_{t-1} + u_t)")
    parsed = [line for text in texts for line in _left_sides(text, known_words)]
    defined = {p.name for p in parsed if p.time is not None and not _is_initial(p, parsed)}
    letters = {n for p in parsed if p.time is not None for n in _index_names(p.time)}
    superscript = any(p.superscript for p in parsed)
    calls = any(p.call for p in parsed)
    activations = dict(ACTIVATIONS)
    for p in parsed:
        if p.time is None and (alias := _function_alias(p)) is not None:
            activations[p.name] = alias
    functions: dict[str, str | None] = {}
    for p in parsed:
        _find_functions(p, defined, activations, functions, calls)
    for name in defined:
        activations.pop(name, None)
    vocabulary = Vocabulary(
        sequences=frozenset(defined),
        functions=frozenset(functions),
        activations=activations,
        indices=frozenset({STEP, HORIZON, *letters, *indices}),
        superscript_time=superscript,
        call_time=calls,
        open=True,
    )
    equations: list[tuple[str, Node]] = []
    totals: dict[str, Node] = {}
    initial: dict[str, Node] = {}
    for p in parsed:
        if p.time is None and _function_alias(p) is not None:
            continue
        with _place(p.text):
            rhs = Binder(vocabulary, p.right).expr(parse(p.right, p.right[-1].end))
        if p.time is None:
            _once(p, totals)
            totals[p.name] = rhs
        elif _is_initial(p, parsed):
            initial[p.name] = rhs
        else:
            _once(p, dict(equations))
            equations.append((p.name, _normalised(p, rhs)))
    return Definitions(equations, totals, initial, functions, activations, vocabulary)


class _place:
    """Errors inside name the line they are in."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InputError):
            error.source = self.text  # type: ignore[attr-defined]


def recurrence_from_latex(
    lines: Sequence[str],
    *,
    name: str = "defined",
    shapes: Mapping[str, Shape] | None = None,
    scalar: bool = False,
    initial: Mapping[str, Node] | None = None,
    words: Iterable[str] = (),
) -> Recurrence:
    r"""A recurrence from its equations as they are written.

    Parameters
    ----------
    lines:
        Definitions such as ``h_t = \tanh(W h_{t-1} + U x_t + b)``, ``h_0 = 0``,
        ``C = C(h_T)`` or ``L = \frac{1}{T}\sum_{t=1}^T l(y_t, o_t)``, in any order. The
        left side may be ``h_t``, ``h_{t+1}``, ``h^{(t)}``, ``h^t`` or ``h(t)``.
    name:
        What messages call the recurrence.
    shapes:
        Shapes that override the inferred ones.
    scalar:
        Everything is a scalar.
    initial:
        Initial values, as in :class:`~bptt_sym.recurrence.Recurrence`.
    words:
        Names of several letters written without ``\mathrm``.

    Raises
    ------
    InputError
        A line that cannot be read; shapes that do not fit.
    ModelError
        Equations that are no recurrence.
    """
    found = read_equations(lines, words=words)
    if not found.equations:
        raise ReadError(
            "no line defines a sequence", token=lines[0][:40] if lines else "",
            hint=r"write a line such as h_t = \tanh(w h_{t-1} + u_t)",
        )  # fmt: skip
    functions: dict[str, Shape] = dict.fromkeys(found.functions, ())
    inferred: dict[str, Shape] = {}
    given = dict(shapes or {})
    for _ in range(len(functions) + 1):
        # An opaque function has the shape of what it defines, which may depend on others.
        inferred = infer_shapes(
            found.equations, given=given, scalar=scalar, totals=found.totals, functions=functions
        )
        before = dict(functions)
        for f, owner in found.functions.items():
            if owner is not None:
                functions[f] = inferred.get(owner, ())
        if functions == before:
            break
    missing = [n for n in given if n not in inferred]
    if missing:
        raise ShapeError(f"a shape is given for {missing[0]}, which the definitions do not use",
                         token=missing[0])  # fmt: skip
    equations = [
        Equation(target, oriented(rhs, inferred, functions)) for target, rhs in found.equations
    ]
    for e in equations:
        _check_shape(e, inferred, functions)
    blocks: dict[str, tuple[str, ...]] = {}
    for e in equations:
        for n in walk(e.rhs):
            if isinstance(n, Mul):
                for left, right in zip(n.args, n.args[1:], strict=False):
                    if isinstance(left, Sym) and isinstance(right, Concat):
                        parts = [a.name for a in right.args if isinstance(a, At)]
                        if len(parts) == len(right.args):
                            blocks[left.name] = tuple(parts)
    rec = Recurrence(
        name,
        tuple(_ordered(equations)),
        inferred,
        initial={**found.initial, **(initial or {})},
        totals={n: oriented(v, inferred, functions) for n, v in found.totals.items()},
        functions=functions,
        blocks=blocks,
    )
    if found.vocabulary.superscript_time:
        remember(rec, superscript_time=True)
    return rec


# -- left sides


def _left_sides(text: str, words: frozenset[str]) -> list[_Line]:
    with _place(text):
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


def left_side(text: str, chain: Chain) -> _Line:
    left, right = chain.sides
    tree = parse(left, left[-1].end)
    span = Span(left[0].start, left[-1].end)
    factors = tree.terms[0][1].factors
    wrong = ReadError(
        "the left side of a definition must be a name", span=span, token=text[span.start : span.end],
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
        line = _Line(text, chain, head.name, None, right, span=span)
    elif isinstance(head, Scripted) and isinstance(head.base, Word):
        line = _scripted_left(text, chain, head, head.base, v, right, span)
    else:
        raise wrong
    if argument is not None and line.time is None:
        time = index_of(Script(argument, span), v, {})
        applied = any(
            t.kind == "open" and right[k - 1].kind == "word" and right[k - 1].text == head_name(head)
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
) -> _Line:
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
    return _Line(text, chain, name, time, right, superscript=superscript, span=span)


def _is_initial(p: _Line, lines: list[_Line]) -> bool:
    """``h_0 = …`` beside a definition of ``h_t``."""
    form = affine(p.time) if p.time is not None else None
    return form is not None and not form[0]


def _index_names(node: Node) -> list[str]:
    form = affine(node)
    return list(form[0]) if form else []


def _once(p: _Line, seen: Mapping[str, Node]) -> None:
    if p.name in seen:
        raise ReadError(f"{p.name} is defined twice", span=p.span, token=p.name,
                        hint="leave one definition")  # fmt: skip


def _normalised(p: _Line, rhs: Node) -> Node:
    """The right side with the left side's time moved to ``t``."""
    assert p.time is not None
    form = affine(p.time)
    if form is None or len(form[0]) != 1 or next(iter(form[0].values())) != 1:
        raise ReadError("the time on the left side is not a step", span=p.span, token=p.name,
                        hint=f"write {p.name}_t or {p.name}_{{t+1}}")  # fmt: skip
    (var,) = form[0]
    moved = from_affine({STEP: 1}, -form[1])
    if var == STEP and not form[1]:
        return _canonical(rhs)
    return _canonical(substitute_index(rhs, var, moved))


def _canonical(node: Node) -> Node:
    node = rebuild(node, _canonical)
    if isinstance(node, At):
        form = affine(node.time)
        if form is not None:
            return replace(node, time=from_affine(*form))
    return node


# -- functions


def _function_alias(p: _Line) -> str | None:
    """The known function that a line such as ``\\phi = \\tanh`` gives a name to."""
    words = [t for t in p.right if t.kind not in ("sep",)]
    if p.argument is None:
        if len(words) == 1 and words[0].text in ACTIVATIONS:
            return ACTIVATIONS[words[0].text]
        return None
    texts = [t.text for t in words]
    z = p.argument
    for function in ACTIVATIONS:
        if texts in ([function, "(", z, ")"], [function, z]):
            return ACTIVATIONS[function]
    if p.argument is not None:
        body = Binder(
            Vocabulary(open=True, indices=frozenset((STEP,))), p.right
        ).expr(parse(p.right, p.right[-1].end))  # fmt: skip
        if _is_logistic(body, z):
            return "sigma"
        if body == Sym(z):
            return "identity"
        if _is_tanh(body, z):
            return "tanh"
        raise ReadError(
            f"this definition of the function {p.name} is not read", span=p.span, token=p.name,
            hint=r"a function may be defined as \tanh, the logistic function or the identity; "
            "or leave it opaque",
        )  # fmt: skip
    return None


def _exp_of(node: Node, z: str, sign: int) -> bool:
    arg: Node = Sym(z) if sign > 0 else Neg(Sym(z))
    return node == Fn("exp", arg)


def _is_logistic(body: Node, z: str) -> bool:
    match body:
        case Div(num=Num(value=v), den=Add(args=(Num(value=one), e))) if v == 1 == one:
            return _exp_of(e, z, -1)
        case Div(num=top, den=Add(args=(Num(value=one), e))) if one == 1:
            return _exp_of(top, z, 1) and _exp_of(e, z, 1)
    return False


def _is_tanh(body: Node, z: str) -> bool:
    match body:
        case Div(num=Add(args=(a, Neg(arg=b))), den=Add(args=(c, d))):
            return a == c and b == d and _exp_of(a, z, 1) and _exp_of(b, z, -1)
    return False


def _find_functions(
    p: _Line,
    defined: set[str],
    activations: dict[str, str],
    functions: dict[str, str | None],
    calls: bool,
) -> None:
    """Names before parentheses on the right side that are functions."""
    tokens = p.right
    for k, t in enumerate(tokens):
        if t.kind != "word" or t.text in ("diag", "prod"):
            continue
        j = k + 1
        while j < len(tokens) and tokens[j].kind == "prime":
            j += 1
        sub: list[Token] = []
        if j < len(tokens) and tokens[j].kind == "_":
            j, sub = _script_at(tokens, j)
        if j >= len(tokens) or tokens[j].kind != "open" or tokens[j].text != "(":
            continue
        if k and tokens[k - 1].kind in ("_", "^", "{"):
            continue
        end, commas = _group_at(tokens, j)
        own = t.text == _base(p.name)
        timed = bool(sub) and _is_time(sub)
        name = t.text
        if sub and not timed:
            name = subscripted(name, Script(sub, t.span).text)
        owner = p.name if p.time is not None else None
        if timed and not own:
            continue  # an element of a sequence times a parenthesis
        if calls and not commas and _is_time(tokens[j + 1 : end]):
            continue  # x(t)
        if t.text in activations and t.text not in defined and not own:
            if sub and not timed:
                activations.setdefault(name, name)
            continue
        if own or t.text in LOSS_LETTERS:
            functions.setdefault(name, None)
        elif commas:
            functions.setdefault(name, owner)
        elif name in defined:
            continue
        elif t.text in FUNCTION_LETTERS or t.text.startswith(r"\mathrm{"):
            activations.setdefault(name, name)
        elif p.time is None and _has_element(tokens[j + 1 : end]) and not is_upper(t.text):
            functions.setdefault(name, None)


def _base(name: str) -> str:
    return name.split("_")[0].split("^")[0]


def _script_at(tokens: list[Token], j: int) -> tuple[int, list[Token]]:
    j += 1
    if j < len(tokens) and tokens[j].kind == "{":
        depth, start = 0, j + 1
        while j < len(tokens):
            depth += (tokens[j].kind == "{") - (tokens[j].kind == "}")
            j += 1
            if not depth:
                return j, tokens[start : j - 1]
    return j + 1, tokens[j : j + 1]


def _group_at(tokens: list[Token], j: int) -> tuple[int, int]:
    """The index of the closing parenthesis and the number of separators on its level."""
    depth = commas = 0
    for k in range(j, len(tokens)):
        kind = tokens[k].kind
        if kind in ("open", "{"):
            depth += 1
        elif kind in ("close", "}"):
            depth -= 1
            if not depth:
                return k, commas
        elif kind == "sep" and depth == 1:
            commas += 1
    return len(tokens), commas


def _is_time(tokens: list[Token]) -> bool:
    if not tokens:
        return False
    v = Vocabulary(indices=frozenset((STEP, HORIZON)))
    found = index_of(Script(tokens, tokens[0].span), v, {})
    return found is not None


def _has_element(tokens: list[Token]) -> bool:
    return any(t.kind in ("_", "^") for t in tokens)


# -- orientation


def oriented(node: Node, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]) -> Node:
    r"""The same value with every product in column convention.

    In a definition ``x_t W`` with a vector left of a matrix is :math:`W^\top x_t`, and two column
    vectors side by side are multiplied elementwise: nothing else would have a shape.
    """
    node = rebuild(node, lambda c: oriented(c, shapes, functions))
    if not isinstance(node, Mul):
        return node
    out: list[Node] = []
    for a in node.args:
        if not out:
            out.append(a)
            continue
        left, right = _shape(out[-1], shapes, functions), _shape(a, shapes, functions)
        if left is None or right is None:
            out.append(a)
        elif len(left) == 1 and len(right) == 1:
            before = out.pop()
            parts = before.args if isinstance(before, Had) else (before,)
            out.append(Had((*parts, a), span=node.span))
        elif len(left) == 1 and len(right) == 2 and left[0] == right[0] and right[0] != 1:
            before = out.pop()
            flipped = a.arg if isinstance(a, Transpose) else Transpose(a, span=a.span)
            out.append(Mul((flipped, before), span=node.span))
        else:
            out.append(a)
    return out[0] if len(out) == 1 else Mul(tuple(out), span=node.span)


def _shape(
    node: Node, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]
) -> Shape | None:
    try:
        return shape_of(node, shapes, functions)
    except ShapeError:
        return None


def _check_shape(
    e: Equation, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]
) -> None:
    found = shape_of(e.rhs, shapes, functions)
    if found and found != shapes[e.target]:
        from bptt_sym.shapes import show_shape

        raise ShapeError(
            f"{e.target} is {show_shape(shapes[e.target])}, its right side {show_shape(found)}",
            span=e.rhs.span, token=e.target,
        )  # fmt: skip


def _ordered(equations: list[Equation]) -> list[Equation]:
    """The equations so that each uses only values of its step that are computed before it."""
    targets = {e.target for e in equations}
    needs = {
        e.target: {
            n.name
            for n in walk(e.rhs)
            if isinstance(n, At) and n.name in targets and n.time == Idx(STEP)
        }
        for e in equations
    }
    out: list[Equation] = []
    ready: set[str] = set()
    waiting = list(equations)
    while waiting:
        e = next((e for e in waiting if needs[e.target] <= ready), None)
        if e is None:
            names = ", ".join(e.target for e in waiting)
            raise ModelError(f"each of {names} needs another of them at the same step")
        waiting.remove(e)
        out.append(e)
        ready.add(e.target)
    return out


__all__ = ["Call", "Definitions", "Sum", "num", "oriented", "read_equations",
           "recurrence_from_latex"]  # fmt: skip
