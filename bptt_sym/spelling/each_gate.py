r"""Formulas that speak of every gate at once: ``W_g`` with ``g \in \{f, i, o\}``.

Where a text says which letters one letter stands for, a formula with that letter in its scripts is
the same formula for each of them, and a sum over them is written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited

_FACE = r"\\(?:mathbf|boldsymbol|bm|vec)\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z])"
_MEMBER = (
    rf"(?:\\(?:tilde|hat|bar)\s*(?:\{{\s*(?:{_FACE}|[A-Za-z])\s*\}}|[A-Za-z])|{_FACE}|[A-Za-z])"
)
#: What stands for a gate: a letter, or a sign that is none.
_SIGN = r"\\(?:star|ast|bullet)(?![A-Za-z])|\*"
_LIST = rf"{_MEMBER}(?:\s*(?:,|，|、)\s*{_MEMBER}){{1,5}}"
_SAYS = re.compile(
    rf"(?<![A-Za-z\\{{_^])(?P<letter>[gGk]|{_SIGN})\s*(?:\\in|∈)\s*(?:\\?[\{{\[(]|\\left\s*\\?[\{{\[(])\s*"
    rf"(?P<list>{_LIST})\s*(?:\\right\s*)?\\?[\}}\])]"
)
_SUM = re.compile(
    rf"\\sum\s*(?:\\limits\s*)?_\s*(?:\{{\s*(?P<letter>[gGk]|{_SIGN})\s*(?:(?:\\in|∈)\s*\\?[\{{\[(]\s*"
    rf"(?P<list>{_LIST})\s*\\?[\}}\])]\s*)?\}}|(?P<bare>[gGk])(?![A-Za-z]))"
)
_AT_A_DELTA = re.compile(r"\\delta\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9])\s*)*$")
_BEFORE = re.compile(
    r"(?:[,;(]|\\forall(?![A-Za-z])|\\text\s*\{[^{}]*\}|\\q?quad(?![A-Za-z])|\\[,;: ]|\s|~|&)*$"
)
_WINDOW = 60
#: A list of gates: these letters make one.
_GATES = frozenset("fiozr")
_END = re.compile(r"\\\\|\\end(?![A-Za-z])|\\q?quad(?![A-Za-z])|(?<![_^{])[+=,;&]|$")


@dataclass(frozen=True)
class _Said:
    """That ``letter`` stands for ``members``, and which formula says so."""

    at: int
    letter: str
    members: tuple[str, ...]
    #: Whether no words say so, but the gates are activations of what carries their letters.
    shown: bool = False

    def tells(self, text: str) -> bool:
        """Whether ``text`` is about every gate, by this letter."""
        if self.letter in {_bare(member) for member in self.members}:
            return False  # outside of a sum it is that gate
        bound = rf"\\(?:sum|prod)\s*(?:\\limits\s*)?_\s*\{{?\s*{re.escape(self.letter)}\b"
        if re.search(bound, text):
            return False  # a sum that could not be written out, or one over steps
        counts = rf"[hxcsyLE]\s*_\s*\{{?\s*{self.letter}\b"
        if self.shown and re.search(counts, text):
            return False  # the letter is one of steps there
        return bool(_uses(text, self.letter))


def for_each_gate(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with those about every gate written once for each."""
    said = [found for k, f in enumerate(formulas) for found in _sayings(f, k)]
    said = said or _shown(formulas)
    if not said:
        return list(formulas)
    every = "\n".join(f.latex for f in formulas)
    accented = re.search(r"\\delta\s*[_^]\s*\{?\s*\\tilde", every) is not None
    out: list[Formula] = []
    for k, given in enumerate(formulas):
        formula = _summed(given, said, accented, k)
        letter = next((s.letter for s in said if s.tells(formula.latex)), "")
        members = _nearest(said, letter, k).members if letter else ()
        out += [_about(formula, letter, m, accented) for m in members] or [formula]
    return out


def _sayings(formula: Formula, at: int) -> Iterator[_Said]:
    for pattern in (_SAYS, _SUM):
        for m in pattern.finditer(formula.latex):
            if m.group("list") is None:
                continue
            members = tuple(re.findall(_MEMBER, m.group("list")))
            if len(_GATES & {_bare(member) for member in members}) > 1:
                yield _Said(at, m.group("letter"), members)


#: ``a_{k,t} = …``, ``f_t = \\sigma(a_{f,t})``
_GENERIC = re.compile(
    r"(?P<base>\\mathrm\s*\{\s*net\s*\}|(?<![A-Za-z\\])[azups])\s*_\s*\{\s*(?P<letter>k)\s*,\s*t\s*\}\s*&?\s*="
)
_ACTIVATED = re.compile(
    r"(?<![A-Za-z\\])(?P<gate>[A-Za-z])\s*_\s*(?:t|\{\s*t\s*\})\s*&?\s*=\s*&?\s*(?:\\(?:sigma|tanh|phi)|tanh)\s*"
    r"(?:\\left\s*)?\(\s*(?P<base>\\mathrm\s*\{\s*net\s*\}|[azups])\s*_\s*\{\s*(?P<x>[A-Za-z])\s*,\s*t\s*\}"
)


def _shown(formulas: Sequence[Formula]) -> list[_Said]:
    """The letter of a line that is given for a gate in general, where the gates show which."""
    for at, formula in enumerate(formulas):
        for m in _GENERIC.finditer(formula.latex):
            base = "".join(m["base"].split())
            members = dict.fromkeys(
                n["x"] for f in formulas for n in _ACTIVATED.finditer(f.latex)
                if "".join(n["base"].split()) == base
            )  # fmt: skip
            if len(members) > 1 and m["letter"] not in members:
                return [_Said(at, m["letter"], tuple(members), shown=True)]
    return []


def _nearest(said: Sequence[_Said], letter: str, place: int) -> _Said:
    """What the letter was last said to stand for, or is said next to."""
    own = [s for s in said if s.letter == letter]
    before = [s for s in own if s.at <= place]
    return (before[-1:] or own[:1])[0]


def _bare(member: str) -> str:
    """The letter of ``member``, without what stands over it and its face."""
    return re.sub(r"\\[A-Za-z]+|[{}\s]", "", member)


def _uses(text: str, letter: str, *, bound: bool = False) -> list[tuple[int, int, bool, bool]]:
    """Where ``letter`` stands alone in a script (or G as a name): start, end, at a δ, unbraced.

    Below an accent it does as well, if it is ``bound`` by a sum, or the letter of no gate.
    """
    found: list[tuple[int, int, bool, bool]] = []
    sign = re.escape(letter)
    inside = rf"(?<![A-Za-z\\]){sign}(?![A-Za-z])"
    script = rf"[_^]\s*(?:(?P<one>{sign})(?![A-Za-z])|\{{(?P<body>[^{{}}]*)\}})"
    for m in re.finditer(script, text):
        delta = _AT_A_DELTA.search(text[: m.start()])
        if m.group("one"):
            found.append((m.start("one"), m.end("one"), delta is not None, True))
        elif r"\in" not in m.group("body"):
            at = m.start("body")
            found += [
                (at + k.start(), at + k.end(), delta is not None, False)
                for k in re.finditer(inside, m.group("body"))
            ]
    if bound or letter == "k":
        # \\hat{k}_t: what the gate is the activation of
        accented = rf"(?<=\\(?:hat|bar)\{{){sign}(?=\}}\s*_)"
        found += [(m.start(), m.end(), True, False) for m in re.finditer(accented, text)]
    if letter == "G" or letter.startswith("\\"):
        # G_t, \\delta\\star_t, \\bar{\\star}_t: the gate itself
        before = r"(?<![A-Za-z\\_^{])" if letter == "G" else r"(?<![\\_^{])"
        alone = re.finditer(rf"{before}{sign}(?=\s*_)|(?<=\{{){sign}(?=\}}\s*_)", text)
        found += [(m.start(), m.end(), True, False) for m in alone]
    return sorted(found)


def _about(
    formula: Formula, letter: str, member: str, accented: bool, *, bound: bool = False
) -> Formula:
    def name(delta: bool, lone: bool) -> str:
        if not delta and member.startswith((r"\bar", r"\math", r"\bold", r"\bm", r"\vec")):
            return _bare(member)  # \\bar{f}_t has the weights W_f
        new = rf"\tilde{{{member}}}" if delta and accented and member in ("c", "C") else member
        return f"{{{new}}}" if lone and len(new) > 1 else new

    uses = _uses(formula.latex, letter, bound=bound)
    edits = [(a, b, name(delta, lone)) for a, b, delta, lone in uses]
    edits += [(a, b, "") for a, b in _said_in(formula.latex, letter)]
    return edited(formula, sorted(edits))


def _said_in(text: str, letter: str) -> Iterator[tuple[int, int]]:
    """Where ``text`` says behind an equation which gates ``letter`` stands for."""
    for m in _SAYS.finditer(text):
        start = max(0, m.start() - _WINDOW)
        before = _BEFORE.search(text[start : m.start()])
        if before is None or not start + before.start() or m.group("letter") != letter:
            continue
        closed = "(" in before.group() and text[m.end() :].lstrip().startswith(")")
        yield start + before.start(), text.index(")", m.end()) + 1 if closed else m.end()


def _summed(
    formula: Formula, said: Sequence[_Said], accented: bool, place: int
) -> Formula:
    """``\\sum_{g} a_g`` as ``a_f + a_i + a_o``."""
    while (m := _SUM.search(formula.latex)) is not None:
        letter = m.group("letter") or m.group("bare")
        own = [s for s in said if s.letter == letter]
        if m.group("list") is None and not own:
            return formula
        members = (
            tuple(re.findall(_MEMBER, m.group("list"))) if m.group("list")
            else _nearest(said, letter, place).members
        )  # fmt: skip
        end = _body_end(formula.latex, m.end())
        body = formula.part(m.end(), end)
        if not _uses(body.latex, letter):
            return formula
        terms = [
            _about(body, letter, member, accented, bound=True).latex.strip() for member in members
        ]
        formula = edited(formula, [(m.start(), end, " + ".join(terms) + " ")])
    return formula


def _body_end(text: str, start: int) -> int:
    """Where the summand that begins at ``start`` ends."""
    depth = 0
    k = start
    while k < len(text):
        c = text[k]
        if not depth and k > start and (found := _END.match(text, k)) is not None:
            return found.start()
        if c == "\\" and k + 1 < len(text) and text[k + 1] in "{}":
            k += 2
            continue
        depth += (c in "{([") - (c in "})]")
        if depth < 0:
            return k
        k += 1
    return len(text)

