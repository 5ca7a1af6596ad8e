r"""Formulas that suppose and do not claim: ``if $|w| < 1$``, the case $f_t = 1$, expectations.

Calling such a formula wrong would accuse its author of what was never said. Whether a formula only
supposes is told by its form (a parameter below a number), or by the word that the sentence around
it puts before or behind it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from bptt_sym.check.slopes import bounds_a_slope, names_the_steepest
from bptt_sym.check.suppositions import IF_ROMANCE, supposition
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.defining import Definition, is_a_loss_of_a_step
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.documents.document import Formula
from bptt_sym.errors import InputError, UnboundName
from bptt_sym.messages import marked
from bptt_sym.notation import FUNCTIONS
from bptt_sym.read.tokens import Token
from bptt_sym.read.vocabulary import plain_name

_ORDER = frozenset(("<", ">", "<=", ">=", "!=", "~", "->", "prop"))
#: A conjunction within the same clause before the formula; "for" and "with" need it close by.
_IF_BEFORE = re.compile(
    r"(?:\b(?:if|when|whenever|unless|suppose|supposing|assume|assuming|provided|once|"
    r"since (?:often|usually|typically)|"
    r"wenn|falls|sofern|si|cuando|lorsque|quand|se|quando|als|jeśli|gdy|eğer|nếu|khi|jika|ketika|"
    r"если|когда|якщо|коли)\b|如果|若|当|當|假设|假設|假如|只要|もし|만약|만일|"
    r"(?<![א-ת])(?:אם|כאשר)(?![א-ת])|(?:^|\s)(?:اگر|وقتی|إذا|عندما)\s)"
    r"(?:[^.;。；\n|$]|\$[^$\n]{1,60}\$|\$[^$\n]{0,60}$){0,90}$|\b(?:for|with|where|case|per|für|pour|para|mit|avec|con|com)\s+\W{0,4}$",
    re.IGNORECASE,
)
#: What stands behind a condition: "이면", "のとき", "时".
_IF_BEHIND = re.compile(
    r"^[$`\\)\s*]{0,4}(?:이?(?:면|라면|일\s*때|인\s*경우)|の?(?:とき|時|場合|ならば?)|なら|"
    r"的?(?:时候?|時候?|情况|情況)|ise\b|olduğunda|ならば|"
    r"(?:,\s*)?(?:then|dann|alors|entonces|então|то)\b)"
)
_QUOTED = re.compile(r"[$`\\(\[*_~>]+\s*$")


#: ``\\Longrightarrow \\text{vanishing gradients}``
_CONCLUDES_IN_WORDS = re.compile(
    r"[\s&]*(?:\\(?:Longrightarrow|Rightarrow|implies)(?![A-Za-z])|[⇒⟹])[\s&]*"
    r"(?:\\[,;:! ]\s*)*\\(?:text|mathrm|textrm|mbox)\s*\{"
)


def only_supposes(
    row: Row, formula: Formula, timed: frozenset[str], defined: Collection[str] = ()
) -> str:
    """Why ``row`` claims nothing; "" if it may claim something.

    ``timed`` are the names that run in time, ``defined`` those with a definition so far.
    """
    chain = row.chain
    follows = formula.latex[chain.sides[-1][-1].end :] if chain.sides[-1] else ""
    if _CONCLUDES_IN_WORDS.match(follows) and all(op in _ORDER for op in chain.ops) and (
        _about_parameters(chain.sides, timed)
    ):
        return "a condition on the parameters"  # whatever stands in the row above
    if chain.given or chain.link or bounds_a_slope(row.latex):
        return ""
    if _CUT_OFF.search(row.latex):
        return "a sum that is cut off, not the whole gradient"
    if _ENTRIES.fullmatch(row.latex):
        return "it says nothing about a recurrence"
    again = not formula.display or row.name in defined
    if row.kind is Kind.SEQUENCE and again and _number(chain.sides[-1]):
        return "a case, not a definition"
    if is_borderline(row, formula):
        return "a condition, not a claim"
    if chain.ops == ["="] and _begins(chain.sides, formula):
        return "where the backward run begins"
    if set(chain.ops) <= {"=", "~"} and _values(chain.sides, timed):
        return "values of an example"
    derivative = any(t.kind == "partial" for t in chain.sides[0])
    arrow = "->" in chain.ops and set(chain.ops) <= {"->", "="} and not derivative
    if arrow and all(map(_size, chain.sides[1:])):
        return "values of an example"
    if chain.ops == ["="] and not derivative and _updates(chain.sides[0], chain.sides[1]):
        return "an update, not an equation"
    if _NAMES_A_SIZE.match(row.latex) or names_the_steepest(row.latex):
        return "a definition"
    if chain.ops == ["="] and _is_orthogonal(row.latex):
        return "a condition on the parameters"
    if not all(op in _ORDER for op in chain.ops):
        return ""
    near = chain.ops == ["~"] and not any(t.kind == "partial" for t in row.tokens)
    if near and _number(chain.sides[-1]):
        return "an approximate value"
    if chain.ops in (["~", "<"], ["~", ">"]) and _number(chain.sides[2]) and (
        len(chain.sides[1]) == 1 and chain.sides[1][0].text.startswith("\\")
    ):
        return "a condition, not a claim"  # ‖J‖ ≈ γ > 1
    if chain.ops == ["!="] and all(len(s) == 1 and len(s[0].text) == 1 for s in chain.sides):
        return "a condition, not a claim"
    if _about_parameters(chain.sides, timed):
        return "a condition on the parameters"
    if any(_number(side) for side in chain.sides) and introduced_by_if(formula):
        return "a condition, not a claim"
    return ""


#: ``\\approx |\\lambda|^{t-k}``: by the power of one name.
_POWER = re.compile(
    r"(?:\\approx|≈|\\sim(?:eq)?)\s*(?:\\left\s*)?[|({]?\s*(?:\\[a-z]+|[A-Za-z])"
    r"(?:_(?:\{[^{}]*\}|\w))?\s*(?:\\right\s*)?[|)}]?\s*\^\s*(?:\{[^{}]*\}|\w)\s*[.,]?\s*$"
)
#: ``\\sum_{k=\\max(1, t-K)}^{t}``: of the last steps alone.
_CUT_OFF = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*\{\s*[a-z]\s*=\s*(?:\\max|max|\\(?:text|mathrm|operatorname)\s*\{\s*max\s*\})"
    r"\s*(?:\\left\s*)?[({\\]"
)
#: ``h_t = \\begin{bmatrix} h_{t,1} \\\\ h_{t,2} \\end{bmatrix}``: a vector by its own entries.
_CELL = r"(?P=name)\s*_\s*\{\s*(?:[a-z]\s*,\s*)?(?:[0-9]|[a-zNH])\s*\}(?:\s*\^\s*\{[^{}]{1,8}\})?"
_ENTRIES = re.compile(
    r"\s*(?P<name>[A-Za-z])\s*(?:[_^]\s*(?:\{[^{}]{1,8}\}|[a-z])\s*)?&?\s*=\s*&?\s*\\begin\s*\{[bpv]?matrix\}\s*"
    rf"{_CELL}(?:\s*(?:\\\\|&|\\[vcdl]?dots|{_CELL}))+\s*\\end\s*\{{[bpv]?matrix\}}"
    r"(?:\s*\^\s*\{?\s*(?:\\top|T)\s*\}?)?\s*[.,;]?\s*"
)
_WORD = re.compile(r"[^\W\d_]{2}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def in_a_sentence(formula: Formula) -> bool:
    """Whether words stand on its line on both sides, whatever its delimiters are."""
    if not formula.display:
        return True
    text, start, end = formula.source.text, formula.offsets[0], formula.offsets[-1]
    before = text[text.rfind("\n", 0, start) + 1 : start]
    line = text.find("\n", end)
    after = text[end : line if line >= 0 else len(text)]
    return "\n" not in formula.written and bool(_WORD.search(before) and _WORD.search(after))


def is_borderline(row: Row, formula: Formula) -> bool:
    """``$|\\partial h_t / \\partial h_{t-1}| = 1$`` in a sentence: the case between two others."""
    sides = row.chain.sides
    if row.chain.ops != ["="] or [t.text for t in sides[1]] != ["1"]:
        return False
    if not in_a_sentence(formula):
        return False
    return {sides[0][0].kind, sides[0][-1].kind} <= {"bar", "lbar", "rbar"}


#: A conjunction of a condition, close before the formula.
_STRICTLY = re.compile(
    rf"(?:{IF_ROMANCE}|\b(?:if|suppose|supposing|assume|assuming|provided|unless|wenn|falls|sofern|"
    r"если|якщо|jeśli|gdy|eğer|nếu|jika)\b|如果|若|假设|假設|假如|もし|만약|만일|(?<![א-ת])אם(?![א-ת])|(?:^|\s)(?:اگر|إذا)\s)"
    r"(?:[^.;。；\n|$]|\$[^$\n]{1,60}\$|\$[^$\n]{0,60}$){0,60}$",
    re.IGNORECASE,
)


def is_supposed(row: Row, formula: Formula) -> bool:
    """Whether the words directly before a formula suppose it: "if $|h_t| \\le 1/2$, then …"."""
    if row.chain.given or row.chain.link:
        return False
    found = supposition(formula)
    return found is not None and found.itself


def may_be_supposed(row: Row, formula: Formula, *, refuted: bool) -> bool:
    """Whether a condition begins not far before an equation, of which it may be a part.

    What is ``refuted`` and follows from the condition is no part of it.
    """
    if row.chain.ops != ["="] or not in_a_sentence(formula):
        return False
    start = formula.offsets[0]
    before = _QUOTED.sub("", formula.source.text[max(0, start - 130) : start])
    if _STRICTLY.search(before) is None:
        return False
    found = supposition(formula) if refuted else None
    return found is None or found.itself


def is_condition(row: Row, formula: Formula) -> bool:
    """Whether a sentence compares what nothing defines: "then $|\\lambda_i| < r$ is enough"."""
    ops = set(row.chain.ops)
    compares = bool(ops & {"<", ">"}) and ops <= _ORDER | {"="}
    compares |= ops <= {"<=", ">="} and introduced_by_if(formula)
    return compares and not formula.display and not row.differentiates


#: Marks of gradients: a name that begins so says something of a run.
_GRADIENTS = (r"\delta", r"\Delta", r"\epsilon", r"\nabla", "d", r"\bar", r"\lambda", r"\rho")


def unclaimed(row: Row, formula: Formula, error: InputError) -> Verdict | None:
    """The verdict of a row about a name that nothing knows, if it claims nothing of a run.

    Either it compares what nothing defines, or it says what its own left side is: the number of
    units, an attention, a probability.
    """
    if not isinstance(error, UnboundName):
        return None
    if is_condition(row, formula):
        return Verdict("not_a_claim", note=marked("a condition, not a claim"))
    if set(row.chain.ops) == {"~"} and _POWER.search(row.latex):
        return Verdict("not_a_claim", note=marked("an approximation by what nothing defines"))
    if row.names_a_derivative and error.span is not None and (
        error.span.start < row.chain.sides[0][-1].end
    ):
        return Verdict("not_a_claim", note=marked("a name for its right side"))
    head = [t for t in row.chain.sides[0] if t.kind not in ("font", "{", "}")]
    defines = set(row.chain.ops) == {"="} and not row.differentiates and head != []
    defines = defines and head[0].kind == "word" and not any(t.kind == "partial" for t in head)
    if defines and plain_name("".join(t.text for t in head[:1])) in _OF_LOSSES:
        # (What the loss is of, in words or in the letters of its task.)
        return Verdict("not_a_claim", note=marked("a definition"))
    if not defines or not error.token.startswith(head[0].text[:1]):
        return None
    begins = error.span is not None and error.span.start <= row.chain.sides[0][-1].start
    if not begins or head[0].text.startswith(_GRADIENTS) or row.chain.given:
        return None
    return Verdict("not_a_claim", note=marked("a definition"))


#: Letters that a loss has, and few other things.
_OF_LOSSES = frozenset(
    r"L \mathcal{L} J E \ell \mathcal{J} \mathcal{E} Loss loss cost Cost".split()
)


def introduced_by_if(formula: Formula) -> bool:
    """Whether the sentence around a formula makes a condition of it."""
    text = formula.source.text
    start, end = formula.offsets[0], formula.offsets[-1]
    before = _QUOTED.sub("", text[max(0, start - 130) : start])
    if formula.display and "\n\n" in before.rstrip("\n"):
        before = before.rsplit("\n\n", 1)[-1]
    if _IF_BEHIND.match(text[end : end + 24]):
        return True
    if _IF_BEFORE.search(before) is None or _is_consequence(before, text[end:]):
        return False
    found = supposition(formula)
    return found is None or found.itself or not found.ends


#: "then", behind a condition.
_THEN = (
    r"\b(?:then|dann|alors|entonces|então|allora|то|wtedy|thì|maka)\b|则|則|那么|那麼|就会|就會|有|"
    r"(?<![א-ת])אז(?![א-ת])|آنگاه"
)
_CONSEQUENCE = re.compile(rf"(?:\$|\\\))[^$\n]{{0,40}}?(?:{_THEN})[^$\n]{{0,60}}$", re.IGNORECASE)
#: A comma alone between two formulas, of which the first is the condition.
_COMMA = re.compile(r"(?:\$|\\\))\s*[,，]\s*$")
_SENTENCE = re.compile(r"[^.。;；\n]{0,120}")


def _is_consequence(before: str, after: str) -> bool:
    """Whether a formula is what follows from the condition before it and no part of it."""
    if _CONSEQUENCE.search(before):
        return True
    rest = _SENTENCE.match(after)
    goes_on = re.search(_THEN, rest.group(), re.IGNORECASE) if rest is not None else None
    return _COMMA.search(before) is not None and goes_on is None


_OPENING = re.compile(r"(?:\s|\$|\\\[|\\begin\{[a-z*]+\}|\\boxed\{|[{>*])+$")


#: ``$r_t = 0$: `` or ``where $z_t \approx 1$, ``, all in one clause, but for initial values.
_AT_A_VALUE = re.compile(
    r"(?<!_0)(?<!_\{0\})(?<!\(0\))(?<!\(0\)\})\s*"
    r"(?:=|\\(?:approx|to|rightarrow|longrightarrow|simeq)(?![A-Za-z]))\s*(?:\\mathbf\s*)?"
    r"\{?\s*[01]\s*\}?\s*(?:\$|\\\))[^.;。；$\\|]{0,60}(?:\\\()?$"
)


#: Words for what others do, or might be done.
_IN_ANOTHER_FORM = re.compile(
    r"\b(?:alternativ\w*|different(?:ly)? (?:way|form|version)|"
    r"(?:an)?other (?:way|form|version|authors?|"
    r"texts?|books?|common)|variants?|(?:could|might) (?:also|equally|instead)|"
    r"some(?:times| authors| people| texts| books| write| use| define)|"
    r"manche|auch möglich|également|también|иногда|также)\b|也可以|有时|有些|另一种",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?<=[.;!?。；])\s")


def of_another_case(row: Row, formula: Formula, known: Mapping[str, Definition]) -> bool:
    """Whether what has its definition is given anew for a case, or as an example.

    "If the last step alone has a loss, then $E = E_T$" leaves in force what stood before it, and
    $E = y + 3x$ is about no run. What a sentence says of a sequence where a gate is 0 or 1,
    "$r_t = 0$: $n_t = U x_t$", is about that gate. "It could also be applied in a different way:
    $x_t = …$" says what the text does not go on with.
    """
    start = formula.offsets[0]
    before = _OPENING.sub("", formula.source.text[max(0, start - 160) : start])
    line = before.rsplit("\n", 1)[-1]
    if row.kind is Kind.SEQUENCE and not formula.display:
        said = _AT_A_VALUE.search(line) or _IN_ANOTHER_FORM.search(_ENDS.split(line)[-1])
        return plain_name(row.name) in known and said is not None
    if row.kind not in (Kind.TOTAL, Kind.VALUE) or f"{row.name} of the run" not in known:
        return False
    if row.kind is Kind.VALUE:
        return not (is_a_loss_of_a_step(row) and _has_its_own_network(row, formula, known))
    return bool(re.search("[:：,，]$", line) and _STRICTLY.search(line.rstrip(":：,， ")))


def _has_its_own_network(row: Row, formula: Formula, known: Mapping[str, Definition]) -> bool:
    """Whether the section gives states of its own, and the loss in force stands before it."""
    if known[f"{row.name} of the run"].section == formula.section:
        return False
    here = (d for d in known.values() if d.section == formula.section)
    return any(d.kind is Kind.SEQUENCE and "t-1" in d.right for d in here)


_RATES = frozenset(
    (r"\eta", r"\alpha", r"\mu", r"\lambda", r"\epsilon", r"\varepsilon", r"\gamma", r"\rho",
     r"\mathrm{lr}", r"\beta")
)  # fmt: skip


def _updates(left: Sequence[Token], right: Sequence[Token]) -> bool:
    r"""``W = W - \eta \,…``, ``W_{new} = W_{old} - \eta \,…``, ``\Delta W = -\eta \,…``."""
    head = [t.text for t in left]
    bare = left[0].kind in ("word", "font", "accent") and not {"t", "("} & set(head)
    if bare and head == [t.text for t in right[: len(head)]]:
        after = right[len(head) : len(head) + 1]
        if after and after[0].text in ("-", r"\cdot", "*"):
            return True  # what a name becomes, and not what it is
    minus = next((k for k, t in enumerate(right) if t.kind == "op" and t.text == "-"), -1)
    if minus < 0 or minus + 1 >= len(right) or right[minus + 1].text not in _RATES:
        return False
    names = [t.text for t in left if t.kind == "word"]
    before = [t.text for t in right[:minus] if t.kind == "word"]
    return not minus or (bool(names and before) and names[0] == before[0])


def _number(side: Sequence[Token]) -> bool:
    kinds = {t.kind for t in side}
    return "num" in kinds and kinds <= {"num", "op", "frac", "{", "}", "sep"}


#: "initialise", in some languages.
_INITIAL = re.compile(r"初始|初期化|초기화|[iI]nit(?:ial|z)|[iI]nicial|[иИ]нициал|[kK]hởi tạo")


def _begins(sides: Sequence[Sequence[Token]], formula: Formula) -> bool:
    """``\\partial L/\\partial c_{T+1} = 0``: there is nothing behind the last step."""
    if [t.text for t in sides[1]] != ["0"]:
        return False
    left = [t.text for t in sides[0]]
    if "T" not in left:
        return False
    behind = left[left.index("T") + 1 : left.index("T") + 3] == ["+", "1"]
    start = formula.offsets[0]
    return behind or _INITIAL.search(formula.source.text[max(0, start - 60) : start]) is not None


_ACCENTS = re.compile(r"\\[A-Za-z]+\{|\}")
_APPLIED = frozenset((*FUNCTIONS, r"\sigma", r"\tanh"))


def _values(sides: Sequence[Sequence[Token]], timed: frozenset[str]) -> bool:
    """Whether numbers are given to what has no value of its own: a gate, a product, a weight.

    ``f_1 = 1``, ``\\prod_t f_t \\approx 0.95^8``; zeros say how a run begins or ends.
    """
    first = list(_unscripted(sides[0]))
    worked_out = any(t.kind in ("partial", "frac", "op", "dots") for t in first)
    if worked_out or not constant(sides[-1]):
        return False
    if all(t.kind != "num" or not float(t.text) for t in sides[-1]) or _primed(sides[0]):
        return False
    words = [t.text for t in first if t.kind == "word"]
    if not words or words[0] in (r"\delta", "d", "dim", *FUNCTIONS):
        return False
    if not all(map(constant, sides[2:])):
        return False
    letters = {_ACCENTS.sub("", name) for name in timed}
    runs = any(plain_name(w) in timed or w in letters for w in words)
    if not runs:
        # ρ(W)^{100} = 0.9^{100}
        return len(sides) > 2 or any(t.kind == "open" for t in first)
    lone = len(words) == 1 and not any(t.kind in ("open", "bar", "lbar") for t in first)
    return lone and (constant(sides[1]) or any(t.kind == "big" for t in first) or len(sides) > 2)


def _size(side: Sequence[Token]) -> bool:
    """Whether a side is what shapes have: ``(20 \\times 10) \\times (10 \\times 1)``."""
    texts = [t.text for t in side]
    return constant(side) and "(" in texts and r"\times" in texts


def constant(side: Sequence[Token]) -> bool:
    """Whether a side is worked out in numbers: ``0.95^8``, ``1.5 \\times 10^{-5}``."""
    kinds = {t.kind for t in side if not (t.kind == "word" and t.text in _APPLIED)}
    return "num" in kinds and kinds <= {
        "num", "op", "frac", "{", "}", "sep", "^", "open", "close", "dots", "row", "&"
    }


def _unscripted(side: Sequence[Token]) -> Iterator[Token]:
    """The tokens of a side that stand in no script."""
    k = 0
    while k < len(side):
        if (behind := behind_script(side, k)) > k:
            k = behind
        else:
            yield side[k]
            k += 1


def behind_script(side: Sequence[Token], k: int) -> int:
    """The place behind a script that begins at ``k``; ``k`` if none does."""
    if side[k].kind not in ("_", "^") or k + 1 >= len(side):
        return k
    depth = 0
    while k + 1 < len(side):
        k += 1
        depth += (side[k].kind == "{") - (side[k].kind == "}")
        if not depth:
            break
    return k + 1


#: ``\\gamma = \\max_z |\\tanh'(z)| \\le 1``: what a letter of a bound stands for.
_NAMES_A_SIZE = re.compile(
    r"\s*\\(?:gamma|beta|kappa|eta|lambda|mu|alpha|rho)(?![A-Za-z])\s*(?:_\s*(?:\{[^{}]{1,12}\}|\\[a-z]+|[A-Za-z0-9]))?"
    r"\s*&?\s*:?\s*=\s*&?\s*\\(?:max|sup)(?![A-Za-z])"
)
_WEIGHT = r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?[A-Z]\s*\}?\s*(?:_\s*(?:\{[^{}]{1,12}\}|[a-z]))?"
_TOP = r"\s*\^\s*\{?\s*(?:T|\\top|\\intercal|\\mathsf\s*\{\s*T\s*\})\s*\}?\s*"
_ORTHOGONAL = re.compile(
    rf"\s*(?:{_WEIGHT}{_TOP}{_WEIGHT}|{_WEIGHT}\s*{_WEIGHT}{_TOP})\s*&?\s*=\s*&?\s*"
    r"(?:\\(?:mathbf|boldsymbol|bm|mathbb)\s*\{?\s*)?I\s*\}?\s*(?:_\s*(?:\{[^{}]{1,8}\}|[a-z]))?\s*[.,;]?\s*"
)


def _is_orthogonal(latex: str) -> bool:
    """``W^\\top W = I``"""
    return _ORTHOGONAL.fullmatch(latex) is not None


def _about_parameters(sides: Sequence[Sequence[Token]], timed: frozenset[str]) -> bool:
    """Whether names without a step are compared, at least one of them bare."""
    tokens = [t for side in sides for t in side]
    if any(t.kind in ("partial", "big", "dots") for t in tokens):
        return False
    words = [t.text for side in sides for t in _unscripted(side) if t.kind == "word"]
    words += _accented(tokens)
    if any(plain_name(w) in timed or w in FUNCTIONS for w in words) or _primed(tokens):
        return False
    if any(a.text == "d" and b.kind == "word" for a, b in pairwise(tokens)):
        return False
    return any(not {"open", "bar", "lbar"} & {t.kind for t in side} for side in sides)


def _accented(tokens: Sequence[Token]) -> list[str]:
    r"""The names under an accent: ``\bar{h}``."""
    out = []
    for a, b, c in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if a.kind == "accent":
            out.append(f"{a.text}{{{(c if b.kind == '{' else b).text}}}")
    return out


def _primed(tokens: Sequence[Token]) -> bool:
    return any(t.kind == "prime" for t in tokens)
