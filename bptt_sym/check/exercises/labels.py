"""Which part of a question the label before an answer names: ``(b)``, ``2.``, ``(iii)``, ``ב``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bptt_sym.check.solution.lines import Written

#: Labels in the order of the parts; alphabets number them in more ways than one.
_ORDERS: Final = (
    "a b c d e f g h".split(),
    "1 2 3 4 5 6 7 8 9".split(),
    "i ii iii iv v vi vii viii".split(),
    "א ב ג ד ה ו ז ח".split(),
    "الف ب پ ت ث ج چ ح".split(),
    "الف ب ج د ه و ز ح".split(),
)


def by_label(
    found: Sequence[Written], ids: Sequence[str]
) -> list[tuple[Written, str]]:
    """Each expression with the id of the part that its label names, ``""`` if it has none.

    Labels are the ids themselves if every one is, and else numbers of parts in some order.
    """
    labels = [w.label.casefold() for w in found if w.label]
    names = {id.casefold(): id for id in ids}
    if not set(labels) <= set(names):
        order = next((o for o in _ORDERS if set(labels) <= set(o[: len(ids)])), None)
        names = dict(zip(order, ids, strict=False)) if order is not None else {}
    return [(w, names.get(w.label.casefold(), "")) for w in found]


__all__ = ["by_label"]
