r"""What a text of the LSTM's deltas takes from the layer above, and how it writes products.

Greff et al. (2017) and those who follow them write :math:`\delta y^t = \Delta^t + R^T \delta
z^{t+1}` with :math:`\Delta^t` for what arrives from above, the derivative of the loss of the step
alone, and :math:`\langle a, b \rangle` for the outer product of two vectors, in words beside the
formula. What comes back from the step after, :math:`\delta_{h_t, \mathrm{recurrent}}`, is a part of
:math:`\delta_{h_t}` even where a line calls it :math:`\partial L/\partial h_t`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.spelling.deltas import at_step

_STEP = r"\s*(?:_|\^)\s*(?:\{\s*\(?\s*t\s*\)?\s*\}|t(?![A-Za-z]))"
_ANY_STEP = r"\s*[_^]\s*(?:\{\s*\(?\s*t\s*(?:[-+]\s*1)?\s*\)?\s*\}|t(?![A-Za-z]))"
#: ``\Delta^t``
_ARRIVES = re.compile(rf"\\Delta{_STEP}")
#: ``\delta y^t = \Delta^t + …``
_ROW = re.compile(
    r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\})\s*&?\s*\\delta\s*(?P<name>"
    r"(?:\\(?:mathbf|boldsymbol|bm|vec|mathrm)\s*\{\s*[A-Za-z]{1,8}\s*\}|[A-Za-z])"
    rf"{_STEP})\s*&?\s*=\s*&?\s*\\Delta{_STEP}\s*(?:\+|$|\\\\)"
)
_GIVEN = re.compile(rf"(?:^|\\\\)\s*&?\s*\\Delta{_STEP}\s*&?\s*=")
_OUTER = re.compile(r"outer[\s-]+product|外[积積]|produit\s+(?:tensoriel|extérieur)", re.IGNORECASE)
#: The sign in ``\\delta_t \\otimes [h_{t-1}, x_t]^T``.
_BEFORE_A_ROW = re.compile(
    r"\\otimes(?![A-Za-z])\s*(?=(?:\[[^\[\]]{1,80}\]|\([^()]{1,80}\)|"
    r"\\?[A-Za-z]+(?:\s*\{[^{}]{1,20}\})?(?:\s*_\s*(?:\{[^{}]{1,20}\}|[A-Za-z0-9]))?)\s*\^\s*\{?\s*"
    r"(?:T(?![A-Za-z])|\\top|\\intercal|\\mathsf\s*\{\s*T|\\mathrm\s*\{\s*T))"
)
_BODY = r"(?:[^,{}]|\{(?:[^{}]|\{[^{}]*\})*\})+?"
_PAIR = re.compile(rf"\\langle\s*(?P<a>{_BODY})\s*,\s*(?P<b>{_BODY})\s*\\rangle")

_LATER = r"(?:\\(?:text|mathrm|textrm)\s*\{\s*)?(?:next|future|recurrent|later)\s*\}?"
_AT = r"(?:t\s*(?:[-+]\s*1)?|[0-9]{1,2})"
#: ``\\delta_{h_t, \\mathrm{recurrent}}``
_PART = re.compile(
    rf"\\delta\s*_\s*\{{\s*(?P<of>[a-z])\s*_\s*(?:\{{\s*(?P<at>{_AT})\s*\}}|(?P<t>[t0-9]))\s*,\s*"
    rf"(?P<label>{_LATER})\s*\}}"
)
#: ``\\delta^{h,\\mathrm{recurrent}}_{t-1} = \\partial L/\\partial h_{t-1} = …``
_CALLED = re.compile(
    rf"(?P<part>\\delta\s*\^\s*\{{\s*(?P<of>[a-z])\s*,\s*{_LATER}\s*\}}\s*_\s*\{{\s*(?P<at>{_AT})\s*\}})\s*&?\s*="
    r"\s*\\[dt]?frac\s*\{\s*\\partial\s*[^{}=]{1,20}\}\s*\{\s*\\partial\s*(?P=of)\s*_\s*\{?\s*(?P=at)\s*\}?\s*\}\s*&?\s*="
)

#: ``\\delta_{t+1}^c \\equiv \\partial L_{\\text{future}}/\\partial c_t``
_FROM_AFTER = re.compile(
    r"(?P<name>\\delta(?:\s*[_^]\s*(?:\{[^{}]*\}|[A-Za-z])){2})\s*&?\s*(?:=|:=|\\equiv|\\coloneqq|\\triangleq)"
    r"\s*\\[dt]?frac\s*\{\s*\\partial\s*(?P<loss>[A-Z]|\\mathcal\s*\{\s*[A-Z]\s*\}|\\ell)\s*"
    rf"_\s*\{{\s*{_LATER}\s*\}}\s*\}}\s*\{{\s*\\partial\s*(?P<of>[cC]|\\math(?:bf|rm)\s*\{{\s*[cC]\s*\}}|"
    r"\\(?:boldsymbol|bm)\s*\{\s*[cC]\s*\})\s*_\s*\{?\s*t\s*\}?\s*\}"
)


def with_cells_from_after(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``formulas`` with ``\delta_{t+1}^c``, where a line says that it comes by way of
    :math:`c_{t+1}` to :math:`c_t`, as the product that it is."""
    said = [m for f in formulas if (m := _FROM_AFTER.search(f.latex)) is not None]
    if len(said) != 1 or not re.search(r"t\s*\+\s*1", said[0]["name"]):
        return list(formulas)
    loss, of = said[0]["loss"], said[0]["of"]
    new = (
        rf"\frac{{\partial {loss}}}{{\partial {of}_{{t+1}}}} "
        rf"\frac{{\partial {of}_{{t+1}}}}{{\partial {of}_t}}"
    )
    name = re.compile(
        r"\s*".join(map(re.escape, re.findall(r"\\[A-Za-z]+|\S", said[0]["name"])))
        + r"(?![A-Za-z])"
    )
    return [f if _FROM_AFTER.search(f.latex) else replaced(f, name, lambda m: new)
            for f in formulas]  # fmt: skip


def with_parts_from_later(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with what comes back from the step after as a part of a gradient."""
    if not any(_PART.search(f.latex) for f in formulas):
        return list(formulas)
    return [replaced(replaced(f, _PART, _part), _CALLED, lambda m: m["part"] + " =")
            for f in formulas]  # fmt: skip


def _part(m: re.Match[str]) -> str:
    return rf"\delta^{{{m['of']},{m['label']}}}_{{{m['at'] or m['t']}}}"


def _inside(step: str) -> str:
    """The step in a script: ``t-1`` of ``^{(t-1)}``."""
    return step.strip("_^{}() ")


def _of_a_step(loss: str, step: str) -> str:
    """The loss of one step, where the text may know that of the run alone."""
    found = at_step(loss, step)
    return f"{loss}_{{{step}}}" if found == loss else found


def with_what_arrives(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    r"""``formulas`` with ``\Delta^t``, where no line gives it, as what it stands for.

    Beside it ``\Delta h^t`` is what comes back from the step after.
    """
    texts = [f.latex for f in formulas]
    names = {m.group("name").strip() for t in texts for m in _ROW.finditer(t)}
    if len({re.sub(r"\s", "", n) for n in names}) != 1 or any(map(_GIVEN.search, texts)):
        return list(formulas)
    name = names.pop()
    new = rf"\frac{{\partial {_of_a_step(loss, 't')}}}{{\partial {name}}}"
    said = (r"\Delta_t, which nothing gives, is the derivative of the loss of the step alone", new)
    of = name[: re.search(_STEP, name).start()]  # type: ignore[union-attr]
    back = re.compile(rf"\\Delta\s*{re.escape(of)}(?P<step>{_ANY_STEP})")

    def from_after(m: re.Match[str]) -> str:
        at = f"{of}{m['step']}"
        alone = rf"\frac{{\partial {_of_a_step(loss, _inside(m['step']))}}}{{\partial {at}}}"
        return rf"\left(\frac{{\partial {loss}}}{{\partial {at}}} - {alone}\right)"

    out = []
    for formula in formulas:
        found = replaced(formula, _ARRIVES, lambda m: new)
        found = replaced(found, back, from_after)
        changed = found.latex != formula.latex
        out.append(replace(found, supposes=(*found.supposes, said)) if changed else formula)
    return out


def with_outer_products(formulas: Sequence[Formula], words: str) -> list[Formula]:
    r"""``formulas`` with ``\langle a, b \rangle`` as ``a \otimes b``, where the words say so."""
    if not _OUTER.search(words):
        return list(formulas)
    out = [
        replaced(f, _PAIR, lambda m: rf"{m['a'].strip()} \otimes {m['b'].strip()}")
        for f in formulas
    ]
    # With a row behind it, the sign says what the product of a column and a row is.
    return [replaced(f, _BEFORE_A_ROW, lambda m: " ") for f in out]
