r"""One vector that is split into the arguments of all gates: ``a = W_x x_t + W_h h_{t-1} + b``.

What stands inside the activations, ``i = \sigma(a_i)``, ``g = \tanh(a_g)``, carries the letter of a
sum that nothing else uses, and no equation says what it is: it is a part of that sum. The sum is
written as the stack of its parts and the gradient by it as that of theirs, which
:mod:`~bptt_sym.spelling.stacked` says of each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced

_STEP = r"(?:\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\}))?"
_GATE = r"\(?\s*(?:[ifogcC]|\\tilde\s*\{?\s*[cC]\s*\}?)\s*\)?"
#: ``a_i``, ``a_{i,t}``, ``a_{i_t}``, ``a^i_t``, ``a_t^i``, ``a_t^{(i)}``
_PART = (
    rf"(?:_\s*(?:\{{\s*(?P<g1>{_GATE})\s*(?:,\s*t|_\s*t)?\s*\}}|(?P<g2>[ifogc])(?![A-Za-z]))"
    rf"|\^\s*(?:\{{\s*(?P<g3>{_GATE})\s*\}}|(?P<g4>[ifogc])(?![A-Za-z]))\s*_\s*(?:t(?![A-Za-z])|\{{\s*t\s*\}})"
    rf"|_\s*(?:t|\{{\s*t\s*\}})\s*\^\s*(?:\{{\s*(?P<g5>{_GATE})\s*\}}|(?P<g6>[ifogc])(?![A-Za-z])))"
)
_INSIDE = re.compile(
    rf"\\(?:sigma|tanh|phi)\s*(?:\\left\s*)?\(\s*(?P<base>[ampqsuvyz])\s*{_PART}\s*(?:\\right\s*)?\)"
    # ``= \\sigma(W x_t + …)`` behind it says what it is.
    r"(?P<written>\s*=\s*\\(?:sigma|tanh|phi)\s*(?:\\left\s*)?\()?"
)
_SUM = re.compile(
    rf"(?:^|\\\\|\\q?quad|&(?!=)|\n)\s*(?P<name>(?P<base>[ampqsuvyz]){_STEP})\s*&?\s*="
    r"(?P<right>(?:(?!\\\\|\\q?quad|\\end)[^=\n])*[ABDFGKMNPQRSUVWZ](?:(?!\\\\|\\q?quad|\\end)[^=\n])*)"
)
#: ``dW_x =``
_WEIGHT = re.compile(
    r"^\s*d(?P<w>[ABDFGKMNPQRSUVWZb](?:\s*_\s*(?:\{\s*[a-z]+\s*\}|[a-z]))?)(?=\s*&?\s*=)"
)
_MARK = r"\mathfrak {base}"
#: The mark of the gradient at a neighbouring step, by the sign of the distance.
_NEAR = {"": "", "+": "n", "-": "p"}


#: A column, ``[a; b; c]``, and what may stand behind it.
_STACK = re.compile(
    r"\s*&?\s*(?:(?:\\left\s*)?\[(?P<list>[^\[\]=]*)(?:\\right\s*)?\]|"
    r"(?:\\left\s*[\[(]\s*)?\\begin\s*\{(?P<env>[bp]?matrix)\}(?P<rows>(?:(?!\\begin|\\end)[^=])*)"
    r"\\end\s*\{(?P=env)\}(?:\s*\\right\s*[\])])?)(?:\s*\^\s*(?:T|\\top|\{\s*(?:T|\\top)\s*\}))?[\s.,;]*"
)
_FUNCTION = re.compile(r"\\(?:sigma|tanh|phi)(?![a-z])|\\(?:text|mathrm|operatorname)\s*\{[a-z]+\}")
#: ``(a_t)``, ``\\odot a_t``: what a column of functions is applied to
_ALONE = re.compile(
    rf"\s*(?:\\odot\s*)?(?:\\left\s*)?\(?\s*(?P<name>(?P<base>[ampqsuvyz]){_STEP})\s*(?:\\right\s*)?\)?[\s.,;]*"
)
_OF_A_GATE = re.compile(
    r"\s*(?P<name>(?P<gate>[ifogcC]|\\tilde\s*\{?\s*[cC]\s*\}?)(?:\s*_\s*(?:t|\{\s*t\s*\}))?)\s*"
)


def rows_of_column(text: str) -> list[str]:
    """The rows of ``text`` if it is a column and nothing else."""
    stack = _STACK.fullmatch(text)
    return [] if stack is None else _rows(stack)


def _rows(m: re.Match[str]) -> list[str]:
    """What stands one on top of the other."""
    if m["list"] is None:
        rows = m["rows"].split(r"\\")
    else:
        rows = re.split(r"\\\\|;" if ";" in m["list"] else r"\\\\|,(?![^{]*\})", m["list"])
    return [row.strip(" &\n") for row in rows if row.strip(" &\n")]


def _order(text: str, base: str) -> tuple[str, ...] | None:
    """``a_t = W x_t + … = [a^i_t; a^f_t; …]``: the order of the parts."""
    for piece in re.split(r"\\q?quad(?![A-Za-z])", text):
        left, *others = piece.split("=")
        if _ALONE.fullmatch(left.strip(" &,")) is None:
            continue
        for side in others:
            parts = [re.fullmatch(rf"{base}\s*{_PART}", row) for row in rows_of_column(side)]
            if len(parts) > 2 and all(parts):
                return tuple(_gate(m) for m in parts if m)
    return None


#: ``I_t = \\sigma(A^i_t)``: a part of a sum with a capital letter, as batches have.
_CAPITAL = re.compile(
    rf"\\(?:sigma|tanh|phi)\s*(?:\\left\s*)?\(\s*(?P<base>[A-Z])\s*{_PART}\s*(?:\\right\s*)?\)"
)


def with_small_letters_for_sums(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a small letter for a sum of batches that is split into the arguments of
    three gates or more, and what it stands for."""
    parts: dict[str, set[str]] = {}
    for m in (m for f in formulas for m in _CAPITAL.finditer(f.latex)):
        parts.setdefault(m["base"], set()).add(_gate(m))
    split = [base for base, gates in parts.items() if len(gates) > 2]
    if len(split) != 1:
        return list(formulas), {}
    (base,) = split
    every = "\n".join(f.latex for f in formulas)
    used = set(re.findall(r"(?<![A-Za-z\\])d?([a-z])(?![A-Za-z])", every))
    # (What the report puts the letter of the text for is no word.)
    new = next((c for c in (base.lower(), *"zpsu") if c in "mpqsuvyz" and c not in used), "")
    if not new:
        return list(formulas), {}
    name = re.compile(rf"(?<![A-Za-z\\])(?P<d>d?){base}(?=\s*[_^])")
    return [replaced(f, name, lambda m: m["d"] + new) for f in formulas], {new: base}


def with_parts_applied(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with a column ``[i; f; g] = [\sigma; \sigma; \tanh](a_t)`` gate by gate.

    Where an equation with weights gives :math:`a_t`, ``i = \sigma(a^i_t)`` and so on; behind them
    stands once more which parts :math:`a_t` has.
    """
    sums = {m["base"] for f in formulas for m in _SUM.finditer(f.latex)}
    return [_applied(f, sums) for f in formulas] if sums else list(formulas)


def _applied(formula: Formula, sums: set[str]) -> Formula:
    left, _, right = formula.latex.partition("=")
    names, functions = _STACK.fullmatch(left), _STACK.match(right)
    if names is None or functions is None:
        return formula
    gates = [_OF_A_GATE.fullmatch(row) for row in _rows(names)]
    each = _rows(functions)
    given = _ALONE.fullmatch(right, functions.end())
    if given is None or given["base"] not in sums or len(gates) != len(each) or len(gates) < 3:
        return formula
    if not all(gates) or not all(map(_FUNCTION.fullmatch, each)):
        return formula
    base = given["base"]
    parts = [f"{base}_t^{{{m['gate']}}}" for m in gates if m]
    lines = [f"{m['name']} = {f}({p})" for m, f, p in zip(gates, each, parts, strict=True) if m]
    stack = f"{given['name']} = [{'; '.join(parts)}]"
    return edited(formula, [(0, len(formula.latex), r", \qquad ".join([*lines, stack]))])


@dataclass(frozen=True)
class Split:
    """The letter of the sum, and the gates that it is split into."""

    base: str
    gates: tuple[str, ...]
    loss: str
    #: Whether a line shows in which order they stand.
    ordered: bool = False

    @classmethod
    def of(cls, texts: Sequence[str], loss: str) -> Split | None:
        parts: dict[str, dict[str, None]] = {}
        for text in texts:
            for m in _INSIDE.finditer(text):
                if m["written"] is not None:
                    return None
                parts.setdefault(m["base"], {}).setdefault(_gate(m))
        sums = {m["base"] for text in texts for m in _SUM.finditer(text)}
        for base, gates in parts.items():
            given = re.compile(rf"(?<![A-Za-z\\])(?<!\\delta ){base}\s*{_PART}\s*&?\s*=")
            if base in sums and len(gates) > 2 and not any(map(given.search, texts)):
                order = next((o for text in texts if (o := _order(text, base)) is not None), ())
                shown = set(order) == set(gates)
                return cls(base, order if shown else tuple(gates), loss, shown)
        return None

    def part(self, gate: str) -> str:
        """Without a comma, which would part the stack; an upright i counts no units."""
        label = r"\mathrm{i}" if gate == "i" else gate
        return f"{self.base}_{{{label}}}^{{(t)}}"

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with the sum as the stack of its parts."""
        name = re.compile(rf"(?<![A-Za-z\\])(?P<d>d?){self.base}\s*{_PART}")
        formula = replaced(
            formula, name,
            lambda m: self._by(_gate(m)) if m["d"] else self.part(_gate(m)),
        )  # fmt: skip
        stack = "[" + ", ".join(map(self.part, self.gates)) + "]"
        sums = [m for m in _SUM.finditer(formula.latex) if m["base"] == self.base]
        if sums:
            return edited(formula, [(m.start("name"), m.end("name"), stack) for m in sums])
        whole = rf"{self.base}{_STEP}(?!\s*[_^])"
        by = re.compile(
            rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)[^{{}}]{{1,14}}(?:\{{[^{{}}]*\}})?\s*\}}\s*"
            rf"\{{\s*(?:\\partial|d)\s*{self._near(1)}\s*\}}"
            rf"|(?<![A-Za-z\\])d{self._near(2)}(?![A-Za-z])|\\delta\s*{self._near(3)}"
        )
        apart = self._row_by_row(formula, by)
        if apart is not None:
            return apart
        equals = formula.latex.find("=")

        def marked(m: re.Match[str]) -> str | None:
            sign = next((m[k] for k in ("s1", "s2", "s3") if m[k]), "")
            mark = _MARK.format(base=self.base + _NEAR[sign])
            return mark if 0 <= equals < m.start() else None

        found = replaced(formula, by, marked)
        if found.latex == formula.latex:
            return formula
        found = replaced(
            found, _WEIGHT, lambda m: rf"\frac{{\partial {self.loss}}}{{\partial {m['w']}}}"
        )
        coded = re.search(rf"(?<![A-Za-z\\])d{whole}(?![A-Za-z])", formula.latex) is not None
        return replace(found, delta=True) if coded else found

    def _near(self, k: int) -> str:
        """The sum at step t or beside it; group ``s`` has the sign of the distance."""
        return (
            rf"{self.base}(?:\s*_\s*(?:t(?![A-Za-z])|\{{\s*t\s*(?:(?P<s{k}>[-+])\s*1\s*)?\}}))?"
            r"(?!\s*[_^])"
        )

    def _row_by_row(self, formula: Formula, by: re.Pattern[str]) -> Formula | None:
        """``\\delta a_t = [\\delta c_t \\odot …; …; …]`` as an equation for each gate."""
        left, _, right = formula.latex.partition("=")
        if not self.ordered or by.fullmatch(left.strip(" &")) is None:
            return None
        rows = rows_of_column(right)
        if len(rows) != len(self.gates):
            return None
        each = zip(self.gates, rows, strict=True)
        new = r", \qquad ".join(f"{self._by(gate)} = {row}" for gate, row in each)
        return replace(edited(formula, [(0, len(formula.latex), new)]), delta=True)

    def gradients(self) -> dict[str, tuple[tuple[str, str], ...]]:
        """The marks of the gradient by the sum, and the gradients by its parts."""
        return {
            _MARK.format(base=self.base + letter): tuple(
                (g, self._by(g).replace("(t)", f"(t{sign}1)" if sign else "(t)"))
                for g in self.gates
            )
            for sign, letter in _NEAR.items()
        }

    def _by(self, gate: str) -> str:
        return rf"\frac{{\partial {self.loss}}}{{\partial {self.part(gate)}}}"


def _gate(m: re.Match[str]) -> str:
    gate = next(g for g in (m[f"g{k}"] for k in range(1, 7)) if g)
    return "".join(re.sub(r"\\tilde|[{}()]", "", gate).split())
