"""Why a formula is wrong: the edit of the catalogue that makes it right.

The search runs over the readings that fit the formula's shapes; an edit is accepted only if the
edited equation is decided right, so the corrected formula that is shown is one that holds.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from time import process_time

from bptt_sym.decide.identity import Arena, aligned, holds
from bptt_sym.decide.instances import claim_indices
from bptt_sym.decide.interpret import Interpreter
from bptt_sym.decide.judge import adds_nothing
from bptt_sym.decide.readings import LABELS, OUTPUT_DERIVATIVE
from bptt_sym.decide.rewriting import labels, transform
from bptt_sym.decide.search import Search, changes_numbers, is_of_numbers
from bptt_sym.decide.tensor import Mismatch, Tensor, flat, shape
from bptt_sym.decide.trials import Drafts, Seen, Trial, combos
from bptt_sym.decide.uses import without_uses
from bptt_sym.decide.verdict import Diagnosis, Verdict
from bptt_sym.decide.world import Absent
from bptt_sym.diagnose.edits import MAX_COST, Edit, edits
from bptt_sym.diagnose.linearized import Linearized, Unknown
from bptt_sym.diagnose.surroundings import Local
from bptt_sym.errors import BpttError, Span, UnboundName
from bptt_sym.jacobian import Calculus
from bptt_sym.notation import HORIZON_NAME, At, Call, Claim, D, Node, Ones, Sym, walk
from bptt_sym.recurrence import Recurrence

#: What each code means, in one sentence; ``docs/diagnostics/`` has a page for each.
CODES: dict[str, str] = {
    "BP001": "the immediate derivative stands where the total one is needed: "
    "the dependence through earlier states is missing",
    "BP002": "the total derivative stands where the immediate one is needed: "
    "paths through earlier states are counted twice",
    "BP003": "the derivative is taken with respect to the wrong variable",
    "BP004": "a time index is off by one",
    "BP005": "the range of a sum or product is off by one",
    "BP006": "the derivative of the wrong activation is used",
    "BP007": "a pre-activation stands where the activation's output is needed, or the reverse",
    "BP008": "a sign is wrong",
    "BP009": "a transpose is missing or one too many",
    "BP010": "the factors stand in the wrong order",
    "BP011": "a factor is missing",
    "BP012": "there is one factor too many",
    "BP013": "an exponent is wrong",
    "BP014": "the sum over the steps at which the parameter is used is missing",
    "BP015": "a path is missing from the sum",
    "BP016": "there is one term too many: something is counted twice",
    "BP017": "only the direct path is followed",
    "BP018": "the wrong symbol is used",
    "BP019": "the derivative of the activation is missing, or is one too many",
    "BP020": "a constant factor, such as a normalisation by 1/T, is wrong",
    "BP021": "the shapes do not fit: a diag, an elementwise product or a block is missing",
    "BP022": "an eigenvalue stands where the largest singular value belongs",
    "BP023": "the activation is applied twice",
    "BP025": "vectors and matrices are compared by size without a norm",
    "BP026": "a sum stands where a product belongs, or the reverse",
    "BP027": "brackets are missing: a factor of the whole sum multiplies one of its terms",
}

#: Readings under which edits are tried, and edited equations that are tried in all.
MAX_READINGS = 10
MAX_TRIED = 4000
#: Readings of no more weight are as likely as the plain one.
NEAR = 2
#: A formula of more nodes than these stays without a diagnosis.
MAX_NODES = 2_000
#: Parts of a derivative along one edge that is written out in a correction.
_SHORT = 40
#: After which a formula, a very long one, stays without a diagnosis.
MAX_SECONDS = 3.0


def diagnose(claim: Claim, rec: Recurrence, arena: Arena | None = None) -> Diagnosis | None:
    """The simplest edit that makes the one relation of ``claim`` right, or ``None``."""
    if len(claim.sides) != 2 or claim.ops[0] not in ("=", "~"):
        return None
    if sum(1 for s in claim.sides for _ in walk(s)) > MAX_NODES:
        return None
    arena = arena or Arena(rec)
    catalogue = _Catalogue(rec, arena)
    if not catalogue.may_mend(claim):
        return None
    tried = 0
    until = process_time() + MAX_SECONDS
    under: list[tuple[Trial, _Probe | None]] = []
    misfits = set[int]()
    for trial, fits in _fitting(claim, arena):
        if not fits and any(r.group == "share" for r in trial.readings):
            misfits.add(id(trial))
        probe = _Probe.of(trial, arena)
        if probe is None or not probe.is_nothing:
            # (Of the many formulas that are 0 none is the one that was meant.)
            under.append((trial, probe))
    # The simplest edit under any reading comes before every other: there are too many for all.
    costs = {
        edit.cost + _far(trial, edit)
        for trial, _ in under
        for edit in catalogue.edits(trial.claim, MAX_COST)
    }
    for cost, (trial, probe) in product(sorted(costs), under):
        for edit in catalogue.candidates(trial, cost):
            if edit.cost + _far(trial, edit) != cost:
                continue
            if id(trial) in misfits and edit.code not in OF_SHAPE:
                continue  # of a share whose shapes do not fit nothing else is known
            tried += 1
            # (To ask for the time is as dear as to refute an edit.)
            if tried > MAX_TRIED or (tried % 16 == 0 and process_time() > until):
                return None
            if probe is not None and probe.refutes(edit):
                continue
            if process_time() > until:
                return None
            if _right(edit, trial, arena):
                return _explain(edit, claim, rec)
    return None


def _far(trial: Trial, edit: Edit) -> int:
    """What a reading adds to the cost of an edit: two departures are less likely than a slip.

    Readings by which parts of a derivative are counted elsewhere make a term superfluous.
    """
    more = max(0, sum(r.weight for r in trial.readings) - NEAR)
    return 2 * more if edit.code == "BP016" else more


class _Catalogue:
    """The edits of a claim under its readings, less those that one unit refutes."""

    def __init__(self, rec: Recurrence, arena: Arena) -> None:
        self.rec = rec
        self.arena = arena
        self._edits: dict[tuple[tuple[Node, ...], int], list[Edit]] = {}
        self._linearized: dict[Hashable, Linearized | None] = {}
        self._refuted: dict[tuple[int, int], bool] = {}

    def edits(self, claim: Claim, most: int) -> list[Edit]:
        found = self._edits.get((claim.sides, MAX_COST)) or self._edits.get((claim.sides, most))
        if found is None:
            found = self._edits[claim.sides, most] = edits(claim, self.rec, most)
        return found

    def may_mend(self, claim: Claim) -> bool:
        """Whether some edit makes the sides equal for one unit, or one unit says nothing."""
        drafts = Drafts(claim, self.arena.rec)
        seen: Seen = set()
        values: set[tuple[int, int]] = set()
        for combo in combos(claim, self.arena.rec, self.arena.stated):
            if len(combo) > 2:
                break
            if not all(map(changes_numbers, combo)) or combo == (LABELS,):
                continue
            trial = drafts.fresh(combo, seen)
            if trial is None:
                continue
            trial = _labelled(trial, self.arena)
            seen_as = self.linearized(trial)
            if seen_as is None:
                return True
            both = (seen_as.left_value, seen_as.right_value)
            if both in values:
                continue
            values.add(both)
            if any(True for _ in self.candidates(trial, MAX_COST)):
                return True
        return False

    def linearized(self, trial: Trial) -> Linearized | None:
        """``trial`` with one unit; ``None`` if that says nothing."""
        key = (trial.claim.sides, trial.conventions.lenient, trial.hypotheses)
        if key not in self._linearized:
            usable = self.rec.is_scalar or is_of_numbers(trial.claim.sides, self.rec)
            try:
                self._linearized[key] = Linearized(trial, self.arena) if usable else None
            except Unknown:
                self._linearized[key] = None
        return self._linearized[key]

    def candidates(self, trial: Trial, most: int) -> Iterator[Edit]:
        """The edits of a cost up to ``most``, cheapest first, less those that one unit refutes."""
        seen_as = self.linearized(trial)
        for edit in self.edits(trial.claim, most):
            if edit.cost > most:
                return
            if seen_as is not None:
                key = (id(seen_as), id(edit))
                if key not in self._refuted:
                    self._refuted[key] = seen_as.refutes(edit)
                if self._refuted[key]:
                    continue
            yield edit


def _labelled(trial: Trial, arena: Arena) -> Trial:
    """The hypothesis about labels does no harm, and most gradients of them need it."""
    if not labels(arena.rec):
        return trial
    return replace(trial, hypotheses=trial.hypotheses | {"labels"})


#: Mistakes that only shapes show.
OF_SHAPE = frozenset(("BP009", "BP010", "BP021"))


def misfit(claim: Claim, rec: Recurrence, found: Diagnosis | None) -> Diagnosis | None:
    """Why the shapes of an equation that holds for one unit do not fit, if that is plain.

    ``found`` is what :func:`diagnose` said of it.
    A transpose or the order of two factors is, when mending it makes the equation right; so is a
    vector on the right where the left side, in bold type, is a matrix or has three axes.
    """
    if found is not None and found.code in OF_SHAPE:
        return found
    if len(claim.sides) != 2:
        return None
    left = claim.sides[0]
    bold = re.search(r"\\(?:mathbf|boldsymbol|bm|vec)\b", claim.source) is not None
    if bold and isinstance(left, D) and isinstance(left.y, At) and isinstance(left.x, Sym):
        y, x = rec.shape(left.y.name), rec.shape(left.x.name)
        if len(y) == 1 and len(x) == 2 and left.y.name in rec.states:
            return Diagnosis(
                "BP021",
                "the shapes do not fit: the derivative of a vector by a matrix has three axes, "
                "the right side has not",
            )
    return None


def mended(claim: Claim, local: Local, rec: Recurrence) -> Diagnosis:
    """What ``local``, a change of the whole right side that makes ``claim`` right, says of it."""
    return _explain(Edit(local.code, local.cost, claim.sides[1], local.new, _itself), claim, rec)


def mended_left(claim: Claim, local: Local, rec: Recurrence) -> Diagnosis:
    """The same of a change of the whole left side."""
    left, right = claim.sides
    edit = Edit(local.code, local.cost, left, local.new, lambda _: right, left=local.new)
    return _explain(edit, claim, rec)


def _itself(node: Node) -> Node:
    return node


def explained(verdict: Verdict, claim: Claim, rec: Recurrence, arena: Arena) -> Verdict:
    """``verdict`` with the diagnosis of each wrong relation; the first one's for the whole."""
    if verdict.verdict != "wrong":
        return verdict
    links = verdict.links or (verdict,)
    done: list[Verdict] = []
    anchor = claim.sides[0]
    for link, op, side in zip(links, claim.ops, claim.sides[1:], strict=True):
        if link.verdict == "wrong" and op in ("=", "~") and link.diagnosis is None:
            found = diagnose(Claim((anchor, side), (op,), claim.source), rec, arena)
            if found is None and anchor is not claim.sides[0] and _stands(done, claim):
                # (What is worked out may need more readings than what it was worked out of.)
                whole = Claim((claim.sides[0], side), (op,), claim.source)
                found = diagnose(whole, rec, arena)
            done.append(replace(link, diagnosis=found))
        else:
            anchor = side
            done.append(link)
    if not verdict.links:
        return done[0]
    first = next(v for v in done if v.verdict == "wrong")
    return replace(verdict, links=tuple(done), diagnosis=first.diagnosis)


def _stands(links: Sequence[Verdict], claim: Claim) -> bool:
    """Whether all that comes before a relation of a chain are equalities that hold."""
    return all(v.is_right and op == "=" for v, op in zip(links, claim.ops, strict=False))


def _fitting(claim: Claim, arena: Arena) -> Iterator[tuple[Trial, bool]]:
    """Readings, and whether the shapes fit; the literal one always, and those of layout: an edit
    may mend their shapes."""
    found = 0
    seen: set[Hashable] = set()
    search = Search.of(claim, arena)
    for trial in search.readings(2):
        if trial.readings == (LABELS,):
            continue
        trial = _labelled(trial, arena)
        try:
            outcome = search.outcome(trial)
        except BpttError:
            continue
        # (That a slope is told by the output has nothing to do with the shapes.)
        rest = [r for r in trial.readings if r.group != OUTPUT_DERIVATIVE.group]
        # (Nor has it that the right side is the share of a step.)
        of_layout = [r.group for r in rest if r.group != "share"] == ["layout"]
        if outcome.holds is False or not trial.readings or of_layout:
            # Most readings change nothing in most claims: those would be searched in vain.
            means = _meaning(trial, arena)
            if means is None or means not in seen:
                yield trial, outcome.holds is False
                found += 1
            seen.add(means)
        if found >= MAX_READINGS:
            return


def _meaning(trial: Trial, arena: Arena) -> Hashable | None:
    """Both sides at one instance; ``None`` where they have no value."""
    probe = _Probe.of(trial, arena)
    if probe is None:
        return None
    try:
        right = probe.interp.value(trial.claim.sides[1], probe.env)
    except (BpttError, ArithmeticError):
        return None
    values = tuple((shape(v), tuple(map(str, flat(v)))) for v in (probe.left, right))
    # A reading that fixes the length of the run agrees at the shortest one, and not beyond it.
    return values, any(r.group == "last" for r in trial.readings)


@dataclass(frozen=True)
class _Probe:
    """The left side at one instance: most edits fail there, and need no more than that."""

    interp: Interpreter
    env: Mapping[str, int]
    left: Tensor
    elementwise: bool

    @classmethod
    def of(cls, trial: Trial, arena: Arena) -> _Probe | None:
        sides = trial.claim.sides
        names = claim_indices(sides, arena.rec)
        few = arena.instances(sides, 4)
        env = next((e for e in few if not names or max(e.values(), default=0) >= 3), None)
        if env is None:
            return None
        world = arena.world(1, 0, trial.hypotheses)
        interp = Interpreter(world, trial.conventions, env.get(HORIZON_NAME, 0))
        try:
            left = interp.value(sides[0], env)
        except (BpttError, ArithmeticError):
            return None
        return cls(interp, env, left, trial.conventions.elementwise)

    @property
    def is_nothing(self) -> bool:
        """Whether the left side is 0."""
        return all(self.interp.dom.is_zero(x) for x in flat(self.left))

    def refutes(self, edit: Edit) -> bool:
        """Whether the sides differ here after ``edit``; ``False`` also if that cannot be seen."""
        dom = self.interp.dom
        try:
            left = self.left if edit.left is None else self.interp.value(edit.left, self.env)
            value = self.interp.value(edit.node, self.env)
            a, b = aligned(left, value, dom, self.elementwise)
            if edit.left is not None and all(dom.is_zero(x) for x in flat(b)):
                return True  # that nothing is 0 explains nothing
        except (Mismatch, Absent, UnboundName):
            # What does not exist where the left side does, or has a loose index, is no correction.
            return True
        except (BpttError, ArithmeticError, RecursionError):
            return False
        return not all(dom.is_zero(x - y) for x, y in zip(flat(a), flat(b), strict=True))


def _right(edit: Edit, trial: Trial, arena: Arena) -> bool:
    side = edit.left or trial.claim.sides[0]
    if edit.node == trial.claim.sides[1] and edit.left is None:
        return False
    if edit.node == side and isinstance(side, D):
        return False
    # "right because it repeats the left side" explains nothing.
    if edit.left is None and isinstance(side, D) and any(n == side for n in walk(edit.new)):
        return False
    try:
        mended = replace(trial, claim=Claim((side, edit.node), ("=",)))
        if not holds(arena, mended).holds:
            return False
        # A path beside what is 0 wherever the path is there explains nothing of what is written.
        return edit.code != "BP015" or not adds_nothing(arena, mended)
    except (BpttError, ArithmeticError, RecursionError):
        return False


def _explain(edit: Edit, claim: Claim, rec: Recurrence) -> Diagnosis:
    from bptt_sym.render.latex import latex
    from bptt_sym.render.text import text

    changed = _changed(edit, text)
    left, right = (_with_identity(side) for side in (edit.left or claim.sides[0], edit.node))
    right = _without_marks(right, claim, rec)
    corrected = f"{latex(left, rec)} = {latex(right, rec)}"
    return Diagnosis(edit.code, CODES[edit.code] + changed, corrected, _place(edit, claim))


def _without_marks(node: Node, claim: Claim, rec: Recurrence) -> Node:
    """``node``, where derivatives along one edge, of which the text knows none, are written out."""
    if any(isinstance(n, D) and n.kind == "direct" for side in claim.sides for n in walk(side)):
        return node
    calculus = Calculus(rec)

    def out(n: Node) -> Node:
        if not isinstance(n, D) or n.kind != "direct" or not isinstance(n.y, At):
            return n
        try:
            found = calculus.direct(n.y, n.x)
        except (BpttError, ValueError):
            return n
        plain = not any(isinstance(m, (D, Call)) for m in walk(found))
        return found if plain and sum(1 for _ in walk(found)) <= _SHORT else n

    return transform(node, out)


def _with_identity(node: Node) -> Node:
    """``node`` as a text has it: the identity matrix is called I again and not 1."""
    node = without_uses(node)
    return transform(node, lambda n: Sym("I", span=n.span) if isinstance(n, Ones) and n.span else n)


def _place(edit: Edit, claim: Claim) -> Span | None:
    """Where the part that the edit changes stands, if the text there is about the same names.

    A part that the text calls by another name was read somewhere else.
    """
    spans = [n.span for n in walk(edit.old) if n.span is not None]
    if not spans or edit.old == claim.sides[1]:
        return None
    span = edit.old.span or Span(min(s.start for s in spans), max(s.end for s in spans))
    source, side = claim.source, claim.sides[1].span
    if side is None or not side.start <= span.start < span.end <= min(side.end, len(source)):
        return None
    text = source[span.start : span.end]
    names = {n.name for n in walk(edit.old) if isinstance(n, (At, Sym))}
    letters = {word for name in names for word in re.findall(r"[A-Za-z]+", name)[:1]}
    return span if all(letter in text for letter in letters) else None


def _changed(edit: Edit, text: object) -> str:
    assert callable(text)
    if edit.code in ("BP014", "BP015"):
        return ""
    old, new = (_shown(_with_identity(n), text) for n in (edit.old, edit.new))
    if old is None or new is None or old == new:
        return ""
    return f" ({new} in place of {old})"


def _shown(node: Node, text: object) -> str | None:
    assert callable(text)
    words: str = text(node)
    return words if len(words) <= 80 else None
