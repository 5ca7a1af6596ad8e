r"""Recurrent networks above each other: :math:`h_t^{(l)} = f(h_{t-1}^{(l)}, h_t^{(l-1)})`.

What is said of a layer l whichever is read as said of each layer of a network that has three, or as
many as the text says: the first one has the input below it, the last one the output above it, and
the loss depends on the others through those above them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Document, Formula
from bptt_sym.documents.names import names_in
from bptt_sym.spelling.layer_marks import form_of, with_steps_above
from bptt_sym.spelling.layer_scripts import Form, shifted
from bptt_sym.spelling.numbered_layers import layer_by_layer
from bptt_sym.spelling.worded_parts import with_parts_put_together

#: Layers of a network of which the text says no number: one has a layer above and one below.
LAYERS = 3
_LEAST, _MOST = 2, 4
_CALLED = re.compile(r"\s*(?:\\left\s*)?\(")
#: ``l = 1, 2``, ``l \in \{1, 2, 3\}``, ``L = 2``
_COUNTED = re.compile(
    r"(?<![A-Za-z\\])(?:(?:l|\\ell)\s*(?:=|\\in)\s*(?:\\?\{\s*)?(?:[01]\s*,\s*)(?:[1-9]\s*,\s*|\\[lc]?dots\s*,\s*)*"
    r"|L\s*=\s*)(?P<n>[2-9])\s*(?:\\?\})?\s*$"
)
_ERROR = re.compile(
    r"\\delta[^=]{0,40}=\s*&?\s*(?:\\left\s*\()?\s*\\[dt]?frac\s*\{\s*(?:\\partial|d)"
)
_DERIVES = re.compile(r"\\partial|\\nabla|\\delta|∂")
_TOP = re.compile(r"\\partial\s*(?P<c>[CEJL]|\\mathcal\s*\{\s*[CEJL]\s*\})(?![A-Za-z_^(])")


def stacked(document: Document) -> tuple[list[Formula], bool] | None:
    """The formulas of a text about a layer l that runs in time, for each layer.

    The second value tells whether the text says what its errors are. ``None`` if no equation gives
    such a layer from the one below and from the step before.
    """
    every = sorted((*document.formulas, *document.plain), key=lambda f: f.order)
    formulas = with_parts_put_together([replace(f, origin=f) for f in every])
    form = form_of(formulas)
    if form is None:
        formulas = with_steps_above(formulas)
        form = form_of(formulas)
    if form is None or not form.letter or _has_losses_of_layers(formulas, form):
        return None
    most = min(_number_of_layers(formulas, form), _MOST)
    found = layer_by_layer(formulas, replace(form, most=most))
    settled = not any(r"\delta" in f.latex for f in found) or any(
        _ERROR.search(f.latex) for f in found
    )
    state = next(iter(form.states))
    top = f"^{{({most})}}"
    read = any(top in _right_side(f) and state in _right_side(f) for f in found if not f.layer)
    return found if read else _with_a_loss(found, f"{state}_t{top}"), settled


#: Letters of losses.
_LOSS = re.compile(r"\\mathcal\{[CEJL]\}|\\ell|[CEJL]")


def _has_losses_of_layers(formulas: Sequence[Formula], form: Form) -> bool:
    """Whether each layer has a loss of its own, :math:`L_t^{(l)}`: these are not told apart."""
    return any(
        _LOSS.fullmatch(name.base) and (marks := form.of(name)) is not None and marks.step
        and shifted(marks.layer)[0] == form.letter and _CALLED.match(f.latex, name.close)
        for f in formulas for name in names_in(f.latex)
    )  # fmt: skip


def _right_side(formula: Formula) -> str:
    """What an equation without derivatives computes something from."""
    text = formula.latex
    return "" if _DERIVES.search(text) else text.partition("=")[2]


def _number_of_layers(formulas: Sequence[Formula], form: Form) -> int:
    """As many as the text says, or as the highest number that a layer has in it."""
    counted = [int(m["n"]) for f in formulas if (m := _COUNTED.search(f.latex))]
    if counted:
        return max(counted)
    marks = (form.of(n) for f in formulas for n in names_in(f.latex))
    named = [own.layer for own in marks if own is not None and own.step]
    numbers = [int(layer) for layer in named if layer.isdigit()]
    top = any(layer[:1].isupper() for layer in named)
    return LAYERS if top or max(numbers, default=0) < _LEAST else max(numbers)


def _with_a_loss(formulas: list[Formula], top: str) -> list[Formula]:
    """``formulas`` with a loss of the last layer, where the text gives none."""
    cost = next((m["c"] for f in formulas if (m := _TOP.search(f.latex))), "")
    letter = re.escape(cost)
    given = re.compile(
        rf"(?:^|[&\n,]|\\\\|\\q?quad)\s*{letter}\s*(?:_\s*\{{?\s*[tT]\s*\}}?\s*)?"
        r"(?:\([^=]*\)\s*)?&?\s*="
    )
    if not cost or any(given.search(f.latex) for f in formulas):
        return formulas
    first = formulas[0]
    text = rf"{cost} = \sum_{{t=1}}^T {cost}_t({top})"
    places = (first.offsets[0],) * (len(text) + 1)
    return [Formula(first.source, text, places, True, section=first.section), *formulas]
