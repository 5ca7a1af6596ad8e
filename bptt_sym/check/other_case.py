r"""Names in the other case: ``S_k`` where ``s_k`` has an equation, ``w_{hy}`` where ``W_{hy}`` has.

A text that defines :math:`s_k = w s_{k-1} + x_k` and goes on with :math:`\partial S_k/\partial
S_{k-1} = w` means the same by both. Where no definition gives a name, and one gives it in the other
case, a formula may be about the latter: it is right so, or stays without a meaning. So may one of
``W_{xc}`` where ``W_{xC}`` alone has a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from bptt_sym.check.judged import Judged
from bptt_sym.check.model import Model
from bptt_sym.definitions.completion import mentions
from bptt_sym.definitions.outline import Row
from bptt_sym.errors import BpttError, InputError
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import plain_name


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
    names = (*rec.defined, *rec.parameters, *rec.inputs, *rec.totals, *model.aliases)
    known = {_FACE.sub("", without_braces(name)) for name in names}
    try:
        found = [m for m in mentions(text, tokenize(text)) if _is_letter(plain_name(m.name))]
    except InputError:
        return text, ""
    told: dict[str, str] = {}
    for m in reversed(found):
        key = without_braces(m.key)
        other = f"{key[:1].swapcase()}{key[1:]}"
        if key not in known and other in known:
            swapped = _LETTER.sub(lambda found: found[0].swapcase(), text[m.start : m.end])
            text = f"{text[: m.start]}{swapped}{text[m.end :]}"
            told[key] = other
            continue
        # W_{xc} beside the W_{xC} of the cell C
        alike = [n for n in known if n != key and n.casefold() == key.casefold()]
        if key not in known and m.step == "name" and len(alike) == 1 and alike[0][:2] == key[:2]:
            text = f"{text[: m.end]}_{{{alike[0][2:]}}}{text[m.close :]}"
            told[key] = alike[0]
    return text, ", ".join(f"{a} stands for {b}" for a, b in sorted(told.items()))


#: The letter of a name, also in a font: ``\\mathbf{w}``.
_LETTER = re.compile(r"[A-Za-z](?=[\s}]*$)")


#: The face of the letter that a name begins with.
_FACE = re.compile(r"^\\(?:mathbf|boldsymbol|bm)(?=[A-Za-z])")


def _is_letter(name: str) -> bool:
    name = _FACE.sub("", without_braces(name))
    return len(name) == 1 and name.isalpha()


def without_braces(name: str) -> str:
    """``name`` with its script as it is spelt in any way: ``W_{hy}`` as ``W_hy``."""
    return re.sub(r"[\s{}]", "", name)
