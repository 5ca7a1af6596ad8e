r"""What a document says of quantities without time, and the verdicts of what it claims of them.

A definition holds from its place on, and in its section also before it. A formula is judged by the
definitions of its own section and, where these say nothing of a name, by the latest before it. It
is wrong only if each name in it has one definition there may be, and none of them runs in time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import groupby

from bptt_sym.check import conditions
from bptt_sym.check.judged import Judged, as_entry
from bptt_sym.check.quantities.claimed import (
    by_its_factors,
    depends,
    holds,
    is_made_of_derivatives,
    is_open,
    of_its_number,
    open_in,
    spelt_out,
    without_values,
)
from bptt_sym.check.quantities.deciding import verdict_of, with_a_loss
from bptt_sym.check.quantities.graph import Graph
from bptt_sym.check.quantities.layouts import is_size
from bptt_sym.check.quantities.lines import (
    ENTRIES,
    IN_TIME,
    Given,
    Line,
    given_in_time,
    is_decimal,
    is_number,
    lines_of,
    normal,
    running,
)
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import Document, Formula
from bptt_sym.documents.names import names_in
from bptt_sym.messages import marked
from bptt_sym.notation import (
    ZERO,
    Claim,
    D,
    Fn,
    Had,
    Mul,
    Node,
    Sym,
    Transpose,
    rebuild,
    walk,
)
from bptt_sym.read.vocabulary import plain_name

TITLE = "quantities without time"
ALIKE = "{} is a derivative like those with other numbers"
CHAIN = "each quantity depends on those by which it is differentiated, and on no other"
_DEFINED = Verdict("not_a_claim", note=marked("a definition"))
_UNKNOWN = Verdict("undecided", note="it was not understood as one about quantities without time")


#: A name with something in brackets behind it, and ``h[t-1]``, one with the step before.
_BEFORE_BRACKETS = re.compile(r"(?<![A-Za-z\\])(?P<name>[A-Za-z])\s*(?:\\left\s*)?[\[(]")
_STEP_BEFORE = re.compile(
    rf"{_BEFORE_BRACKETS.pattern}\s*[tk]\s*-\s*1\s*(?:\\right\s*)?[\])]"
)
#: ``z = V h_T + a``: a name without a script, and what it is.
_FIRST_EQUATION = re.compile(
    r"\s*(?P<left>\\[a-z]+\s*\{\s*[A-Za-z]+\s*\}|\\[a-z]+(?![A-Za-z])|[A-Za-z]+)\s*&?\s*="
    r"(?P<right>(?:(?!\\partial|\\nabla)[^=])+)$", re.DOTALL
)
#: ``h_{t1}``: the first of several steps.
_NUMBERED = re.compile(r"_\s*\{\s*t\s*_?\s*\{?\s*[0-9]")
#: ``h_T``, ``h_{t-1}``, ``h^{(t)}``
_HAS_A_STEP = re.compile(r"[_^]\s*(?:\{\s*\(?\s*[tT](?![A-Za-z])|[tT](?![A-Za-z])|\\langle\s*[tT])")

#: In a text that gives more than so many quantities none is looked for: each is compared with all.
MAX_GIVEN = 3_000


class Beside:
    """The quantities without time of one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._verdicts: dict[int, Verdict | None] = {}
        #: The line in hand, with what is given for it.
        self._last: tuple[Line, list[Given]] | None = None

    @cached_property
    def _lines(self) -> list[Line]:
        return list(lines_of(self.usual))

    @cached_property
    def usual(self) -> list[Formula]:
        """The displayed formulas in their usual spelling."""
        return normal(self.document.formulas)

    @cached_property
    def _given(self) -> list[Given]:
        return [given for line in self._lines for given in _definitions(line)]

    @cached_property
    def _running(self) -> dict[int, frozenset[str]]:
        """The names that are counted, by section."""
        found: dict[int, frozenset[str]] = {}
        for f in (*self.usual, *self.document.plain):
            names = running(f) | given_in_time(f)
            found[f.section] = found.get(f.section, frozenset()) | names
        for f in self.document.formulas:  # as they stand: z_{t2}
            found[f.section] = found.get(f.section, frozenset()) | running(f, IN_TIME)
        return found

    @cached_property
    def _counted_in_brackets(self) -> frozenset[str]:
        """The names of which ``h[t-1]`` or ``h(t-1)`` tells that they run."""
        return frozenset(
            m["name"] for f in self.usual for m in _STEP_BEFORE.finditer(f.latex)
        )

    @property
    def has_steps(self) -> bool:
        """Whether a name of the document carries a step of time."""
        numbered = any(_NUMBERED.search(f.latex) for f in self.document.formulas)
        return numbered or any(names for names in self._running.values())

    def entries(self, wanted: Collection[tuple[int, int, int]] | None) -> list[Judged]:
        """The entries of the lines at the places ``wanted``, of all if it is ``None``.

        What cannot be judged so, though it is about quantities without time, is undecided.
        """
        found = list[Judged]()
        if len(self._given) > MAX_GIVEN:
            return found
        for line in self._lines:
            place = line.formula.place(line.row.start)
            if wanted is not None and (place.cell, place.line, place.column) not in wanted:
                continue
            known = id(line)
            if known not in self._verdicts:
                self._verdicts[known] = self._verdict(line)
            verdict = self._verdicts[known] or (_UNKNOWN if self._is_theirs(line) else None)
            if verdict is not None:
                entry = as_entry(line.formula, _shown(verdict, line), line.row, TITLE)
                found.append(replace(entry, apart=True))
        return found

    def _is_theirs(self, line: Line) -> bool:
        """Whether ``line`` differentiates what its section defines without time."""
        here = line.formula.section
        given = {g.name for g in self._given
                 if g.line.formula.section == here or not self.has_steps}  # fmt: skip
        return line.differentiates and bool(line.names & given) and self._is_about_these(line)

    def _verdict(self, line: Line) -> Verdict | None:
        if conditions.is_supposed(line.row, line.formula):
            return None
        own = [g for g in self._given if g.line is line]
        claim = without_values(line.claim)
        if claim is None or not self._is_about_these(line):
            return None
        if own and not line.differentiates and own[0].line.claim.sides[0] == Sym(own[0].name):
            before = self._graph(line, without=own)
            if own[0].name in before.quantities and holds(claim, before):
                return verdict_of(spelt_out(claim, self._aliases(line)), before)
        graph = Graph() if line.is_closed else self._graph(line)
        if own and not own[0].alias:
            said = of_its_number(own[0].name, self._aliases(line, without=own), graph)
            found = self._judged(spelt_out(replace(
                claim, sides=(said, *claim.sides[1:])), self._aliases(line, without=own)),
                graph, line, defines=True) if said is not None else None  # fmt: skip
            if found is not None and found.is_right:
                reading = ALIKE.format(own[0].name)
                return replace(found, verdict="right_under_reading", readings=(
                    *found.readings, reading))  # fmt: skip
        if own and len(claim.sides) == 2:
            return _DEFINED
        if own and own[0].alias:  # the name is that of what follows
            claim = replace(claim, sides=claim.sides[1:], ops=claim.ops[1:])
            own = []
        claim = spelt_out(claim, self._aliases(line, without=own))
        return self._judged(claim, graph, line, defines=bool(own))

    def _judged(self, claim: Claim, graph: Graph, line: Line, *, defines: bool) -> Verdict | None:
        about = {n.name for s in claim.sides for n in walk(s) if isinstance(n, Sym)}
        defined = about & set(graph.quantities)
        applied = {n.name for s in claim.sides for n in walk(s) if isinstance(n, Fn)}
        if not line.differentiates and not defined and not applied:
            return None  # an equation of what nothing defines claims nothing that can be known
        first = None
        for k, (whole, says) in enumerate(with_a_loss(graph, claim)):
            verdict = self._under(claim, whole, says, line, defines=defines)
            if verdict is not None and verdict.is_right:
                return verdict
            first = verdict if k == 0 else first  # what is only usual accuses nobody
        return first

    def _under(
        self, claim: Claim, graph: Graph, says: tuple[str, ...], line: Line, *, defines: bool
    ) -> Verdict | None:
        """The verdict of ``claim`` under ``graph``, of which ``says`` is supposed."""
        tops = {n.y.name for s in claim.sides for n in walk(s)
                if isinstance(n, D) and isinstance(n.y, Sym)}  # fmt: skip
        open_ = tops - set(graph.quantities)
        verdict = None if open_ else verdict_of(claim, graph)
        vague = {n for n in tops & set(graph.quantities) if is_open(graph.quantities[n])}
        if open_ or (vague and not (verdict and verdict.is_right)):
            open_ |= vague
            if not all(map(is_made_of_derivatives, claim.sides)):
                return None
            verdict = verdict_of(claim, by_its_factors(claim, graph, open_))
            says = (*says, CHAIN)
        if verdict is None:
            return None
        if verdict.is_right:
            if says:
                readings = (*verdict.readings, *says)
                verdict = replace(verdict, verdict="right_under_reading", readings=readings)
            return verdict
        accuses = verdict.verdict == "wrong" and line.differentiates and not defines
        if not accuses or open_ or not self._is_settled(claim, graph, line):
            return None
        return verdict

    def _graph(self, line: Line, without: list[Given] | None = None) -> Graph:
        quantities: dict[str, Node] = {}
        functions: dict[str, tuple[str, Node]] = {}
        aliases = self._aliases(line)
        for given in self._in_force(line):
            if given.name in aliases or given in (without or ()):
                continue
            if given.line.formula.section != line.formula.section and is_open(given.value):
                continue  # what is said of functions in general
            quantities[given.name] = given.value
            if given.function:
                functions[given.function] = (given.variable, given.value)
        return Graph(quantities, functions)

    def _aliases(self, line: Line, without: list[Given] | None = None) -> dict[str, Node]:
        """The names of derivatives, and of what is computed from these."""
        found: dict[str, Node] = {}
        for given in self._in_force(line):
            made = any(isinstance(n, Sym) and n.name in found for n in walk(given.value))
            if (given.alias or made) and given not in (without or ()):
                found[given.name] = given.value
        return found

    def _in_force(self, line: Line) -> Sequence[Given]:
        """What is given for ``line``, each name once."""
        if self._last is None or self._last[0] is not line:
            self._last = line, list(self._given_for(line))
        return self._last[1]

    def _given_for(self, line: Line) -> Iterator[Given]:
        """The same, found.

        A section that gives a name another value starts anew: what stood before it is of another
        example.
        """
        section = line.formula.section
        place = (line.formula.order, line.row.start)
        latest: dict[str, Given] = {}
        for at, given in self._by_section:
            if at > section:
                break
            if any(g.name in latest and latest[g.name].value != g.value for g in given):
                latest = {}
            for g in given:
                before = (g.line.formula.order, g.line.row.start) <= place
                if before or g.name not in latest:
                    latest[g.name] = g
        yield from latest.values()

    @cached_property
    def _by_section(self) -> list[tuple[int, list[Given]]]:
        """What is given, in the order of the text, by runs of one section."""
        runs = groupby(self._given, key=lambda g: g.line.formula.section)
        return [(at, list(group)) for at, group in runs]

    @cached_property
    def _own_names(self) -> dict[int, frozenset[str]]:
        """The names of what each section gives, and of what it gives them by."""
        found: dict[int, set[str]] = {}
        for g in self._given:
            found.setdefault(g.line.formula.section, set()).update(_plain({g.name, *g.line.names}))
        return {section: frozenset(names) for section, names in found.items()}

    def _is_about_these(self, line: Line) -> bool:
        """Whether no name of ``line`` runs in time where it stands."""
        found = _BEFORE_BRACKETS.finditer(line.row.latex)
        if any(m["name"] in self._counted_in_brackets for m in found):
            return False
        if line.is_closed:
            return True
        section = line.formula.section
        before = frozenset[str]().union(
            *(names for at, names in self._running.items() if at < section)
        )
        here = self._running.get(section, frozenset())
        own = self._own_names.get(section, frozenset())
        names = _plain(line.names)
        of_the_run = self._of_the_run.get(section, frozenset())
        return not names & (here | of_the_run) and not (names & before) - own

    @cached_property
    def _of_the_run(self) -> dict[int, frozenset[str]]:
        """The names without a step whose equations rest on what runs, ``z = V h_T``, by section."""
        if not self.has_steps:
            return {}
        rows: dict[int, list[tuple[str, str, set[str]]]] = {}
        for f in self.usual:
            written = (f.origin or f).latex
            if (m := _FIRST_EQUATION.match(written)) is not None:
                left = plain_name("".join(m["left"].split()))
                names = {plain_name(n.base) for n in names_in(m["right"])}
                rows.setdefault(f.section, []).append((left, m["right"], names))
        return {section: _resting(of) for section, of in rows.items()}

    def _is_settled(self, claim: Claim, graph: Graph, line: Line) -> bool:
        """Whether each name that ``claim`` rests on can have but the one meaning."""
        names = {n.name for s in claim.sides for n in walk(s) if isinstance(n, Sym)}
        if line.is_closed and len(names) > 1:
            return False
        todo = [] if line.is_closed else list(names)
        while todo:
            value = graph.quantities.get(todo.pop())
            for n in walk(value) if value is not None else ():
                if isinstance(n, Sym) and n.name not in names:
                    names.add(n.name)
                    todo.append(n.name)
        for name in () if line.is_closed else names:
            meanings = [g for g in self._given if g.name == name]
            here = [g for g in meanings if g.line.formula.section == line.formula.section]
            if len({g.value for g in here or meanings}) > 1:
                return False
        mentioned = {n for g in self._given if g.line.formula.section == line.formula.section
                     for n in g.line.names}  # fmt: skip
        values = (n for v in graph.quantities.values() for n in walk(v))
        known = set(graph.quantities) | {n.name for n in values if isinstance(n, Sym)}
        if not line.is_closed and any(n not in known and not is_size(n) for n in names):
            return False  # a target, say, of a loss that nothing defines
        elsewhere = {g.name for g in self._given} - set(graph.quantities)
        if elsewhere & names - mentioned or not depends(claim, graph):
            return False
        unknown = set(open_in(graph.quantities.values()))
        applied = set(open_in(claim.sides)) - set(graph.functions)
        rests = set(open_in(graph.quantities.get(name, ZERO) for name in names))
        if applied - unknown or rests - set(graph.functions) - applied:
            return False  # a function that nothing defines may be any
        constant = any(map(is_number, claim.sides[1:]))  # where it vanishes, or at one point
        return not constant and not any(map(is_decimal, claim.sides))


def _resting(rows: Collection[tuple[str, str, set[str]]]) -> frozenset[str]:
    """The left sides of ``rows`` that rest on a step, each with its right side and its names."""
    found = frozenset(left for left, right, _ in rows if _HAS_A_STEP.search(right))
    while True:
        more = {left for left, _, names in rows if names & found}
        if more <= found:
            return found
        found |= more


def _plain(names: frozenset[str] | set[str]) -> frozenset[str]:
    return frozenset(plain_name(n).partition("_")[0].partition("^")[0] for n in names)


def _definitions(line: Line) -> Iterator[Given]:
    """What ``line`` and what it supposes say that names are."""
    for claim in (*line.claim.given, line.claim):
        left = claim.sides[0]
        function = line.function if claim is line.claim else ""
        if function and isinstance(left, Fn) and left.name == function and not left.order:
            name, variable = function, line.variable
        elif isinstance(left, Sym):
            name, variable, function = left.name, "", ""
        else:
            continue
        values = [
            s for op, s in zip(claim.ops, claim.sides[1:], strict=True)
            if op == "=" and not is_number(s)
            and not any(isinstance(n, Sym) and n.name == name for n in walk(s))
        ]  # fmt: skip
        if claim.ops[0] != "=" or not values:
            continue
        whole = [s for s in values if not any(isinstance(n, D) for n in walk(s))]
        if len(whole) < len(values) and not function:
            if isinstance(values[0], D):
                yield Given(name, values[0], line, alias=True)
            continue
        known = [s for s in whole if not is_open(s)]
        if whole:
            value = with_entries_added((known or whole)[0])
            yield Given(name, value, line, function, variable)


def with_entries_added(node: Node) -> Node:
    r"""``node`` with the sum of entries that :math:`y^\\top \\log p` is written out."""
    node = rebuild(node, with_entries_added)
    match node:
        case Mul(args=(Transpose(arg=a), Fn(name="log") as b)):
            return Fn(ENTRIES, Had((a, b)), span=node.span)
    return node


def _shown(verdict: Verdict, line: Line) -> Verdict:
    """``verdict`` with the names that the text has."""
    example = verdict.counterexample
    if example is None:
        return verdict
    values = {line.shown.get(n, n): v for n, v in example.values.items()}
    return replace(verdict, counterexample=replace(example, values=values))
