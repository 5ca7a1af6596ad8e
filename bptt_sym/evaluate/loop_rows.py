"""A loop over time that runs over rows of its arrays instead of looking each up by ``t``.

To make the view ``a[t, :, n:]`` costs as much as to add two short vectors, and the iterator of an
array makes it for a third of that. The source to paste keeps the indices, which read better.
"""

from __future__ import annotations

import re

from bptt_sym.evaluate.names import Names

#: What generated loops write for a row, ``a[t]``, ``a[t + 1]``, ``a[t, ..., n:]``.
_ROW = re.compile(r"\b([A-Za-z_]\w*)\[t(?: \+ (\d+))?((?:, [^\[\]]*)?)\]")


def over_rows(lines: list[str], names: Names, *, back: bool) -> tuple[str, list[str]]:
    """The header and the lines of a loop whose lines index by ``t``; ``back`` from the last step.

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
    return f"for t, {', '.join(rows.values())} in zip({order}, {', '.join(rows)}):", out


__all__ = ["over_rows"]
