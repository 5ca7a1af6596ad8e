r"""Gates that are computed at once: ``a_t = x_t W_x + h_{t-1} W_h + b = [a^i_t, a^f_t, a^o_t]``.

One matrix has the weights of every gate side by side, and one name, ``\delta_t = [\delta^i_t, …]``,
the gradients. A text that says so says of every gate what it writes once: definitions and
gradients by the stacked weights are written out gate by gate, and the product of the stacked
gradient with the stacked weights is the sum over the gates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited
from bptt_sym.spelling.cut_arguments import in_bold, with_one_letter, with_whole_arguments
from bptt_sym.spelling.split_parts import Split, rows_of_column, with_parts_applied

_OPEN = r"(?:\\(?:left|bigl?|Bigl?)\s*)?"
_CLOSE = r"(?:\\(?:right|bigr?|Bigr?)\s*)?"
_LIST = re.compile(
    rf"{_OPEN}\[(?P<list>(?:[^\[\]=+]|\{{[^{{}}]*\}})+?){_CLOSE}\](?:\s*\^\s*(?:T|\\top|\{{\s*(?:T|\\top)\s*\}}))?"
    rf"|{_OPEN}\((?P<round>(?:[^()\[\]=+]|\((?:t|[a-z])\))+?){_CLOSE}\)(?:\s*\^\s*(?:T|\\top|\{{\s*(?:T|\\top)\s*\}}))?"
    r"|\\begin\s*\{(?P<env>[bp]matrix)\}(?P<rows>(?:(?!\\begin|\\end)[^=+])*)\\end\s*\{(?P=env)\}"
)
#: ``[\sigma, \sigma, \tanh, \sigma](…)``: a function for each gate; a column of them.
_FUNCTION = (
    r"(?:\s|\\[,;:! ]|[,;&]|\\\\|\\(?:sigma|tanh|phi)|tanh|sigm(?:oid)?|"
    r"\\(?:text|mathrm|operatorname)\s*\{[a-z]+\})+"
)
_APPLIED = re.compile(
    rf"(?:{_OPEN}\[(?P<list>{_FUNCTION}){_CLOSE}\]|{_OPEN}[(\[]?\s*\\begin\s*\{{(?P<env>[bpv]?matrix)\}}"
    rf"(?P<rows>{_FUNCTION})\\end\s*\{{(?P=env)\}}(?:\s*\\right\s*[)\]])?)"
    r"(?:\s|\\[,;:! ]|\\(?:odot|circ)(?![a-z]))*"
)
_PARTS = re.compile(r"\\\\|[,;&|]|\\mid(?![a-z])|\\vert(?![a-z])")
_GROUP = re.compile(r"\{(?:[^{}]|\{[^{}]*\})*\}")
_SPACES = re.compile(r"(?<!\\)\\[,;:! ]|\s+")
#: Where one formula of a display ends and the next begins.
_PIECES = re.compile(r",?\s*\\q?quad(?![A-Za-z])|\\\\(?!\s*\])")
_COMMANDS = re.compile(r"\\[A-Za-z]+|[{}]|net")
#: The argument of a gate, ``z_f``; the weight of an input or a state in one, ``W_{xf}``.
_ARGUMENT = re.compile(r"(?<![A-Za-z])z\s*_")
_OF_TWO = re.compile(r"[WURV]\s*_\s*\{\s*[xh]\s*(?P<gate>[fiogcC])\s*\}")
_LETTER = re.compile(r"(?<![A-Za-z])([a-zC])(?![A-Za-z])")
_GATES = frozenset("fiogcCzrn")
_WEIGHT = re.compile(
    r"(?<![A-Za-z\\])(?P<w>[ABDFGKMNPQRSUVWZb])(?:\s*_\s*(?:\{\s*(?P<s>[a-z]{1,2})\s*\}|(?P<s1>[a-z])))?"
    r"(?![A-Za-z]|\s*_)"
)
_GRADIENT = re.compile(r"\\delta|\\partial|(?<![A-Za-z\\])d(?=\\|[a-z])")
_BY = re.compile(
    r"\s*\\[dt]?frac\s*\{\s*(?:\\partial|d)[^{}]*(?:\{[^{}]*\}[^{}]*)?\}\s*\{\s*(?:\\partial|d)\s*(?P<by>[^{}]*(?:\{[^{}]*\})?)\s*\}"
)
_SCRIPT = re.compile(r"[_^]\s*\{[^{}]*\}")
#: ``\\delta W = …``
_MARKED = re.compile(
    r"\s*(?:\\delta\s*|d)(?P<by>[ABDFGKMNPQRSUVWZb](?:\s*_\s*(?:\{\s*[a-z]\s*\}|[a-z])|\s*\^\s*(?:\{\s*\(?\s*t\s*\)?\s*\}|t))?)"
    r"(?=\s*&?\s*=)"
)
#: ``W_t``, ``W^{(t)}``: the weight that step t uses.
_COPY = re.compile(
    r"([ABDFGKMNPQRSUVWZb])(?:\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})|\s*\^\s*(?:\{\s*\(?\s*t\s*\)?\s*\}|t(?![A-Za-z])))"
)
_TURNED = r"\s*\^\s*(?:\{\s*(?:T|\\top)\s*\}|T(?![A-Za-z])|\\top(?![A-Za-z]))"
_SIGN = r"\s*(?:\\cdot|\\times|\\,|\\;|\*)?\s*"

#: ``z_t = [\\hat a_t, \\hat i_t, \\hat f_t]``, ``gates_t = …``
_NAMED = re.compile(
    r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|\\(?:mathrm|text)\s*\{\s*[a-z]{2,8}\s*\}|[a-z]{1,8})\s*"
    r"(?:_\s*(?:\{\s*t\s*\}|t)|\^\s*(?:\{\s*\(?\s*t\s*\)?\s*\}|t))"
)

Stack = tuple[tuple[str, str], ...]


@dataclass
class Stacked:
    """What a document stacks: the names of gradients, and the weights by their raw text."""

    gradients: dict[str, Stack] = field(default_factory=dict)
    #: How these names are written.
    written: dict[str, str] = field(default_factory=dict)
    weights: set[str] = field(default_factory=set)
    #: What has an equation of its own.
    given: set[str] = field(default_factory=set)
    #: What stands for a stack of the arguments of gates.
    names: set[str] = field(default_factory=set)

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with what it says of all gates at once said of each."""
        apart = self._row_by_row(formula.latex)
        if apart is not None:
            return edited(formula, [(0, len(formula.latex), apart)])
        edits = list(self._edits(formula.latex))
        return edited(formula, edits)

    def _row_by_row(self, text: str) -> str | None:
        """The gradient by a stack with a name, given as a column, as one equation for each row."""
        left, _, right = text.partition("=")
        stack = self.gradients.get(_key(left.strip(" &"))) if self.names else None
        rows = rows_of_column(right) if stack is not None else []
        if stack is None or len(rows) != len(stack):
            return None
        if any(_key(row) == _key(mark) for row, (_, mark) in zip(rows, stack, strict=True)):
            return None  # it is said of what the stack consists
        each = zip(stack, rows, strict=True)
        return r", \qquad ".join(f"{mark} = {row}" for (_, mark), row in each)

    def _edits(self, text: str) -> Iterator[Edit]:
        last = 0
        for start, end in _pieces(text):
            piece = text[start:end]
            new = self._defining(piece)
            new = self._gradient(piece) if new is None else new
            if new is not None:
                yield start if new else last, end, new  # without what stands before nothing
            last = end

    def _defining(self, piece: str) -> str | None:
        sides = _sides(piece)
        stack, others = _stack_among(sides)
        if stack is None:
            return None
        if any(_GRADIENT.search(text) for _, text in stack):
            return sides[-1] if len(sides) == 2 and _key(others[0]) in self.gradients else None
        if _is_of_weights(stack, others):
            return ""
        made = next((o for o in others if _WEIGHT.search(o)), "")
        if not made:
            return "" if len(sides) == 2 and _key(sides[0]) in self.names else None
        applied = _APPLIED.match(made)
        functions = [""] * len(stack)
        if applied is not None:
            functions = _parts(applied)
            made = f"({made[applied.end():]})"
        if len(functions) != len(stack):
            return None
        if all(_key(text) in self.given for _, text in stack):
            return sides[0]  # each has a line of its own
        each = zip(stack, functions, strict=True)
        return r", \qquad ".join(f"{t} = {f}{_of_gate(made, g)}" for (g, t), f in each)

    def _gradient(self, piece: str) -> str | None:
        found = max((n for n in self.gradients if n in _key(piece)), key=len, default=None)
        if _SCRIPT.sub("", piece).count("=") != 1:
            return None
        if found is None:
            return self._summed_up(piece)
        raw = self.written.get(found, found)
        name = re.compile(r"\s*".join(map(re.escape, re.sub(r"\s", "", raw))) + r"(?![A-Za-z])")
        turned = re.compile(rf"{name.pattern}(?P<t>(?:{_TURNED})?)")
        by = _BY.match(piece) or _MARKED.match(piece)
        if by is not None and _COPY.sub(r"\1", _key(by.group("by"))) in self.weights:
            rows = []
            for gate, text in self.gradients[found]:
                row = turned.sub(lambda m: _grouped(text, m.group("t")), piece)  # noqa: B023
                left, sign, right = row.partition("=")  # (no script stands before it)
                left = _COPY.sub(r"\1^{(t)}", left)
                rows.append(_of_gate(left, gate) + sign + right)
            return r", \qquad ".join(rows)
        weight = rf"(?P<w>{_WEIGHT.pattern.replace('?P<w>', '?P<l>')})"
        product = re.compile(
            rf"{name.pattern}{_SIGN}{weight}(?P<t>(?:{_TURNED})?)|"
            rf"{weight.replace('?P<', '?P<z')}(?P<zt>(?:{_TURNED})?){_SIGN}{name.pattern}"
        )
        stack = self.gradients[found]

        def summed(m: re.Match[str]) -> str:
            first = m.group("w") is not None
            w, t = (m.group("w"), m.group("t")) if first else (m.group("zw"), m.group("zt"))
            if _key(w) not in self.weights:
                return m.group()
            terms = (
                rf"{_grouped(text)} \, {_of_gate(w, g)}{t}" if first
                else rf"{_of_gate(w, g)}{t} \, {_grouped(text)}"
                for g, text in stack
            )
            return "(" + " + ".join(terms) + ")"

        new = product.sub(summed, piece)
        return new if new != piece else None

    def _summed_up(self, piece: str) -> str | None:
        r"""``\delta W = \sum_t \delta W_t`` of each gate."""
        by = _BY.match(piece) or _MARKED.match(piece)
        if by is None or not self.gradients or not re.search(r"\\sum", piece):
            return None
        weight = _key(by.group("by"))
        copies = {m.group(1) for m in _COPY.finditer(piece.partition("=")[2])}
        if weight not in self.weights or copies != {weight}:
            return None
        said = _COPY.sub(r"\1^{(t)}", piece)
        stack = next(iter(self.gradients.values()))
        return r", \qquad ".join(_of_gate(said, gate) for gate, _ in stack)

    def name(self, name: str, stack: Stack, loss: str) -> None:
        """The gradient by a stack with a name is the stack of those by its parts."""
        self.names.add(_key(name))
        fraction = rf"\frac{{\partial {loss}}}{{\partial "
        for before, behind in ((r"\delta ", ""), ("d", ""), (fraction, "}")):
            for at in ("t", "t+1", "t-1"):
                written = f"{before}{_at(name, at)}{behind}"
                parts = tuple((gate, f"{before}{_at(part, at)}{behind}") for gate, part in stack)
                self.gradients[_key(written)] = parts
                self.written[_key(written)] = written


_AT_T = re.compile(r"(?<=[_^])\s*(?:t(?![A-Za-z])|\{\s*(?P<open>\(?)\s*t\s*\)?\s*\})")


def _at(name: str, step: str) -> str:
    """``name``, which is written for step t, at ``step``."""
    if step == "t":
        return name
    return _AT_T.sub(lambda m: f"{{({step})}}" if m["open"] else f"{{{step}}}", name)


#: ``… \\Rightarrow \\begin{pmatrix} r_t \\\\ z_t \\end{pmatrix} = …`` up to what closes around it.
_SAID_AGAIN = re.compile(
    r"(?:\\q?quad\s*)*\\(?:Rightarrow|Longrightarrow|implies|iff|Leftrightarrow|Longleftrightarrow)"
    r"\s*(?:\\q?quad\s*)*\\begin\s*\{(?P<env>[bp]matrix)\}(?P<rows>(?:(?!\\begin|\\end)[^=+])*)"
    r"\\end\s*\{(?P=env)\}\s*&?=.*?(?P<rest>(?:\\end\s*\{aligned\}\s*)*)$",
    re.DOTALL,
)
#: ``(x_t W + b)_i``: the columns of a gate.
_COLUMNS_OF = re.compile(r"_\s*(?:\{\s*(?P<g>[a-z])\s*\}|(?P<g1>[a-z])(?![A-Za-z]))")
#: A sum for one gate is shorter; a bracket that never closes is looked for no further.
_LONGEST = 1_000
_BIG = re.compile(r"(?:\\(?:big|Big|left|bigl|Bigl)\s*)?\(")


def _with_columns(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the columns of one gate out of a product as its own weights.

    One letter alone below a product may count its entries: several gates must stand so.
    """
    columns = [list(_columns(f.latex)) for f in formulas]
    gates = {gate for found in columns for _, _, gate, _ in found}
    if len(gates) < 2:
        return list(formulas)
    return [
        edited(f, [(start, end, f"({_of_gate(inside, g)})") for start, end, g, inside in found])
        for f, found in zip(formulas, columns, strict=True)
    ]


def _columns(text: str) -> Iterator[tuple[int, int, str, str]]:
    """The products in brackets with a gate below: where they stand, the gate, what is inside."""
    for m in _BIG.finditer(text):
        end = closing(text, m.end() - 1, "(", ")", within=_LONGEST)
        script = _COLUMNS_OF.match(text, end + 1) if end is not None else None
        if end is None or script is None or (script["g"] or script["g1"]) not in _GATES:
            continue
        inside = text[m.end() : end]
        if "=" in inside or _GRADIENT.search(inside) or not _WEIGHT.search(inside):
            continue
        yield m.start(), script.end(), script["g"] or script["g1"], inside


_LEFT_SIDE = re.compile(r"(?:^|\\\\|&|\\begin\s*\{aligned\})\s*&?\s*(?P<name>[^=&\\]{1,40})=")


def _once(formula: Formula) -> Formula:
    """``formula`` without the stack that says again what its equations have said one by one."""
    m = _SAID_AGAIN.search(formula.latex)
    if m is None:
        return formula
    given = {_key(x.group("name")) for x in _LEFT_SIDE.finditer(formula.latex[: m.start()])}
    parts = _parts(m)
    if len(parts) < 2 or not {_key(part) for part in parts} <= given:
        return formula
    return edited(formula, [(m.start(), m.start("rest"), " ")])


def with_stacked_gates(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with stacked weights and gradients gate by gate, where a line stacks them or
    the arguments of the gates are the parts of a sum."""
    formulas, cut = with_whole_arguments(_with_columns([_once(f) for f in formulas]), _of_gate)
    formulas, letters, bold = with_one_letter(formulas)
    stacked = Stacked(weights=set(letters) | {_key(m.group()) for m in _WEIGHT.finditer(cut)})
    formulas = with_parts_applied(formulas)
    split = Split.of([f.latex for f in formulas], loss)
    if split is not None:
        formulas = [split.written_out(f) for f in formulas]
        stacked.gradients |= {_key(mark): parts for mark, parts in split.gradients().items()}
    for formula in formulas:
        for start, end in _pieces(formula.latex):
            sides = _sides(formula.latex[start:end])
            stack, others = _stack_among(sides)
            if stack is None:
                if len(sides) > 1 and not _GRADIENT.search(sides[0]):
                    stacked.given.add(_key(sides[0]))
                continue
            if any(_GRADIENT.search(text) for _, text in stack):
                if len(others) == 1 and len(_key(others[0])) < 24:
                    stacked.gradients[_key(others[0])] = stack
                    stacked.written[_key(others[0])] = others[0]
            elif _is_of_weights(stack, others):
                stacked.weights.add(_key(others[0]))
            elif len(sides) == 2 and _NAMED.fullmatch(sides[0]) and _is_bracketed(sides[1]):
                stacked.name(sides[0], stack, loss)
            elif made := next((o for o in others if _WEIGHT.search(o)), ""):
                stacked.weights |= {_key(m.group()) for m in _WEIGHT.finditer(made)}
                if len(sides) == 3 and _NAMED.fullmatch(sides[0]):
                    stacked.name(sides[0], stack, loss)
    stacked.weights |= _of_every_gate(formulas, stacked)
    if not stacked.weights:
        return list(formulas)
    found = [stacked.written_out(f) for f in formulas]
    return in_bold(found, letters) if bold else found


def _of_every_gate(formulas: Sequence[Formula], stacked: Stacked) -> set[str]:
    """The letters of weights that each gate of a stacked gradient has with its own letter below,
    and that a line differentiates by without one: all of them, stacked as the gradient is."""
    names = {_key(m.group()) for f in formulas for m in _WEIGHT.finditer(f.latex)}
    by = {_key(m.group("by")) for f in formulas for m in _BY.finditer(f.latex)}
    gates = [tuple(gate for gate, _ in stack) for stack in stacked.gradients.values()]
    return {
        w
        for w in by - stacked.given
        if w in "WURVb" and any(all(f"{w}_{gate}" in names for gate in every) for every in gates)
    }


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    if "\\begin" in text and "matrix" not in text:
        return
    last = 0
    inside = [m.span() for m in _LIST.finditer(text)]
    for m in _PIECES.finditer(text):
        if any(a <= m.start() < b for a, b in inside):
            continue
        yield last, m.start()
        last = m.end()
    yield last, len(text)


def _sides(piece: str) -> list[str]:
    return [s.strip(" .,;&\n") for s in re.split(r"(?<![<>:+])=", piece)]


def _stack_among(sides: Sequence[str]) -> tuple[Stack | None, list[str]]:
    """The side that is a stack of gates, and the other sides."""
    for k, side in enumerate(sides):
        m = _LIST.fullmatch(side)
        if m is None:
            continue
        parts = _parts(m)
        gates = [_gate(p) for p in parts]
        if len(parts) > 2 and all(gates) and len(set(gates)) == len(gates):
            return tuple(zip(gates, parts, strict=True)), [*sides[:k], *sides[k + 1 :]]
    return None, list(sides)


def _is_of_weights(stack: Stack, others: Sequence[str]) -> bool:
    """Whether a letter is only said to stack the weights of the gates that have it."""
    if len(others) != 1 or _WEIGHT.fullmatch(others[0]) is None:
        return False
    return all(
        _key(text) in (f"{_key(others[0])}_{gate}", _key(_of_gate(others[0], gate)))
        for gate, text in stack
    )


def _is_bracketed(side: str) -> bool:
    return side.startswith(("[", r"\left[", r"\begin", "(", r"\left("))


def _parts(m: re.Match[str]) -> list[str]:
    """What stands side by side, or one on top of the other."""
    found = m.groupdict()
    inside = found.get("list") or found.get("rows") or found.get("round") or ""
    inside = _SPACES.sub(" ", inside)
    inside = _GROUP.sub(lambda g: g.group().replace(",", "\0"), inside)  # z_{f,t}
    return [p.strip().replace("\0", ",") for p in _PARTS.split(inside) if p.strip()]


def _gate(part: str) -> str:
    """The one letter of a gate in what names it, "" without one."""
    letters = set(_LETTER.findall(_COMMANDS.sub(" ", part).replace("_", " ").replace("^", " ")))
    found = letters & _GATES or letters & {"a"}  # (a candidate; what is inside is a_f, a_i, …)
    if len(found) == 2 and _ARGUMENT.search(part) is not None:
        found = found - {"z"}  # \\delta_{z_f}
    if not found and (weight := _OF_TWO.fullmatch(part)) is not None:
        return weight["gate"]
    return found.pop() if len(found) == 1 else ""


def _of_gate(text: str, gate: str) -> str:
    return _WEIGHT.sub(
        lambda m: rf"{m.group('w')}_{{{m.group('s') or m.group('s1') or ''}{gate}}}", text
    )


def _grouped(text: str, turned: str = "") -> str:
    """``text`` as one factor: a product entry by entry in brackets; ``turned`` if T is above."""
    whole = re.search(r"\\(?:odot|circ|cdot|times|ast)(?![a-z])|[+*(]", text) is None
    return (f"{{{text}}}" if whole else f"({text})") + (r"^{\top}" if turned else "")


def _key(text: str) -> str:
    return re.sub(r"[\s{}]|\\[,;:! ]", "", text)
