r"""Names in the other case: ``S_k`` where the text has given an equation to ``s_k``.

A text that defines :math:`s_k = w s_{k-1} + x_k` and goes on with :math:`\partial S_k/\partial
S_{k-1} = w` means the same by both. Where no definition gives a name, and one gives it in the other
case, a formula may be about the latter: it is right so, or stays without a meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bptt_sym.check.judged import Judged
from bptt_sym.check.models import Model
from bptt_sym.definitions.completion import mentions
from bptt_sym.definitions.outline import Row
from bptt_sym.errors import BpttError, InputError
from bptt_sym.read.tokens import tokenize


def in_other_case(
    row: Row, families: Iterable[Sequence[Model]], judge: Callable[[str, Model], Judged]
) -> Judged | None:
    """The verdict of ``row`` under the first model that makes it right so, if one does."""
    for model in (m for family in families for m in family):
        text, said = respelled(row.latex, model)
        if not said:
            continue
        try:
            found = judge(text, model)
        except (BpttError, ValueError):
            continue
        if found.verdict.is_right:
            return found.under(said)
    return None


def respelled(text: str, model: Model) -> tuple[str, str]:
    """``text`` with the names that ``model`` has in the other case alone, and what was done."""
    rec = model.court.model
    known = {*rec.defined, *rec.parameters, *rec.inputs, *rec.totals, *model.aliases}
    try:
        found = [m for m in mentions(text, tokenize(text)) if len(m.name) == 1 and m.name.isalpha()]
    except InputError:
        return text, ""
    told: dict[str, str] = {}
    for m in reversed(found):
        other = m.name.swapcase()
        if m.key not in known and f"{other}{m.key[1:]}" in known:
            text = f"{text[: m.start]}{other}{text[m.end :]}"
            told[m.key] = f"{other}{m.key[1:]}"
    return text, ", ".join(f"{a} stands for {b}" for a, b in sorted(told.items()))
