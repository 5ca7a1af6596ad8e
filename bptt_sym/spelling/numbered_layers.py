r"""Layers with numbers, each in one form: :math:`h_t^{(1)}`, :math:`h_t^{(2)}`.

In a text whose equations give the second of two recurrent layers from the first, what carries the
number of a layer and a step carries them in one way, and so do the weights of these layers. What is
said there of a layer l whichever is said of each: the formula stands once for every layer that it
may be about, and its entries are put together again at the end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.spelling.layer_marks import (
    form_of,
    heads,
    with_lone_steps_below,
    with_steps_above,
)
from bptt_sym.spelling.layer_products import over_layers, written_out
from bptt_sym.spelling.layer_scripts import (
    FUNCTIONS,
    STAND_BELOW,
    Form,
    Marks,
    bare,
    in_one_form,
    shifted,
)
from bptt_sym.spelling.layer_units import of_whole_layers, with_letters_for_counted_units

#: Letters that stand for any layer where the layers have numbers.
_ANY = frozenset(r"l \ell i j k m n".split())
_TOP = frozenset("LNKDMH")
_AMONG = r"(?:[0-9]|[LNKDMH](?:\s*-\s*1)?)"
_DOTS = r"(?:\\[lc]?dots[a-z]?|\.\.\.|…)"
#: ``\quad (1 \le l < L)``, ``, l = 1, \dots, L`` at the end of a row.
_GUARD = (
    r"(?:[,;(]|\\q?quad(?![A-Za-z])|\\[,;: ]|\\(?:text|mathrm)\s*\{[^{}]{0,24}\}|\s|~|&"
    r"|\\forall(?![A-Za-z])|\\left\s*\(){0,12}+"
    r"(?:(?P<low>%(n)s)\s*(?P<from><|\\leq?(?:slant)?(?![A-Za-z]))\s*)?(?<![_^{A-Za-z\\])%(l)s\s*"
    r"(?:(?P<sign><|>|=|\\(?:leq?|geq?|neq?|in)(?:slant)?(?![A-Za-z]))\s*"
    r"(?:\\?\{\s*)?(?P<high>%(n)s)(?:\s*,\s*(?:[0-9]\s*,\s*)*(?:%(d)s\s*,\s*)?(?P<last>%(n)s))?(?:\s*\\?\})?)"
    r"(?:\s|[.,)]|\\right\s*\)|\\text\s*\{[^{}]{0,24}\})*(?=\\\\|\\end|\\tag|$)"
)
_BOUND = r"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{?\s*%s(?![A-Za-z])"


def with_numbers_of_layers(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the numbers of their layers in one form, once for each layer."""
    form = form_of(formulas)
    if form is None:
        form = form_of(called := with_steps_above(formulas))
        formulas = called if form is not None else formulas
    if form is None or form.letter:
        return list(formulas)
    return layer_by_layer(formulas, form)


def layer_by_layer(formulas: Sequence[Formula], form: Form) -> list[Formula]:
    """``formulas`` with numbers for the layers, those about any layer once for each."""
    formulas = [with_letters_for_counted_units(f) for f in with_lone_steps_below(formulas, form)]
    given = {head for f in formulas for head in heads(f, form) if head[1].isdigit()}
    return [g for f in formulas for g in _of_each_layer(f, form, given)]


def _of_each_layer(
    formula: Formula, form: Form, given: Collection[tuple[str, str]]
) -> list[Formula]:
    """``formula`` for each layer that it may be about, without those whose equations are given by
    themselves: ``given`` are their names and layers."""
    letter = _letter(formula, form)
    runs = over_layers(formula.latex, form) is not None
    if not letter:
        ways = written_out(formula, form, {}) if runs else []
        return [_numbered(way, form) for way in ways or [formula]]
    said = _said(formula, letter, form)
    found = []
    own = [(base, *shifted(layer)) for base, layer in heads(said[0], form)]
    for k in said[1]:
        if own and all((base, str(k + by)) in given for base, _, by in own):
            continue
        ways = written_out(said[0], form, {letter: k}) if runs else [said[0]]
        found += [
            replace(_numbered(way, form, {letter: k}), layer=k)
            for way in ways if _is_there(way, form, letter, k)
        ]  # fmt: skip
    # (Where the letter is still somewhere, nobody knows what is said of which layer.)
    return [f for f in found if not _mentions(f.latex, letter)] or [formula]


def _letter(formula: Formula, form: Form) -> str:
    """The letter that stands for any layer in ``formula``, if one does."""
    found = dict.fromkeys(
        letter for n in names_in(formula.latex)
        if (m := form.of(n)) is not None and (letter := shifted(m.layer)[0])
        and (letter == form.letter or (not form.letter and m.step and letter in _ANY))
    )  # fmt: skip
    if form.letter and not found and _mentions(formula.latex, form.letter):
        found = {form.letter: None}
    letter = next(iter(found), "")
    bound = letter and re.search(_BOUND % re.escape(letter), formula.latex)
    return "" if len(found) != 1 or bound else letter


def _mentions(text: str, letter: str) -> bool:
    return any(
        s.kind in "_^" and re.search(rf"(?<![A-Za-z\\]){re.escape(letter)}(?![A-Za-z])", s.inside)
        for n in names_in(text) for s in n.scripts
    )  # fmt: skip


#: ``\\delta_l^{(t)} = \\frac{\\partial C}{\\partial z_l^{(t)}}``: of the output, too.
_NAMES_AN_ERROR = re.compile(
    r"[\s&]*(?:\\[a-z]+\s*\{)?\s*\\delta(?![a-z])[^=]{0,40}=\s*&?\s*"
    r"\\[dt]?frac\s*\{\s*(?:\\partial|d)[^=+]*\Z"
)


def _said(formula: Formula, letter: str, form: Form) -> tuple[Formula, list[int]]:
    """``formula`` without the layers that it names at its end, and these."""
    every = list(range(1, form.most + 1 + (_NAMES_AN_ERROR.match(formula.latex) is not None)))
    guard = _GUARD % {"n": _AMONG, "d": _DOTS, "l": re.escape(letter)}
    m = re.search(guard, formula.latex)
    if m is None or not m.start():
        return formula, every
    high = _number(m["last"] or m["high"], form)
    low = _number(m["high"], form) if m["last"] else 1
    sign = m["sign"]
    if m["last"]:
        kept = [k for k in every if low <= k <= high]
    elif sign in ("=", r"\in"):
        kept = [k for k in every if k == high]
    elif sign.startswith(r"\n"):
        kept = [k for k in every if k != high]
    elif sign == "<" or sign.startswith(r"\l"):
        kept = [k for k in every if k < high or (k == high and sign != "<")]
    else:
        kept = [k for k in every if k > high or (k == high and sign != ">")]
    if m["low"]:
        least = _number(m["low"], form) + (m["from"] == "<")
        kept = [k for k in kept if k >= least]
    return edited(formula, [(m.start(), m.end(), "")]), kept


def _number(text: str, form: Form) -> int:
    tight = "".join(text.split())
    return int(tight) if tight.isdigit() else form.most - tight.endswith("-1")


def _is_there(formula: Formula, form: Form, letter: str, k: int) -> bool:
    """Whether the network has every layer that ``formula`` is about, if it is about layer k."""
    for name in names_in(formula.latex):
        marks = form.of(name)
        at, by = shifted(marks.layer) if marks is not None else ("", 0)
        if marks is None or at != letter:
            continue
        if k + by < (0 if marks.step else 1) or k + by > form.most + 1:
            return False
        if k + by > form.most and (bare(name.base), marks.label) not in form.above:
            return False
    return True


def _numbered(formula: Formula, form: Form, of: dict[str, int] | None = None) -> Formula:
    """``formula`` with the numbers of its layers in one form; ``of`` gives those of letters."""
    edits: list[Edit] = []
    for name in names_in(formula.latex):
        marks = form.of(name)
        layer = _layer(marks, form, of or {}) if marks is not None else ""
        if marks is None or not layer:
            edits += _inside(name, of or {})
        elif name.base in FUNCTIONS and not (marks.step or marks.label):
            edits.append((name.end, marks.end, marks.turned))
        elif marks.step or form.letter or not marks.layer.isdigit() or _is_weight(name, form):
            edits += in_one_form(name, marks, layer, form)
    return of_whole_layers(edited(formula, sorted(edits)))


def _layer(marks: Marks, form: Form, of: dict[str, int]) -> str:
    letter, by = shifted(marks.layer)
    if not letter:
        return str(by) if 0 <= by <= form.most else ""
    if letter in of:
        return str(of[letter] + by)
    return str(form.most + by) if letter in _TOP and (marks.step or form.letter) else ""


def _is_weight(name: Name, form: Form) -> bool:
    return name.base in form.weights and form.kind not in STAND_BELOW


def _inside(name: Name, of: dict[str, int]) -> Iterator[Edit]:
    """A layer that stands in the scripts of ``name`` beside other things, or below a weight."""
    for script in name.scripts:
        for letter, k in of.items():
            m = re.fullmatch(rf"{re.escape(letter)}\s*(?:([-+])\s*1)?", script.inside)
            if m is not None and letter in ("l", r"\ell"):
                by = {"-": -1, "+": 1}.get(m[1] or "", 0)
                yield script.start, script.end, f"{script.kind}{{{k + by}}}"
