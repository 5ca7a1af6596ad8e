"""Names before parentheses: which of them are functions, and functions that are defined."""

from __future__ import annotations

from bptt_sym.errors import BesideError
from bptt_sym.notation import (
    Add,
    Div,
    Fn,
    Neg,
    Node,
    Num,
    Sym,
)
from bptt_sym.read.expressions import Binder
from bptt_sym.read.grammar import parse
from bptt_sym.read.index import index_of
from bptt_sym.read.left_sides import Line
from bptt_sym.read.surface import Script
from bptt_sym.read.tokens import Token
from bptt_sym.read.vocabulary import ACTIVATIONS, Vocabulary, subscripted
from bptt_sym.recurrence import HORIZON, STEP
from bptt_sym.shapes import is_upper

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


def function_alias(p: Line) -> str | None:
    """The known function that a line such as ``\\phi = \\tanh`` gives a name to."""
    words = [t for t in p.right if t.kind not in ("sep",)]
    if p.argument is None:
        if len(words) == 1 and words[0].text in ACTIVATIONS:
            return ACTIVATIONS[words[0].text]
        return None
    texts = [t.text for t in words]  # a closing bracket has the text of its opening one
    z = p.argument
    for function in ACTIVATIONS:
        if texts in ([function, "(", z, "("], [function, z]):
            return ACTIVATIONS[function]
    vocabulary = Vocabulary(open=True, indices=frozenset((STEP,)))
    body = Binder(vocabulary, p.right).expr(parse(p.right, p.right[-1].end))
    if _is_logistic(body, z):
        return "sigma"
    if body == Sym(z):
        return "identity"
    if _is_tanh(body, z):
        return "tanh"
    raise BesideError(
        f"this definition of the function {p.name} is not read", span=p.span, token=p.name,
        hint=r"a function may be defined as \tanh, the logistic function or the identity; "
        "or leave it opaque",
    )  # fmt: skip


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


def find_functions(
    p: Line,
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
        worded = t.text.startswith(r"\mathrm{")
        labels = t.text in activations or t.text in FUNCTION_LETTERS or worded
        if timed and labels and t.text not in defined:
            # \sigma_r, g_1, \mathrm{output}_1: a label, though r and 1 could count steps.
            timed = any(s.text in (STEP, HORIZON) for s in sub)
        name = t.text
        if sub and not timed:
            name = subscripted(name, Script(sub, t.span).text)
        owner = p.name if p.time is not None else None
        before = not commas and any(s.text == "-" for s in sub)
        if timed and (before or not own):
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
        elif t.text in ("h", "e") and _one_element(tokens[j + 1 : end]):
            activations.setdefault(name, name)  # y_t = h(c_t), where no h_t is defined
        elif t.text in FUNCTION_LETTERS or worded:
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


def _one_element(tokens: list[Token]) -> bool:
    """``c_t`` or ``c^{(t)}`` alone."""
    return len(tokens) > 2 and tokens[0].kind == "word" and tokens[1].kind in ("_", "^") and all(
        t.kind in ("word", "num", "op", "{", "}", "open", "close") for t in tokens[2:]
    ) and sum(t.kind == "word" for t in tokens) == 2


def _has_element(tokens: list[Token]) -> bool:
    return any(t.kind in ("_", "^") for t in tokens)
