r"""What an accusation rests on.

A formula that fails may have been misunderstood. Two things tell that it was not: a mistake that
can be named (one small edit makes the formula hold), or that all of it was judged as it stands on
the page. A formula that was rewritten on a guess of what its marks mean (``dy_t`` taken for
:math:`\partial L/\partial y_t`, a bar with a step behind a derivative left out) and that no edit
mends was judged for what nobody has written, and accuses nobody, unless what it differentiates by
was marked so in a formula of the document that holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.check.asides import RELATION, SCRIPT, in_its_case
from bptt_sym.check.bars import BAR
from bptt_sym.check.example_values import GivenValue, put_in
from bptt_sym.check.failures import failing, of_any_shape
from bptt_sym.check.judged import Judged
from bptt_sym.check.own_steps import only_at_its_step
from bptt_sym.check.provenance import Basis, Ledger
from bptt_sym.check.turned_gradients import right_if_turned
from bptt_sym.check.wording import MISFITS, OF_A_STEP, apart_in, upside_down_in, vanishing_in
from bptt_sym.decide.losses import summed_loss
from bptt_sym.decide.readings import LOCAL_LOSS
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.step_readings import with_the_later_loss
from bptt_sym.decide.verdict import Diagnosis, Verdict
from bptt_sym.definitions.outline import Row
from bptt_sym.documents.document import Formula
from bptt_sym.messages import marked
from bptt_sym.notation import (
    FUNCTIONS,
    HORIZON_NAME,
    Add,
    At,
    Claim,
    D,
    Div,
    Fn,
    Had,
    Idx,
    Mul,
    Node,
    Sum,
    Sym,
    children,
    num,
    walk,
)
from bptt_sym.recurrence import Recurrence
from bptt_sym.shapes import is_bold, is_upper

NOT_AS_WRITTEN = marked(
    "it fails as it was read, with marks taken for derivatives that the text does not define,"
    " and no slip explains it"
)
WITHOUT_ITS_BAR = marked(
    "it fails as it was read, without the step that its bar names, and no slip explains it"
)
WITH_A_STEP_PUT_IN = marked(
    "it fails with the step that it leaves out put in, and no slip explains it"
)
READ_AS_ONE = marked("two notations of the text were read as one and the same derivative")
ADDS_NOTHING = marked("as it was read, what it adds is 0")
LABELS_A_TERM = marked("a value stands for a derivative: it may say which term this is")
#: Readings by which a derivative of the loss on the right is another than the one on the left.
_OF_THE_LOSS = re.compile(r"loss|added|share")
GATE_OR_ARGUMENT = marked(
    "whether it is the gradient by the activation or by its argument is not said"
)
WHICH_MEAN = marked("the loss is supposed, and which mean of the steps it is stands nowhere")
PARTIAL = marked("the rest of it is left out")
#: Of which size one side is to be, they leave open.
_MUCH = re.compile(r"[≪≫]")
#: Which relation of a chain a verdict is about.
_STEP_OF = re.compile(r"step (\d+) of (\d+)")
IF_TURNED = marked("it holds if gradients are rows, and that by a matrix has the transposed shape")
OF_SIZE = marked("how much smaller one side is than the other, ≪ and ≫ do not say")
OPEN_SLOPE = marked("it bounds the slope of a function that nothing gives")
GIVEN_BEFORE = marked("the factor that is missing is one too many in a gradient before it")
UNSAID_PRODUCT = marked("it fails for a product of matrices; entry by entry it holds")
#: A sign that stands for either product.
_SIGN = re.compile(r"\\(?:cdot|times|ast)(?![A-Za-z])|[·*×]")
BARS_BY_ENTRY = marked("its bars may be taken entry by entry")
#: A sentence that supposes a bound of some values.
_SUPPOSES = re.compile(
    r"(?:\b(?i:assum\w+|suppos\w+|provided|given that|if|when)\b|假[设定設]|若|如果)"
    r"[^.。]*(?:<|>|≤|≥|\\[lg]eq?)"
)
WHOLE_ELSEWHERE = marked(
    "it holds of the local part of a gradient; another formula gives the whole by that name"
)
ONE_STEP_OR_ALL = marked(
    "it fails for the gradient of the run, and whether it is the share of one step is not said"
)
OF_A_BATCH = marked("its shapes do not fit; of the rows of a batch, which it is said of, they may")
#: What is said of all examples at once, each of them a row.
_BATCH = re.compile(r"(?i:batch)|批")
SHARE_OR_LOSS = marked(
    "it fails for the loss of this step; it is what the step adds to the whole gradient"
)
SEVERAL_STATES = marked("it fails for this state alone; its letter may mean the others as well")
#: ``d_{\\tanh}``: a mark by what it is about, without a step.
_STEPLESS_MARK = re.compile(
    r"(?<![A-Za-z\\])(?:d|\\delta)\s*_\s*\{\s*(?:\\?[a-z]{2,}|\\(?:text|mathrm)\s*\{[^{}]*\})\s*\}(?!\s*[_^]\s*\{?\s*\(?t)"
)
#: ``h^\\top \\otimes I``: of matrices, and no outer product.
_KRONECKER = re.compile(
    r"\\otimes(?![A-Za-z])\s*(?:\\(?:math(?:bf|bb|rm)|boldsymbol|bm)\s*\{?\s*)?I(?![A-Za-z]|\s*_\s*\{?\s*t)"
    r"|(?<![A-Za-z\\])I\s*(?:\}\s*)?(?:_\s*(?:[a-su-z]|\{\s*[a-su-z]\s*\})\s*)?\\otimes(?![A-Za-z])"
)
OF_KRONECKER = marked("it has a product of Kronecker, and says not how the matrix is laid out")
OF_LATER_LOSSES = marked(
    "it fails for the loss of this step; the right side adds that of a later one"
)
OF_NUMBERS = marked("its weights are small letters: of vectors its shapes do not fit")
_DOUBLE_BAR = re.compile(r"\\\||\\[lr]?Vert|‖|\\parallel|\|\s*\|")
TWO_PRODUCTS = marked("it fails, but which of its two signs of a product binds first is not said")
_BETWEEN = r"(?:[^+=&{}*()\[\]]|\{(?:[^{}]|\{[^{}]*\})*\})*"
#: ``W \\cdot g * s``: a matrix product and one entry by entry, without brackets;
#: ``\\delta \\otimes h \\odot r``, an outer one.
_DOT_THEN_STAR = re.compile(
    r"\\cdot(?![A-Za-z])(?:[^+=&{}*]|\{(?:[^{}]|\{[^{}]*\})*\})*(?<![\^_])\*"
    rf"|\\otimes(?![A-Za-z]){_BETWEEN}\\(?:odot|circ)(?![A-Za-z])"
)
OF_A_DOUBTFUL_MARK = marked(
    "it fails with a mark for a gradient that was given by a formula which was not understood"
)
_DERIVED = re.compile(r"\\partial|∂|\\nabla|\\frac\s*\{\s*d")
#: Every sign that makes a derivative of what stands behind it.
_SIGNS = re.compile(r"\\partial(?![A-Za-z])|∂|\\nabla(?![A-Za-z])|∇")
#: ``\\partial q_t`` below a fraction bar.
_BY = re.compile(
    r"\{\s*\\partial\s*\{?\s*(\\?[A-Za-z]+(?:\s*\{[^{}]*\})?[0-9]?)\s*\}?\s*[_^]\s*"
    r"\{?\s*(?:\(|\\langle\s*)?[tkT0-9]"
)
#: A bound or a limit that holds where a weight is small.
_IF_SMALL = re.compile(r"^(?:step \d+ of \d+: )?true if also ")
_LESS_THAN_ONE = re.compile(
    r"(?:<|\\lt(?![A-Za-z])|\\leq?(?![A-Za-z])|≤|＜)\s*\$?\s*(?:1(?![0-9.])|\\[dt]?frac\s*\{?\s*1(?![0-9])|\\gamma)"
)

#: How far before a formula its hypothesis may stand.
_REACH = 200


@dataclass
class Grounds:
    """What a document has shown so far of the meaning of its marks."""

    #: The names that were marked in a formula that holds.
    confirmed: set[str] = field(default_factory=set)
    #: Whether a gradient by an activation, and not by its argument, has been given.
    by_activations: bool = False
    #: The gradients that a formula before gave with a factor too many: loss and name.
    overdone: set[tuple[str, str]] = field(default_factory=set)
    #: Gradients whose mark was given by a formula that did not hold as the mark was read.
    doubtful: set[tuple[str, str]] = field(default_factory=set)
    #: Gradients that a formula that holds takes from the step after: whole ones.
    whole: set[tuple[str, str]] = field(default_factory=set)
    #: What the names of the document mean.
    ledger: Ledger = field(default_factory=Ledger)
    #: The weights to which an example gives a value that drops out.
    given: Sequence[GivenValue] = ()
    #: Whether the text says that gradients are columns.
    in_columns: bool = False

    def weigh(self, judged: Judged, row: Row, formula: Formula) -> Judged:
        """``judged``, but undecided where it is an accusation without grounds."""
        judged = self._weighed(judged, row, formula)
        if formula.partial and not judged.verdict.is_right:
            return replace(judged, verdict=Verdict("not_a_claim", note=PARTIAL), part=None)
        return judged

    def _weighed(self, judged: Judged, row: Row, formula: Formula) -> Judged:
        judged = in_its_case(judged, row, formula)
        verdict = judged.verdict
        if verdict.is_right and formula.delta:
            self.confirmed |= _marked(row)
        if verdict.is_right and judged.basis is not None:
            if why := holds_in_vain(judged) or self.ledger.taken_as_given(judged.basis):
                return replace(judged, verdict=Verdict("undecided", note=why))
            told = " ".join(verdict.readings)
            named = formula.delta or not row.mentions.isdisjoint(judged.basis.model.aliases)
            if LOCAL_LOSS.message not in told:
                self.whole |= _recursions(judged.basis.claim)
            elif named and _gradients(judged.basis.claim.sides[1:]) & self.whole:
                return replace(judged, verdict=Verdict("undecided", note=WHOLE_ELSEWHERE))
            self.ledger.witnessed(judged.basis)
            self.by_activations |= by_an_activation(judged.basis) and "pre-activation" not in told
        if verdict.verdict == "wrong" and (why := _supposed_in_vain(judged)):
            return replace(judged, verdict=Verdict("undecided", note=why), part=None)
        basis = judged.basis
        if basis is not None and of_any_shape(verdict, basis.claim, basis.model.supposed):
            return replace(judged, verdict=failing(basis.model.supposed), part=None)
        why = self._missing(judged, row, formula) if verdict.verdict == "wrong" else ""
        if verdict.verdict == "wrong" and judged.basis is not None and not why:
            why = self.ledger.unsettled(verdict, judged.basis)
            if formula.delta and _adds_to_itself(judged.basis.claim):
                why = READ_AS_ONE
            code = verdict.diagnosis.code if verdict.diagnosis is not None else ""
            claim = judged.basis.claim
            put = "".join(claim.source.split()) != "".join(row.latex.split())
            if put and code in ("", "BP004"):  # (Of a step that is not written none is wrong.)
                why = WITH_A_STEP_PUT_IN
            if code == "BP021" and _is_small(judged.basis):
                why = OF_NUMBERS
            weights = set(judged.basis.model.court.model.parameters) & judged.basis.used
            why = why or put_in(self.given, claim, weights, formula)
            if code == "BP012" and by_an_activation(judged.basis):
                if not self.by_activations and _has_a_slope(claim):
                    why = GATE_OR_ARGUMENT
                self.overdone |= _gradients(claim.sides[:1])
            elif not code and _is_multiplied_by_its_slope(judged.basis):
                self.overdone |= _gradients(claim.sides[:1])
            elif code == "BP019" and _gradients(claim.sides[1:]) & self.overdone:
                why = GIVEN_BEFORE
            if formula.delta and _gradients(claim.sides[1:]) & self.doubtful:
                why = OF_A_DOUBTFUL_MARK
        if why:
            judged = replace(judged, verdict=Verdict("undecided", note=why), part=None)
        if judged.basis is not None and _gives_a_mark(formula, row):
            given = _gradients(judged.basis.claim.sides[:1])
            if judged.verdict.verdict == "undecided":
                self.doubtful |= given
            elif judged.verdict.is_right:
                self.doubtful -= given
        return judged

    def _missing(self, judged: Judged, row: Row, formula: Formula) -> str:
        verdict = judged.verdict
        written = (formula.origin or formula).latex
        if _is_of_size(written, verdict.note):
            return OF_SIZE
        if _KRONECKER.search(written) and "vec" not in written:
            return OF_KRONECKER
        basis = judged.basis
        if basis is not None and with_the_later_loss(basis.claim, basis.model.court.model):
            return OF_LATER_LOSSES
        if basis is not None and _bounds_an_open_slope(basis.claim):
            return OPEN_SLOPE
        if _IF_SMALL.match(verdict.note) and _speaks_of(verdict.note, _before(formula)):
            return f"{verdict.note}, of which the text before it speaks"
        if verdict.diagnosis is not None:
            entries = verdict.diagnosis.code == "BP025" and not _DOUBLE_BAR.search(row.latex)
            if entries and _SUPPOSES.search(_before(formula)):
                return BARS_BY_ENTRY
            if (
                verdict.diagnosis.code in ("BP009", "BP010", "BP021")
                and basis is not None
                and not self.in_columns
                and _DERIVED.search(written.partition("=")[0])  # no differential
                and right_if_turned(basis.claim, basis.model)
            ):
                return IF_TURNED
            turned = verdict.diagnosis.code in ("BP009", "BP010") and MISFITS in verdict.note
            if turned and _BATCH.search(_before(formula)):
                return OF_A_BATCH
            if verdict.diagnosis.code == "BP010" and _DOT_THEN_STAR.search(row.latex):
                return TWO_PRODUCTS
            return UNSAID_PRODUCT if _only_a_sign(verdict.diagnosis, row) else ""
        written = _as_it_stands(row, formula)
        if (
            formula.delta
            and not _marked(row) <= self.confirmed
            and len(_SIGNS.findall(written)) < len(_SIGNS.findall(row.latex))
        ):
            return NOT_AS_WRITTEN
        if BAR.search(written) and not BAR.search(row.latex):
            return WITHOUT_ITS_BAR
        if judged.basis is not None and (why := _said_in_outline(judged.basis, formula)):
            return why
        return TWO_PRODUCTS if _DOT_THEN_STAR.search(row.latex) else ""


def _is_of_size(written: str, note: str) -> bool:
    """Whether the relation that fails is ``≪`` or ``≫``."""
    relations = [*RELATION.finditer(SCRIPT.sub("", written))]
    step = _STEP_OF.search(note)
    if step is not None and int(step[2]) == len(relations):
        relations = relations[int(step[1]) - 1 : int(step[1])]
    return len(relations) == 1 and _MUCH.match(relations[0][0]) is not None


def _bounds_an_open_slope(claim: Claim) -> bool:
    """``|f'(z_t)| \\le 1`` of a function that may be any: the text speaks of those it knows."""
    nodes = [n for side in claim.sides for n in walk(side)]
    slopes = [n for n in nodes if isinstance(n, Fn) and n.order and n.name not in FUNCTIONS]
    orders = bool(set(claim.ops) & {"<", "<=", ">", ">="})
    return orders and bool(slopes) and not any(isinstance(n, D) for n in nodes)


def _said_in_outline(basis: Basis, formula: Formula) -> str:
    """Why a formula that fails, and that no slip explains, may only outline what happens.

    ``dW = d_{tanh}^T h_{t-1}``, whose mark has no step, may be the share of one; ``∂L/∂h_t =
    ∂L/∂h_{t+1} ∂h_{t+1}/∂h_t`` in a network with a cell beside h, of which the text gives no loss,
    may mean both by h.
    """
    claim, rec = basis.claim, basis.model.court.model
    left, *rest = claim.sides
    if not (isinstance(left, D) and is_loss(left.y, rec)):
        return ""
    if _is_the_share_of_a_step(claim, basis):
        return SHARE_OR_LOSS
    sums = any(isinstance(n, Sum) for s in rest for n in walk(s))
    if isinstance(left.x, Sym) and not sums and _STEPLESS_MARK.search(formula.given):
        return ONE_STEP_OR_ALL
    chain = all(
        isinstance(f, D) and isinstance(f.x, At)
        for s in rest for f in (s.args if isinstance(s, Mul) else (s,))
    )
    return SEVERAL_STATES if chain and basis.model.supposed and len(rec.states) > 1 else ""


def _is_the_share_of_a_step(claim: Claim, basis: Basis) -> bool:
    r"""Whether :math:`\partial L_t/\partial W = \delta_t h_{t-1}^\top` is what step t adds to all.

    A text may mean that by the loss of step t.
    """
    left, found = claim.sides[0], summed_loss(basis.model.court.model)
    if found is None or not (isinstance(left, D) and isinstance(left.x, Sym)):
        return False
    if not (isinstance(left.y, At) and left.y.name == found[1] and isinstance(left.y.time, Idx)):
        return False
    whole = replace(left, y=Sym(found[0]))
    over = left.y.time.name
    sums = (Sum(over, num(1), Idx(HORIZON_NAME), side) for side in claim.sides[1:])
    return basis.model.court.holds(replace(claim, sides=(whole, *sums))) is not None


def _speaks_of(condition: str, before: str) -> bool:
    """Whether the text before a formula has a bound as in ``condition``: smaller than 1, or 4."""
    number = re.search(r"[<≤] ([0-9]+(?:\.[0-9]+)?)$", condition)
    if number is None or number[1] == "1":
        return _LESS_THAN_ONE.search(before) is not None
    less = r"(?:<|\\lt(?![A-Za-z])|\\leq?(?![A-Za-z])|≤|＜)\s*\$?\s*"
    # (1/γ is that number, where γ is the largest slope.)
    said = rf"(?:{re.escape(number[1])}(?![0-9.])|\\[dt]?frac\s*\{{?\s*1(?![0-9])|1\s*/)"
    return re.search(less + said, before) is not None


def _is_multiplied_by_its_slope(basis: Basis) -> bool:
    """Whether a gradient by a value is a product with the slope of the activation of that value."""
    left, rec = basis.claim.sides[0], basis.model.court.model
    if not (isinstance(left, D) and isinstance(left.x, At) and left.x.name in rec.defined):
        return False
    rhs, value = rec.rhs(left.x.name), basis.claim.sides[-1]
    return isinstance(rhs, Fn) and isinstance(value, (Mul, Had)) and any(
        isinstance(n, Fn) and n.order == 1 and n.name == rhs.name
        for a in value.args for n in (a, *children(a))
    )


def holds_in_vain(judged: Judged) -> str:
    """Why a formula that holds was meant of something else: what it writes down is 0."""
    basis = judged.basis
    if basis is None:
        return ""
    told = " ".join(judged.verdict.readings)
    if _adds_to_itself(basis.claim) and not _OF_THE_LOSS.search(told):
        return ADDS_NOTHING
    rec = basis.model.court.model
    claim = basis.claim
    apart = vanishing_in(claim, rec) or only_at_its_step(claim, rec) or upside_down_in(claim)
    return "{} does not depend on {}: which {} is meant?".format(*apart, apart[0]) if apart else ""


def _is_labelled_by_a_value(claim: Claim, rec: Recurrence) -> bool:
    r""":math:`h_{t-1} = \frac{\partial L}{\partial h_t} \cdots` in a list of the terms of a sum."""
    left, *rest = claim.sides
    if not (isinstance(left, At) and left.name in rec.states):
        return False
    products = all(isinstance(s, (D, Mul, Had)) for s in rest)
    return products and all(any(isinstance(n, D) for n in walk(s)) for s in rest)


def _supposed_in_vain(judged: Judged) -> str:
    """Why a formula that fails may be meant of another loss: one that is supposed does not depend
    on what the formula differentiates it by, or is another mean than the formula takes; or why its
    left side may be no more than a label."""
    basis = judged.basis
    if basis is not None and _is_labelled_by_a_value(basis.claim, basis.model.court.model):
        return LABELS_A_TERM
    if basis is None or not basis.model.supposed:
        return ""
    if _takes_a_mean(basis.claim) and any("losses of the steps" in s for s in basis.model.supposed):
        return WHICH_MEAN
    apart = vanishing_in(basis.claim, basis.model.court.model)
    slip = judged.verdict.diagnosis
    told = slip is not None and slip.code in OF_A_STEP
    if told and apart == apart_in(basis.claim, basis.model.court.model):
        return ""  # one step stands in the place of another
    return "{} does not depend on {}: which {} is meant?".format(*apart, apart[0]) if apart else ""


def _takes_a_mean(claim: Claim) -> bool:
    """Whether a right side is divided by the number of steps: 1/T, 1/(T + 1)."""
    divided = (n.den for s in claim.sides[1:] for n in walk(s) if isinstance(n, Div))
    return any(Idx(HORIZON_NAME) in walk(den) for den in divided)


def _gives_a_mark(formula: Formula, row: Row) -> bool:
    """Whether the left side of a row was written as a mark for a gradient, and no derivative."""
    if not formula.delta:
        return False
    left = _as_it_stands(row, formula).partition("=")[0]
    return not _DERIVED.search(left)


def _gradients(sides: Sequence[Node]) -> set[tuple[str, str]]:
    """The derivatives by sequences in ``sides``, by their names."""
    found = [n for s in sides for n in walk(s) if isinstance(n, D) and isinstance(n.x, At)]
    named = [(n.y, n.x) for n in found if isinstance(n.y, (At, Sym))]
    return {(y.name, x.name) for y, x in named if isinstance(x, At)}


def _recursions(claim: Claim) -> set[tuple[str, str]]:
    """The gradient on the left, if a right side takes it from the step after."""
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, At) and isinstance(left.y, (At, Sym))):
        return set()
    later = (
        n for s in claim.sides[1:] for n in walk(s)
        if isinstance(n, D) and n.y == left.y and isinstance(n.x, At) and n.x.name == left.x.name
    )
    ahead = any(isinstance(n.x, At) and n.x.time != left.x.time for n in later)
    return {(left.y.name, left.x.name)} if ahead else set()


def _has_a_slope(claim: Claim) -> bool:
    """Whether a right side has the slope of an activation by its sign: σ'(i_t)."""
    return any(isinstance(n, Fn) and n.order for s in claim.sides[1:] for n in walk(s))


def by_an_activation(basis: Basis) -> bool:
    """Whether a left side is the gradient by an activation, such as a gate."""
    left, rec = basis.claim.sides[0], basis.model.court.model
    if not (isinstance(left, D) and isinstance(left.x, At) and left.x.name in rec.defined):
        return False
    rhs = rec.rhs(left.x.name)
    return isinstance(rhs, Fn) and rhs.order == 0


def _adds_to_itself(claim: Claim) -> bool:
    r"""``\delta_t = \partial L/\partial h_t + …`` where both marks are read as one.

    (:math:`\partial h_t/\partial W` on both sides is the total derivative and the immediate one.)
    """
    left = claim.sides[0]
    if isinstance(left, D) and isinstance(left.x, Sym):
        return False
    return any(isinstance(s, Add) and left in s.args for s in claim.sides[1:])


def _is_small(basis: Basis) -> bool:
    """Whether the parameters of a claim are written in small letters."""
    rec = basis.model.court.model
    used = {n.name for s in basis.claim.sides for n in walk(s) if isinstance(n, Sym)}
    weights = used & set(rec.parameters)
    return bool(weights) and not any(is_upper(w) or is_bold(w) for w in weights)


def _only_a_sign(slip: Diagnosis, row: Row) -> bool:
    r"""Whether all that is wrong is which product a sign stands for that may stand for each."""
    if slip.code != "BP021" or slip.span is None or "⊙" not in slip.message:
        return False
    return _SIGN.search(row.latex[slip.span.start : slip.span.end]) is not None


def _marked(row: Row) -> set[str]:
    """The names of sequences by which a row differentiates."""
    return set(_BY.findall(row.latex))


def _before(formula: Formula) -> str:
    """What is said directly before a formula."""
    start = formula.offsets[0]
    return formula.source.text[max(0, start - _REACH) : start]


def _as_it_stands(row: Row, formula: Formula) -> str:
    """The row as it is written in the document."""
    end = min(row.start + len(row.latex), len(formula.latex))
    return formula.source.text[formula.offsets[row.start] : formula.offsets[end]]
