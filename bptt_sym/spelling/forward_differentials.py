r"""Differentials of the values of a step, as the derivatives that they tell.

.. math::

    dz_t = dW\, h_{t-1} + W\, dh_{t-1} + db, \qquad dh_t = (1 - h_t^2) \odot dz_t

The first says :math:`\partial^+ z_t/\partial W`, unit by unit, :math:`\partial^+ z_t/\partial
h_{t-1} = W` and :math:`\partial^+ z_t/\partial b = 1`: what stands before and behind each
differential. Beside differentials of the same step those of the step before hold these fixed. Only
in a text whose d is no mark of gradients; a side with any other term stays what it is, or nothing
where another side is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import edited
from bptt_sym.spelling.glued_marks import comes_back, marks_gradients

_SIGN = re.compile(
    r"(?:\\mathrm\s*\{\s*d\s*\}|\\mathrm\s+d(?![A-Za-z])|(?<![A-Za-z\\])d(?!iag))\s*(?=[A-Za-z\\{])"
)
_ANY = re.compile(r"\\mathrm\s*\{?\s*d(?![A-Za-z])|(?<![A-Za-z\\])d(?!iag)\s*(?=[A-Za-z\\])")
_WHOLE = re.compile(r"\s*(?:\\left\s*)?\((?P<inside>[^()]*)(?:\\right\s*)?\)\s*")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{[^{}]*\}\s*\{[^{}]*\}")
_LOSS = frozenset("L E J C \\ell \\mathcal{L} \\mathcal{J} \\mathcal{E}".split())
_CUT = re.compile(
    r"\\\\|&|\\(?:begin|end)\s*\{|\\sum|\\prod|\\int|\\q?quad(?![A-Za-z])|\\text|(?<!\\),"
)
_TIMES = re.compile(r"\\(?:odot|circ|ast)(?![A-Za-z])|[⊙∘*]")
_SPACE = r"(?:\\[,;:! ]|\\cdot(?![A-Za-z])|\s)+"
_BLANK = re.compile(rf"\A{_SPACE}|{_SPACE}\Z")
_AT_T = re.compile(r"[({<\s]*t[)}>\s]*")
_RUNS = re.compile(r"(?<![A-Za-z])[tT](?![A-Za-z])")
_MATRIX = re.compile(r"[A-Z]|\\(?:mathbf|boldsymbol|bm)\{[A-Z]\}")
#: A matrix among the factors.
_SCRIPT = re.compile(r"[_^]\s*\{[^{}]*\}")
_WEIGHS = re.compile(r"(?<![A-Za-z\\])[A-Z](?![A-Za-z])|\\math(?:bf)\{[A-Z]\}")
_BELOW = re.compile(r"(?P<name>[^_^]+?)\s*_\s*(?:\{(?P<at>[^{}]*)\}|(?P<at1>[a-z]))")
_LONGEST = 2_000


def with_derivatives_for_differentials(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the derivatives that differentials of values tell."""
    texts = [f.latex for f in formulas]
    if not any(_SIGN.match(t.lstrip()) for t in texts) or marks_gradients(texts):
        return list(formulas)
    if comes_back(texts):
        return list(formulas)  # what stands on such a row may be a gradient after all
    return [new for f in formulas for new in _told(f)]


def _told(formula: Formula) -> list[Formula]:
    text = formula.latex
    if len(text) > _LONGEST or (left := _differential(text, 0)) is None or _CUT.search(text):
        return [formula]
    parts = list(_split(text, left.close, len(text), "="))
    if text[slice(*parts[0])].strip() or len(parts) < 2 or left.base in _LOSS:
        return [formula]
    of = text[left.start : left.close]
    claims = [claim for side in parts[1:] for claim in _side(text, side, of)]
    return [edited(formula, [(0, len(text), claim)]) for claim in claims] or [formula]


def _differential(text: str, start: int) -> Name | None:
    """The name whose differential stands at ``start``."""
    sign = _SIGN.match(text, start + len(text[start:]) - len(text[start:].lstrip()))
    if sign is None:
        return None
    return next((n for n in names_in(text) if n.start == sign.end()), None)


def _side(text: str, side: tuple[int, int], of: str) -> list[str]:
    """What one side says; nothing if a term of it is none of those that are read."""
    found: dict[str, tuple[Name, list[str]]] = {}
    for start, end in _split(text, *side, "+-"):
        term = text[start:end]
        if not term.strip() and start == side[0]:
            continue  # before the sign of the first term
        minus = text[:start].rstrip().endswith("-") and start > side[0]
        for turned, part in _multiplied_out(term):
            read = _term(part)
            if read is None:
                return []
            name, by, value = read
            found.setdefault(by, (name, []))[1].append(("-" if minus != turned else "+") + value)
    here = [by for by, (name, _) in found.items() if _is_of_step_t(name)]
    claims = []
    for by, (name, values) in found.items():
        mark = r"\partial^+"
        if _runs(name) and not _is_of_step_t(name):
            mark = r"\partial^{dir}" if here else r"\partial"
        # (A number alone would be a value, of which nothing is claimed.)
        own = rf"\frac{{\partial {of}}}{{\partial {of}}}"
        right = " ".join(v[0] + (v[1:] or own) for v in values).removeprefix("+")
        above, below = of, by
        if _WEIGHS.search(right) and not (_MATRIX.fullmatch(name.base) and not _runs(name)):
            entries = _entry(of, "k"), _entry(by, "l")
            if all(entries):
                # (Of a differential there is one layout.)
                (above, below), right = entries, rf"\left[{right}\right]_{{kl}}"
        claims.append(rf"\frac{{{mark} {above}}}{{\partial {below}}} = {right}")
    return claims


def _entry(name: str, unit: str) -> str:
    """``h_{t,k}``, "" of a name without one script below it."""
    m = _BELOW.fullmatch(name.strip())
    return f"{m['name']}_{{{m['at'] or m['at1']},{unit}}}" if m is not None else ""


def _multiplied_out(term: str) -> Iterator[tuple[bool, str]]:
    """The terms of a product with a sum of differentials in brackets; whether each is taken off."""
    whole = next((m for m in _WHOLE.finditer(term) if _is_a_sum(m["inside"])), None)
    beside = term if whole is None else term[: whole.start()] + term[whole.end() :]
    if whole is None or _ANY.search(_FRACTION.sub(" ", beside)):
        yield False, term
        return
    inside = whole["inside"].removesuffix("\\right ").removesuffix("\\right")
    for start, end in _split(inside, 0, len(inside), "+-"):
        if inside[start:end].strip():
            turned = inside[:start].rstrip().endswith("-")
            yield turned, f"{term[: whole.start()]} {inside[start:end]} {term[whole.end() :]}"


def _is_a_sum(inside: str) -> bool:
    return bool(_ANY.search(inside)) and bool(re.search(r"[+-]", _SCRIPT.sub("", inside)))


def _term(term: str) -> tuple[Name, str, str] | None:
    """The variable of a term, how it is written, and what its differential is multiplied by."""
    if len(_ANY.findall(_FRACTION.sub(" ", term))) != 1:
        return None
    beside: list[str] = []
    found: tuple[Name, str, str] | None = None
    for start, end in _split(term, 0, len(term), _TIMES):
        piece = term[start:end]
        if (inner := _WHOLE.fullmatch(piece)) is not None and _ANY.search(inner["inside"]):
            inside = inner["inside"].removesuffix("\\right ").removesuffix("\\right")
            if re.search(r"[+-]", _SCRIPT.sub("", inside)):
                return None
            return _term(f"{term[:start]} {inside} {term[end:]}")
        sign = next((m for m in _SIGN.finditer(piece) if _outside(piece, m.start())), None)
        if sign is None:
            beside.append(_bare(piece))
            continue
        at = start + sign.end()
        name = next((n for n in names_in(term) if n.start == at), None)
        if name is None or name.close > end:
            return None
        found = name, _bare(piece[: sign.start()]), _bare(term[name.close : end])
    if found is None or not all(beside):
        return None
    name, before, behind = found
    by = term[name.start : name.close].strip()
    scale = r" \odot ".join(beside)
    if not behind:
        whole = rf"\operatorname{{diag}}\left({scale}\right) {before}" if beside else before
        return name, by, whole
    if _MATRIX.fullmatch(name.base) and not _runs(name):
        if before:
            return None
        return name, by, (rf"\left({scale}\right) " if beside else "") + rf"{{{behind}}}^\top"
    if beside or _runs(name) or not name.base.islower():
        return None
    return name, by, f"{before} {behind}".strip()


def _bare(text: str) -> str:
    return _BLANK.sub("", _BLANK.sub("", text.strip(" .\n")))


def _is_of_step_t(name: Name) -> bool:
    return any(_AT_T.fullmatch(s.inside) for s in name.scripts)


def _runs(name: Name) -> bool:
    """Whether it carries a step."""
    return any(_RUNS.search(s.inside) for s in name.scripts)


def _outside(text: str, at: int) -> bool:
    """Whether nothing that is open at ``at`` was opened in ``text``."""
    before = text[:at]
    return all(before.count(a) <= before.count(b) for a, b in ("()", "[]", "{}"))


def _split(
    text: str, start: int, end: int, sign: str | re.Pattern[str]
) -> Iterator[tuple[int, int]]:
    """The parts between the signs that stand outside of brackets."""
    depth, begin, k = 0, start, start
    while k < end:
        if text[k] in "{([":
            depth += 1
        elif text[k] in "})]":
            depth -= 1
        elif not depth:
            m = None if isinstance(sign, str) else sign.match(text, k, end)
            if m is not None or (isinstance(sign, str) and text[k] in sign):
                yield begin, k
                begin = k = m.end() if m is not None else k + 1
                continue
        k += 1
    yield begin, end
