"""What makes a loop over time faster and its source harder to read.

It runs over rows of its arrays and looks none up by ``t``: to make the view ``a[t, :, n:]`` costs
as much as to add two short vectors, and the iterator of an array makes it for a third of that.
Matrices that every step multiplies by are turned once, functions of NumPy and numbers looked up and
made arrays once: a number as an operand costs a third of a short sum. Products are ``a.dot(b)``,
which costs half of ``a @ b`` where both are small. The source to paste keeps what reads better.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

import numpy as np

from bptt_sym.evaluate.names import Names

#: What generated loops write for a row, ``a[t]``, ``a[t + 1]``, ``a[t, ..., n:]``.
_ROW = re.compile(r"\b([A-Za-z_]\w*)\[t(?: \+ (\d+))?((?:, [^\[\]]*)?)\]")

#: A sum into which a row times a transposed matrix goes, and any such product.
_ADDED = re.compile(r"(.* \+= )(\w+\[t\])\.dot\((\w+)\.T\)")
_TURNED = re.compile(r"\.dot\(([A-Za-z_]\w*)\.T\)")
_STRAIGHT = re.compile(r"\.dot\(([A-Za-z_]\w*)\)")
_MADE = re.compile(r"([A-Za-z_]\w*(?:, [A-Za-z_]\w*)*) = ")

#: A function of NumPy where it is called, what is written into, and a number that is a float.
_CALLED = re.compile(r"\bnp\.([a-z_0-9]+)\(")
_INTO = re.compile(r"(np\.[a-z_0-9]+\(.*), out=([^=]+)\)")
_FLAT = re.compile(r"\b\w+(?:\[[-\w:+ ]*\])?\.reshape\(T \* B, -1\)")
_FLOAT = re.compile(r"(?<![\w.*])(?<!\*\* )\d+\.\d+(?![\w.])")


def turned_once(lines: list[str], names: Names, *, rooms: bool = True) -> list[str]:
    """What stands before the loop so that its products, changed in place, need no transpose.

    The product of rows with a matrix takes up to twice the time if that lies in memory the wrong
    way round; which way that is depends on BLAS. What is only added goes into memory of its own,
    with ``rooms``: a short array is made as fast.
    """
    before: list[str] = []
    made: dict[str, str] = {}
    first: str | None = None
    inside = {n for line in lines if (m := _MADE.match(line)) for n in m[1].split(", ")}
    laid: dict[str, str] = {}

    def straight(found: re.Match[str]) -> str:
        name = found[1]
        if name in inside:
            return found[0]
        if name not in laid:
            laid[name] = names.fresh(f"{name}_laid")
            before.append(f"{laid[name]} = straight({name}, T, B)")
        return f".dot({laid[name]})"

    def turned(found: re.Match[str]) -> str:
        name = found[1]
        if name not in made:
            made[name] = names.fresh(f"{name}_T")
            before.append(f"{made[name]} = turned({name}, T, B)")
        return f".dot({made[name]})"

    for k, line in enumerate(lines):
        added = _ADDED.fullmatch(line)
        lines[k] = line = _TURNED.sub(turned, _STRAIGHT.sub(straight, line))
        if added and rooms:
            matrix, room = made[added[3]], names.fresh("room")
            what = f"(B, {matrix}.shape[1]), np.result_type({added[2][:-3]}, {matrix})"
            own = f"another({first}, {what})" if first else f"empty({what})"
            before.append(f"{room} = {own}")
            first = first or room
            lines[k] = f"{added[1]}{added[2]}.dot({matrix}, {room})"
    return before


def flat_once(lines: list[str], names: Names) -> list[str]:
    """Straight lines in which what is seen as rows of all steps twice is made so once."""
    count = Counter(found[0] for line in lines for found in _FLAT.finditer(line))
    made = {text: names.fresh("flat") for text, k in count.items() if k > 1}
    out: list[str] = []
    begun: set[str] = set()
    returned = next((k for k, line in enumerate(lines) if line.startswith("return")), len(lines))
    for k, line in enumerate(lines):
        due = [line] if k < returned else lines[k:] if k == returned else []
        for text in (m[0] for part in due for m in _FLAT.finditer(part)):
            if text in made and text not in begun:
                begun.add(text)
                out.append(f"{made[text]} = {text}")
        out.append(_FLAT.sub(lambda m: made.get(m[0], m[0]), line))
    return out


def looked_up_once(lines: list[str], names: Names) -> list[str]:
    """What stands before the loop whose lines, changed in place, look nothing up in ``np``.

    Numbers become arrays without axes where float32 holds them as well.
    """
    before: list[str] = []
    made: dict[str, str] = {}

    def bound(wish: str, value: str) -> str:
        if value not in made:
            made[value] = names.fresh(wish)
            before.append(f"{made[value]} = {value}")
        return made[value]

    def number(found: re.Match[str]) -> str:
        value = float(found[0])
        if float(np.float32(value)) != value:
            return found[0]
        return bound(f"number_{found[0]}", f"np.full((), {found[0]}, dtype)")

    for k, line in enumerate(lines):
        line = _FLOAT.sub(number, line)
        if into := _INTO.fullmatch(line):
            line = f"{into[1]}, {into[2]})"  # an argument by its name costs more
        lines[k] = _CALLED.sub(lambda found: f"{bound(found[1], f'np.{found[1]}')}(", line)
    return before


def over_rows(
    lines: list[str], names: Names, *, back: bool, longer: Collection[str] | None = None
) -> tuple[str, list[str]]:
    """The header and the lines of a loop whose lines index by ``t``; ``back`` from the last step.

    ``longer`` are the arrays with rows before the first step; if they are known, and another one
    says where to end, a ``t`` that nothing uses is left out.
    Rows that a tuple of targets replaces are left as they are.
    """
    rows: dict[str, str] = {}

    def row(found: re.Match[str]) -> str:
        name, ahead, rest = found[1], found[2], found[3]
        if back:
            steps = f"T + {ahead} - 1:{ahead} - 1:-1" if ahead else "T - 1::-1"
        else:
            steps = f"{ahead}:" if ahead else ""
        # Forward, the range is what ends; an ellipsis takes in the axis of time.
        if not steps and (not rest or rest.startswith(", ...")):
            whole = f"{name}[{rest[2:]}]" if rest else name
        else:
            whole = f"{name}[{steps or ':'}{rest}]"
        if whole not in rows:
            rows[whole] = names.fresh(f"{name}_t")
        return rows[whole]

    out = []
    for line in lines:
        target, sign, value = line.partition(" = ")
        if not sign or "(" in target:
            out.append(_ROW.sub(row, line))
        elif "," in target and not _ROW.fullmatch(target):
            out.append(f"{target} = {_ROW.sub(row, value)}")
        else:
            whole = _ROW.fullmatch(target)
            left = f"{row(whole)}[...]" if whole else _ROW.sub(row, target)
            out.append(f"{left} = {_ROW.sub(row, value)}")
    order = "reversed(range(T))" if back else "range(T)"
    if not rows:
        return f"for t in {order}:", out
    ends = longer is not None and any(whole.partition("[")[0] not in longer for whole in rows)
    if ends and not re.search(r"\bt\b", "\n".join(out)):
        one = "," * (len(rows) == 1)
        return f"for {', '.join(rows.values())}{one} in zip({', '.join(rows)}):", out
    return f"for t, {', '.join(rows.values())} in zip({order}, {', '.join(rows)}):", out


__all__ = ["flat_once", "looked_up_once", "over_rows", "turned_once"]
