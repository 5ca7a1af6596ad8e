r"""Formulas that speak of every gate at once: ``W_g`` with ``g \in \{f, i, o\}``.

Where a text says which letters one letter stands for, a formula with that letter in its scripts is
the same formula for each of them, and a sum over them is written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited, replaced

_FACE = r"\\(?:mathbf|boldsymbol|bm|vec)\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z])"
_MEMBER = (
    rf"(?:\\(?:tilde|hat|bar)\s*(?:\{{\s*(?:{_FACE}|[A-Za-z])\s*\}}|[A-Za-z])|{_FACE}|[A-Za-z])"
)
#: What stands for a gate: a letter, or a sign that is none.
_SIGN = r"\\(?:star|ast|bullet|diamond)(?![A-Za-z])|\*"
#: Letters that texts take for a gate; what runs, the weights and the losses have the others.
_LETTER = r"[gGkqmvpj]"
_LIST = rf"{_MEMBER}(?:\s*(?:,|，|、)\s*{_MEMBER}){{1,5}}"
_OPENS, _CLOSES = r"(?:\\left\s*)?\\?[\{\[(]", r"(?:\\right\s*)?\\?[\}\])]"
_SAYS = re.compile(
    rf"(?<![A-Za-z\\{{_^])(?P<letter>{_LETTER}|{_SIGN})\s*(?:\\in|∈)\s*{_OPENS}\s*"
    rf"(?P<list>{_LIST})\s*{_CLOSES}"
)
#: ``\\sum_{g \\in \\{f, i\\}}``, ``\\sum_{g = f, i}``, ``\\sum_g``
_SUM = re.compile(
    rf"\\sum\s*(?:\\limits\s*)?_\s*(?:\{{\s*(?P<letter>{_LETTER}|{_SIGN})\s*(?:(?:(?:\\in|∈)\s*{_OPENS}\s*"
    rf"(?P<list>{_LIST})\s*{_CLOSES}|=\s*(?P<row>{_LIST}))\s*)?\}}|(?P<bare>{_LETTER}|{_SIGN})(?![A-Za-z]))"
)
#: ``\\mathcal{G} = \\{f, i, o\\}``
_SET = re.compile(
    rf"(?P<name>\\mathcal\s*\{{\s*[A-Z]\s*\}}|(?<![A-Za-z\\])[A-Z])\s*:?=\s*(?P<set>{_OPENS}\s*{_LIST}\s*{_CLOSES})"
)
_IN_A_SET = re.compile(
    r"(?P<sign>(?:\\in|∈)\s*)(?P<name>\\mathcal\s*\{\s*[A-Z]\s*\}|(?<=\s)[A-Z](?![A-Za-z]))"
    r"(?P<given>\s*:?=\s*(?=\\?[\{\[(]))?"
)
#: ``$\\star$`` and ``$\\{f, i, o\\}$``, with words between
_ALONE = re.compile(rf"\s*(?P<letter>{_LETTER}|{_SIGN})\s*")
_LISTED = re.compile(rf"\s*{_OPENS}\s*(?P<list>{_LIST})\s*{_CLOSES}\s*")
_AT_A_DELTA = re.compile(r"\\delta\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9])\s*)*$")
_BEFORE = re.compile(
    r"(?:[,;(]|\\forall(?![A-Za-z])|\\text\s*\{[^{}]*\}|\\q?quad(?![A-Za-z])|\\[,;: ]|\s|~|&)*$"
)
_WINDOW = 60
#: A list of gates: these letters make one.
_GATES = frozenset("fiozr")
_GAP = re.compile(r"\\q?quad(?![A-Za-z])\s*(?:\\q?quad(?![A-Za-z])\s*)*")
_END = re.compile(r"\\\\|\\end(?![A-Za-z])|\\q?quad(?![A-Za-z])|(?<![_^{])[+=,;&]|\.?\s{0,9}$")


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
        counts = rf"[hxcsyLE]\s*_\s*\{{?\s*{re.escape(self.letter)}\b"
        counted = self.shown or self.letter in "qmvpj"
        if counted and re.search(counts, text):
            return False  # the letter is one of steps there
        return bool(_uses(text, self.letter))


class _Written(NamedTuple):
    """How the text writes gates: whether the candidate has a tilde at a δ, and which are bold."""

    accented: bool
    faces: Mapping[str, str]


def for_each_gate(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with those about every gate written once for each."""
    formulas = _with_sets(formulas)
    said = [found for k, f in enumerate(formulas) for found in _sayings(f, k)]
    said += _listed(formulas)
    said = said or _shown(formulas) or _starred(formulas)
    if not said:
        return list(formulas)
    every = "\n".join(f.latex for f in formulas)
    accented = re.search(r"\\delta\s*[_^]\s*\{?\s*\\tilde", every) is not None
    written = _Written(accented, _faces(every))
    out: list[Formula] = []
    for k, given in enumerate(formulas):
        formula = _summed(given, said, written, k)
        letter = next((s.letter for s in said if s.tells(formula.latex)), "")
        members = _nearest(said, letter, k).members if letter else ()
        if not members:
            out.append(formula)
        for nth, member in enumerate(members):
            about = formula if not nth else _where_used(formula, letter)
            out.append(_about(about, letter, member, written))
    return out


def _with_sets(formulas: Sequence[Formula]) -> Sequence[Formula]:
    """``formulas`` with the list of gates where a text has its name, ``g \\in \\mathcal{G}``."""
    sets = {
        "".join(m["name"].split()): m["set"] for f in formulas for m in _SET.finditer(f.latex)
        if len(_GATES & {_bare(x) for x in re.findall(_MEMBER, m["set"])}) > 1
    }  # fmt: skip
    if not sets:
        return formulas

    def listed(m: re.Match[str]) -> str | None:
        found = sets.get("".join(m["name"].split()), "")
        return None if not found else m["sign"] + ("" if m["given"] else found)

    return [replaced(f, _IN_A_SET, listed) for f in formulas]


def _listed(formulas: Sequence[Formula]) -> list[_Said]:
    """What a sentence says of a letter: "where $\\star$ is any of $\\{f, i, o\\}$"."""
    said: list[_Said] = []
    for at, (one, other) in enumerate(pairwise(formulas)):
        letter, listed = _ALONE.fullmatch(one.latex), _LISTED.fullmatch(other.latex)
        if letter is None or listed is None:
            continue
        between = one.source.text[one.offsets[-1] : other.offsets[0]]
        members = tuple(re.findall(_MEMBER, listed["list"]))
        several = len(_GATES & {_bare(member) for member in members}) > 1
        if several and len(between) < _WINDOW and "\n\n" not in between:
            said.append(_Said(at, letter["letter"].strip(), members))
    return said


_STARRED = re.compile(
    rf"(?P<base>{_FACE}|(?<![A-Za-z\\])[WURVb])\s*_\s*(?:\{{\s*(?P<boxed>[a-z]|{_SIGN})\s*\}}|(?P<bare>[a-z]|{_SIGN}))"
)


def _starred(formulas: Sequence[Formula]) -> list[_Said]:
    """A star that nobody explains, below weights that have the labels of gates elsewhere."""
    labels: dict[str, dict[str, int]] = {}
    for at, formula in enumerate(formulas):
        for m in _STARRED.finditer(formula.latex):
            base = "".join(m["base"].split())
            labels.setdefault(base, {}).setdefault((m["boxed"] or m["bare"]).strip(), at)
    for sign in (r"\star", r"\ast"):
        marked = rf"\\delta\s*[_^]?\s*\{{?\s*(?:\\bar\s*\{{\s*)?{re.escape(sign)}"
        if not any(re.search(marked, f.latex) for f in formulas):
            continue  # W_\star, the best weights
        bases = [found for found in labels.values() if sign in found]
        kept = [[x for x in found if x.isalpha()] for found in bases]
        if not kept or len(_GATES.intersection(*kept)) < 2:
            continue
        members = [x for x in kept[0] if all(x in other for other in kept)]
        over = {x: _over(formulas, x) for x in members}
        given = all(over.values())
        return [_Said(0, sign, tuple(over[x] if given else x for x in members))]
    return []


def _over(formulas: Sequence[Formula], letter: str) -> str:
    """``\\bar{f}`` if gradients are taken by that, not by ``f``."""
    bold = rf"\\(?:mathbf|boldsymbol|bm)\s*\{{\s*{letter}\s*\}}"
    name = rf"(?P<name>\\(?:bar|hat|tilde)\s*\{{\s*(?:{bold}|{letter})\s*\}})"
    found = next((m for f in formulas if (m := re.search(rf"\\delta\s*{name}", f.latex))), None)
    return found["name"] if found else ""


def _where_used(formula: Formula, letter: str) -> Formula:
    """``formula`` without what stands beside it, ``\\quad``, and does not have ``letter``."""
    text = formula.latex
    if r"\begin" in text:
        return formula
    cuts = [m.span() for m in _GAP.finditer(text)]
    ends = [0, *(x for cut in cuts for x in cut), len(text)]
    parts = list(zip(ends[::2], ends[1::2], strict=True))
    apart = [k for k, (a, b) in enumerate(parts) if "=" in text[a:b]]
    if apart != list(range(len(parts))):
        return formula
    without = [k for k, (a, b) in enumerate(parts) if not _uses(text[a:b], letter)]
    begins = [a for a, _ in parts] + [len(text)]
    edits = [(begins[k], begins[k + 1], "") for k in without]
    return edited(formula, edits)


def _sayings(formula: Formula, at: int) -> Iterator[_Said]:
    for pattern in (_SAYS, _SUM):
        for m in pattern.finditer(formula.latex):
            listed = m.group("list") or m.groupdict().get("row")
            if listed is None:
                continue
            members = tuple(re.findall(_MEMBER, listed))
            if len(_GATES & {_bare(member) for member in members}) > 1:
                yield _Said(at, m.group("letter"), members)


#: ``a_{k,t} = …``, ``f_t = \\sigma(a_{f,t})``
_GENERIC = re.compile(
    r"(?P<base>\\mathrm\s*\{\s*net\s*\}|(?<![A-Za-z\\])[azups])\s*_\s*\{\s*(?P<letter>[gGkqmvpj])\s*,\s*t\s*\}\s*&?\s*="
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
            runs = re.compile(rf"(?<![A-Za-z\\{{_^])(?:{m['letter']}\s*_\s*\{{?\s*t(?![A-Za-z]))")
            own = any(runs.search(f.latex) for f in formulas)  # g_t is a gate of its own
            if len(members) > 1 and m["letter"] not in members and not own:
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
    if letter.isalpha():
        # W_{gh}, W_{xg}: beside what the weight multiplies
        inside += rf"|(?<![A-Za-z\\]){sign}(?=[hx](?![A-Za-z]))"
        inside += rf"|(?<=(?<![A-Za-z\\])[hx]){sign}(?![A-Za-z])"
    script = rf"[_^]\s*(?:(?P<one>{sign})(?![A-Za-z])|\{{(?P<body>(?:[^{{}}]|\{{[^{{}}]*\}})*)\}})"
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
    if bound or letter in ("k", "q"):
        # \\hat{k}_t: what the gate is the activation of
        accented = rf"(?<=\\(?:hat|bar)\{{){sign}(?=\}}\s*_)|(?<=\\(?:hat|bar) ){sign}(?=\s*_)"
        found += [(m.start(), m.end(), True, False) for m in re.finditer(accented, text)]
    if letter == "G" or letter.startswith("\\"):
        # G_t, \\delta\\star_t, \\bar{\\star}_t: the gate itself
        before = r"(?<![A-Za-z\\_^{])" if letter == "G" else r"(?<![\\_^{])"
        alone = re.finditer(rf"{before}{sign}(?=\s*[_^])|(?<=\{{){sign}(?=\}}\s*[_^])", text)
        found += [(m.start(), m.end(), True, False) for m in alone]
    return sorted(found)


#: Behind a sign that is a name: where it ends, and the step above it.
_STEP_ABOVE = re.compile(r"\s*\}?\s*[_^](?=\s*(?:\{\s*)?t\b)")
_IN_A_SCRIPT = re.compile(r"[_^]\s*(?:\{[^{}]*)?\Z")


def _faces(text: str) -> dict[str, str]:
    """The gates that are written in bold wherever they run, and how."""
    bold = {m["x"]: m.group() for m in re.finditer(_BOLD, text)}
    plain = {m["x"] for m in re.finditer(r"(?<![A-Za-z\\{])(?P<x>[a-z])\s*_\s*\{?\s*t\b", text)}
    return {x: face for x, face in bold.items() if x not in plain}


_BOLD = r"\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?P<x>[a-z])\s*\}"


def _about(
    formula: Formula, letter: str, member: str, written: _Written, *, bound: bool = False
) -> Formula:
    accented, faces = written.accented, written.faces

    def name(delta: bool, lone: bool) -> str:
        if not delta and member.startswith((r"\bar", r"\math", r"\bold", r"\bm", r"\vec")):
            return _bare(member)  # \\bar{f}_t has the weights W_f
        new = rf"\tilde{{{member}}}" if delta and accented and member in ("c", "C") else member
        return f"{{{new}}}" if lone and len(new) > 1 else new

    text = formula.latex
    edits: list[Edit] = []
    for a, b, delta, lone in _uses(text, letter, bound=bound):
        above = _STEP_ABOVE.match(text, b) if letter.startswith("\\") else None
        if above and not _IN_A_SCRIPT.search(text, max(0, a - _WINDOW), a):
            # \\star^t is a name that runs, in the face that it has
            edits += [(a, b, faces.get(member, member)), (above.end() - 1, above.end(), "_")]
        else:
            edits.append((a, b, name(delta, lone)))
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
    formula: Formula, said: Sequence[_Said], written: _Written, place: int
) -> Formula:
    """``\\sum_{g} a_g`` as ``a_f + a_i + a_o``."""
    while (m := _SUM.search(formula.latex)) is not None:
        letter = m.group("letter") or m.group("bare")
        own = [s for s in said if s.letter == letter]
        listed = m.group("list") or m.group("row")
        if listed is None and not own:
            return formula
        members = (
            tuple(re.findall(_MEMBER, listed)) if listed
            else _nearest(said, letter, place).members
        )  # fmt: skip
        end = _body_end(formula.latex, m.end())
        body = formula.part(m.end(), end)
        if not _uses(body.latex, letter):
            return formula
        terms = [
            _about(body, letter, member, written, bound=True).latex.strip() for member in members
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

