r"""Shorthand for gradients: ``\delta h_t`` and ``dh_t`` for :math:`\partial L/\partial h_t`.

Books on back-propagation and the code beside them name a gradient by its variable. A formula is
rewritten only where that is plain: the mark stands directly before a name that runs in time, or
before a parameter, and is no differential of a fraction. Every character keeps its offset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.definitions.gates import GATES
from bptt_sym.definitions.usage import LOSSES
from bptt_sym.documents.document import Formula
from bptt_sym.documents.gate_letters import NO_GATES, GateLetters
from bptt_sym.documents.respelling import edited, replaced, respelt
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.shapes import is_upper
from bptt_sym.spelling.components import without_components
from bptt_sym.spelling.counting import below_only
from bptt_sym.spelling.deltas import Deltas, at_step, beside_the_derivative, by_argument, own_losses
from bptt_sym.spelling.exported import SCRIPT_INSIDE, outside
from bptt_sym.spelling.glued_marks import marks_gradients
from bptt_sym.spelling.joined import with_blocks, with_joined_vectors, with_nameless_joins
from bptt_sym.spelling.labels import Labels
from bptt_sym.spelling.marked_gradients import with_marked_gradients

_NAME = (
    r"(?:\\(?:hat|widehat|tilde|widetilde|bar|vec|mathbf|boldsymbol|bm|pmb)\s*"
    r"(?:\{(?:[^{}]|\{[^{}]{1,4}\}){1,18}\}|[A-Za-z])|\\mathrm\{[A-Za-z]{3,12}\}|"
    r"[A-Za-z][0-9]?(?![A-Za-z])|"
    r"\\(?:Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega)(?![A-Za-z]))"
)
_SCRIPT = r"(?:\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\}){1,24}\}|[A-Za-z0-9]|\\[a-z]+))"
#: A step below or above a name.
_RUNS = r"\s*[_^]\s*(?:t(?![A-Za-z])|\{\s*\(?\s*t\s*(?:[-+]\s*1)?\s*\)?\s*\})"
_DELTA = re.compile(
    rf"\\(?:delta|Delta|bigtriangleup|triangle)\s*(?P<name>{_NAME})(?P<scripts>{_SCRIPT}{{0,2}})"
)
#: ``(\\delta h_t / \\delta W)``: a derivative.
_SLASHED = re.compile(
    rf"\\delta\s*(?P<of>{_NAME}{_SCRIPT}{{0,2}})\s*/\s*\\delta\s*(?P<by>{_NAME}{_SCRIPT}{{0,2}})"
)
_DELTA_SUB = re.compile(
    rf"\\delta\s*_\s*\{{\s*(?P<name>{_NAME})(?P<scripts>{_SCRIPT}{{1,2}})\s*\}}"
)
_GLUED = re.compile(
    rf"(?<![A-Za-z\\{{/])d(?:\s+(?=\\))?(?P<name>{_NAME})"
    # (above a slash it is differentiated itself)
    rf"(?P<scripts>{_SCRIPT}{{1,2}}+(?!\s*/\s*d)|(?=\s*(?:\+?\s*=|[=&]|\\tag|\[[^\[\]=]*:|$)))"
)
#: ``\\nabla W_{hh}``: the gradient by what the sign stands before, where a row gives one.
_NABLA = re.compile(
    rf"\\nabla\s*(?P<name>{_NAME})(?P<scripts>{_SCRIPT}{{0,2}})(?!\s*(?:\\left\s*)?\()"
)
#: ``\\delta a_t = …``: beside a ``\\delta_t``, which always has its step.
_GIVES_DELTA = re.compile(
    rf"(?:^|\\\\|&|\n|\\q?quad|,)\s*\\delta\s*{_NAME}{_SCRIPT}{{1,2}}\s*&?\s*(?:\+\s*)?="
)
_GIVES_NABLA = re.compile(
    rf"(?:^|\\\\|&|\n|\\q?quad|,)\s*\\nabla\s*(?P<name>{_NAME}){_SCRIPT}{{0,2}}\s*&?\s*(?:\+\s*)?="
)
#: ``d h_t``, where a row gives one: elsewhere d is a number.
_SPACED = re.compile(rf"(?<![A-Za-z\\{{/])d\s+(?P<name>{_NAME})(?P<scripts>{_RUNS})")
_GIVES_SPACED = re.compile(rf"(?:^|\\\\|&|\n)\s*d\s+{_NAME}{_RUNS}\s*&?\s*(?:\+\s*)?=")
_ARROW = re.compile(
    rf"\\(?:long)?rightarrow\s*(?:d|\\delta\s*_?\{{?){_NAME}{_SCRIPT}{{0,2}}\}}?"
    r"(?=\s*(?:\\tag|\\\\|\\end|$|\n))"
)
#: ``V^T``: a transpose; ``x^T`` beside it is one as well where no step is the last one.
_MATRIX_T = re.compile(r"(?<![A-Za-z\\])[A-Z][0-9]?\s*\^\s*(?:T|\{\s*T\s*\})")
_VECTOR_T = re.compile(r"(?<![A-Za-z\\])([a-z][0-9]?)\s*\^\s*(?:T|\{\s*T\s*\})(?!\s*_)")
#: ``dz = \\frac{\\partial L}{\\partial z} = …``: the mark is said to be the derivative.
_NAMED_BY_ITSELF = re.compile(
    r"(?:^|\\\\|&|\n|\\q?quad)\s*d(?P<name>[A-Za-z])\s*&?\s*=\s*&?\s*\\[dt]?frac\s*\{\s*\\partial[^{}=]{1,24}\}"
    r"\s*\{\s*\\partial\s*(?P=name)\s*\}"
)
#: ``\\frac{\\partial L}{\\partial z} = … \\rightarrow dz``: the mark before z is explained.
_NAMED_BY_ARROW = re.compile(
    r"\\partial\s*(?P<name>[a-z][0-9]?)(?P<step>\s*_\s*\{[^{}]{1,6}\})?\s*\}"
    r"(?:(?!\\\\)[^\n]|\n?\\\\\s*+&\s*+=){0,400}?"
    r"\\(?:long)?rightarrow\s*d(?P=name)(?![A-Za-z0-9])"
)
#: ``= … \\in \\mathbb{R}^{h \\times d}`` behind an equation says its shape.
_SPACE = re.compile(
    r"(?<=[^\s&])(?<!\\\\)\s*\\in\s*(?:\\mathbb\s*\{?\s*R\s*\}?|\\R(?![a-z]))\s*"
    r"(?:\^\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?(?=\s*[.,;]?\s*(?:$|\\\\|\\end|\n))"
)
#: ``{ h }_{ t }``, as some editors write every name.
_BRACED = re.compile(
    r"(?<![_^A-Za-z])(?:(?<![_^])\s)?\{\s*([A-Za-z]|\\[A-Za-z]+|[cC]ost|[lL]oss|"
    r"\\(?:hat|tilde|bar|vec)\s*\{\s*[A-Za-z]\s*\})\s*\}(?=\s*[_^])"
)
#: ``\\mathbf{0}``, ``\\vec 0``.
_ZERO = re.compile(
    r"\\(?:mathbf|vec|boldsymbol|bm|underline|pmb|mathbb)\s*(?:\{\s*0\s*\}|0)(?!\s*[_^0-9])"
)
#: ``\\text{BPTT} \\quad \\frac…``: a label before the formula of a row.
_LABEL = re.compile(
    r"(?P<before>^|\\\\|\\begin\s*\{[a-z]+\*?\}|[&\n])\s*(?:\\fbox\s*\{\s*)?"
    r"\\text(?:bf|it|rm)?\s*\{[^{}=]*\}(?:\s*\})?\s*(?:[:：]\s*)?\\q?quad(?![A-Za-z])"
)
#: ``Ct`` for ``C_t``: the mark of the subscript was forgotten.
_STEP_BESIDE = re.compile(
    r"(?:(?<![A-Za-z\\{])|(?<=\\partial )|(?<=[^A-Za-z\\{]d)|(?<=^d))"
    r"(?P<name>[A-Zhcxsrzniofg])t(?![A-Za-z])"
)
#: ``do``, ``dh``: the step is left out.
_STEPLESS = re.compile(
    r"(?<![A-Za-z\\{/])d(?P<name>[hcsofigrznyapqv])(?![A-Za-z0-9_^({'])(?!\s*[_^])"
)
#: ``d\\tilde{c}``: the same of a candidate, whose letter alone is no differential.
_STEPLESS_CANDIDATE = re.compile(
    r"(?<![A-Za-z\\{/])d(?P<name>\\(?:tilde|hat)\{[a-zC]\})(?!\s*[_^=])"
)
#: ``h_\\text{next}``
#: What arrives from the step after, at the end of a sum.
_LATER = r"(?:\\(?:text|mathrm)\s*\{\s*)?(?:next|future|recurrent)\s*\}?"
_BOLD = r"(?:[A-Za-z]|\\(?:mathbf|boldsymbol|bm)\s*\{\s*[A-Za-z]\s*\})"
_FROM_NEXT = re.compile(
    rf"\+\s*(?P<part>(?:\\delta\s*|d){_BOLD}\s*_\s*\{{\s*{_LATER}\s*\}}|"
    rf"\\delta\s*\^\s*\{{\s*[a-z]\s*,\s*{_LATER}\s*\}}\s*_\s*(?:\{{\s*t\s*\}}|t))"
    r"(?=\s*\}?\s*[.,]?\s*$)"
)
_GIVES_PART = re.compile(
    rf"(\\delta\s*\^\s*\{{\s*[a-z]\s*,\s*{_LATER}\s*\}}\s*_)\s*(?:t|\{{\s*t\s*(?:-\s*1\s*)?\}})\s*&?\s*="
)
_GRADIENT = re.compile(
    rf"\s*(?:\\boxed\s*\{{\s*)?(?:(?:\\delta\s*|d){_BOLD}\s*_|\\delta\s*\^\s*\{{?\s*[a-z]\s*\}}?\s*_)"
    r"\s*\{?\s*t\s*\}?\s*&?\s*=|\s*d[a-z]\s*&?\s*="
)
_PLUS_EQUALS = re.compile(r"\{\s*\+\s*\}\s*\{\s*=\s*\}|\+\s*\{\s*=\s*\}|\{\s*\+\s*=\s*\}")
#: ``J^{(t)}(\theta)``: of all parameters.
_OF_PARAMETERS = re.compile(
    r"((?:(?:(?<![A-Za-z\\])|(?<=[\^_][A-Za-z]))[LEJC]|\\mathcal\s*\{\s*[LEJC]\s*\}|\\ell)"
    r"(?:\s*[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?)\s*\(\s*"
    r"(?:\\[tT]heta|W|w|\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?:\\[tT]heta|W|w)\s*\})"
    r"\s*\)(?P<defined>\s*&?\s*=)?"
)
_DIFFERENTIATED = re.compile(r"\\partial\s*$")
#: ``h^{(t)^\top}``, ``h^{(t)\top}``.
_NESTED = re.compile(
    r"(?P<name>\\[A-Za-z]+\s*\{[^{}]{1,12}\}|\\[A-Za-z]+|[A-Za-z])\s*"
    r"\^\s*\{\s*(?P<step>\([^(){}]{1,12}\))\s*(?:\^\s*)?(?:\{\s*)?"
    r"(?:\\top|\\intercal|T|\\mathsf\s*\{?\s*T\s*\}?)(?:\s*\})?\s*\}"
)


def _part(name: str) -> str:
    """``\\delta^{h,\\text{future}}_``, whose word may be set in text."""
    return re.sub(r"\\(?:text|mathrm)\{([a-z]+)\}", r"\1", "".join(name.split()))


@dataclass(frozen=True)
class Shorthand:
    """What the marks of a document mean: the loss that is differentiated, the names that run."""

    loss: str
    timed: frozenset[str]
    #: Whether a bare ``d`` before a name is that mark, not a differential of a fraction.
    glued: bool
    #: Whether ``\\delta`` before a name is that mark, not a name of its own.
    delta: bool
    deltas: Deltas
    labels: Labels
    #: The marks without scripts that an arrow explains.
    explained: re.Pattern[str] | None
    #: Whether T above a name is the sign of a transpose, whatever it stands above.
    transposes: bool
    #: Whether the text defines a loss as a function of all parameters.
    of_all: bool = False
    #: Which letters are labels of gates.
    gates: GateLetters = NO_GATES
    #: The losses in definitions of δ, by the name and the step.
    losses: Mapping[tuple[str, str], str] = field(default_factory=dict)
    #: Gates whose δ is the gradient by what the gate is the activation of.
    of_arguments: frozenset[str] = frozenset()
    #: Whether ``do = dh \\odot …`` leaves out the steps of what runs.
    stepless: bool = False
    #: Names of targets: ``y`` where ``d y_t = \\hat{y}_t - y_t`` stands.
    targets: frozenset[str] = frozenset()
    #: Whether ``d h_t`` is that mark as well.
    spaced: bool = False
    #: Whether ``\\nabla`` without a variable below it is that mark.
    nabla: bool = False
    #: Whether δ and Δ before a name are two things.
    both: bool = False
    #: Parameters of small letters with a label: ``p_i``.
    weights: frozenset[str] = frozenset()
    #: Parts of gradients that a line gives, up to their step.
    parts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Sequence[str], timed: frozenset[str]) -> Shorthand:
        texts = [SCRIPT_INSIDE.sub(outside, _BRACED.sub(lambda m: m.group(1), t)) for t in texts]
        every = "\n".join(texts)
        named = {m["name"] for told in (_NAMED_BY_ARROW, _NAMED_BY_ITSELF)
                 for m in told.finditer(every)}  # fmt: skip
        timed = timed | named | {m.group(1) for m in _SPELT.finditer(every)}
        loss = loss_of(every)
        own = re.search(r"\\delta\s*(?:_\s*\{?\s*t|\^\s*\{?\s*\(?\s*t)\b", every) is not None
        own = own and _GIVES_DELTA.search(every) is None
        bare = "|".join(sorted(named))
        return cls(
            loss, timed, marks_gradients(texts), not own, Deltas.of(texts, loss), Labels.of(texts),
            re.compile(rf"(?<![A-Za-z\\{{/])d(?P<name>{bare})(?P<scripts>)(?![A-Za-z0-9_^])")
            if named else None,
            below_only(every) and _MATRIX_T.search(every) is not None,
            any(m["defined"] or _DIFFERENTIATED.search(every, max(0, m.start() - 12), m.start())
                for m in _OF_PARAMETERS.finditer(every)),
            GateLetters.of(texts),
            own_losses(texts),
            frozenset(_of_arguments(texts)),
            len({m["name"] for t in texts if (m := _STEPLESS.match(t)) and m["name"] in timed})
            > (r"\mathrm{d" not in every),
            frozenset("y" for t in texts if _OF_A_TARGET.search(t)),
            _GIVES_SPACED.search(every) is not None,
            any(m["name"] not in LOSSES for m in _GIVES_NABLA.finditer(every)),
            re.search(rf"\\delta\s*{_NAME}", every) is not None
            and re.search(rf"\\Delta\s*{_NAME}", every) is not None,
            frozenset("".join(m[1].split()) + "_" + (m[2] or m[3]) for m in _WEIGHT.finditer(every)
                      if m[1] not in timed)
            | {m[1] or m[2] for m in _NUMBER.finditer(every)} - timed
            | {m[1] for t in texts for m in _OF_THE_RUN.finditer(t)},
            frozenset(_part(m[1]) for m in _GIVES_PART.finditer(every)),
        )  # fmt: skip

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with the marks as derivatives."""
        if "=" in formula.latex:
            formula = replaced(formula, _SPACE, lambda m: "")
        formula = replaced(formula, _BRACED, lambda m: m.group(1))
        formula = replaced(formula, SCRIPT_INSIDE, outside)
        formula = replaced(formula, _ZERO, lambda m: "0")
        formula = self._without_the_rest(formula)
        formula = replaced(formula, _PLUS_EQUALS, lambda m: "+=")
        formula = replaced(formula, _STEP_BESIDE, self._below)
        formula = replaced(formula, _LABEL, lambda m: m.group("before"))
        formula = replaced(formula, _NESTED, _transposed)
        if self.transposes:
            formula = replaced(formula, _VECTOR_T, lambda m: rf"{m.group(1)}^{{\top}}")
        if self.of_all:
            formula = replaced(
                formula, _OF_PARAMETERS, lambda m: m.group(1) + (m.group("defined") or "")
            )
        formula = self.labels.from_inside(formula)
        formula = self.deltas.written_out(without_components(formula, self.gates))
        formula = self.labels.written_out(respelt(formula, self.gates))
        formula = replaced(formula, _ARROW, lambda m: "")
        formula = replaced(
            formula, _SLASHED, lambda m: rf"\frac{{\partial {m['of']}}}{{\partial {m['by']}}}"
        )
        before = formula
        formula = replaced(formula, _DELTA_SUB, self._derivative)
        if self.nabla:
            formula = replaced(formula, _NABLA, self._derivative)
        formula = replaced(formula, _DELTA, self._marked)
        if self.glued:
            if self.stepless:
                formula = replaced(formula, _STEPLESS, self._of_this_step)
            formula = replaced(formula, _STEPLESS_CANDIDATE, self._of_this_step)
            formula = replaced(formula, _GLUED, self._derivative)
            if self.spaced:
                formula = replaced(formula, _SPACED, self._derivative)
            if self.explained is not None:
                formula = replaced(formula, self.explained, self._derivative)
        return replace(formula, delta=True) if formula.latex != before.latex else formula

    def _without_the_rest(self, formula: Formula) -> Formula:
        """``\\delta c_t = … + \\delta c_{next}``: the line adds … to what comes from there."""
        found = _FROM_NEXT.search(formula.latex)
        if found is None or formula.latex.count("=") != 1:
            return formula
        at = formula.latex.index("=")
        if formula.latex[at - 1] in "+<>:" or not _GRADIENT.match(formula.latex):
            return formula
        if _part(found["part"].rstrip("{} t")) in self.parts:
            return formula
        edits = [(at, at, "+"), (found.start(), found.end(), "")]
        return edited(formula, edits) if at < found.start() else formula

    def _of_this_step(self, m: re.Match[str]) -> str | None:
        """``\\partial L/\\partial h_t`` for ``dh`` where h runs."""
        name = m["name"]
        new = rf"\frac{{\partial {self.loss}}}{{\partial {name}_t}}"
        return new if name in self.timed else None

    def _below(self, m: re.Match[str]) -> str | None:
        """``C_t`` for ``Ct`` where C runs in time elsewhere."""
        return rf"{m['name']}_t" if m["name"] in self.timed else None

    def _marked(self, m: re.Match[str]) -> str | None:
        r"""The derivative that δ marks, or, beside a :math:`\delta_t` of its own, Δ alone."""
        small = m.group().startswith(r"\delta")
        return self._derivative(m) if self.delta or not small else None

    def _derivative(self, m: re.Match[str]) -> str | None:
        name, scripts = m.group("name"), m.group("scripts") or ""
        turned = _TURNED.fullmatch(scripts)
        if turned is not None:  # the whole derivative is turned
            scripts = turned["scripts"]
        new = self._by(m, name, scripts)
        return new if turned is None or new is None else rf"\left({new}\right)^{{\top}}"

    def _by(self, m: re.Match[str], name: str, scripts: str) -> str | None:
        """The derivative of the loss by ``name`` with ``scripts``; ``None`` if it is no mark."""
        if self.both and m.group().startswith(r"\Delta"):
            return None
        bare = plain_name(re.sub(r"\s", "", re.sub(r"(\\[a-z]+)\s+([A-Za-z])\b", r"\1{\2}", name)))
        runs = bare in self.timed or rf"\hat{{{bare[-2:-1]}}}" in self.timed
        runs = runs or bare + _tight(scripts) in self.timed
        inner = _INNER.fullmatch(bare)  # \\bar{f}_t: what the gate f is the activation of
        runs = runs or (inner is not None and inner["gate"] in self.timed)
        known = is_upper(bare) or bare == "b" or bare + _tight(scripts) in self.weights
        if not runs and not known:
            return None
        if bare in LOSSES and bare not in self.timed:
            return None
        step = _AT_STEP.fullmatch(scripts)
        if step is not None and bare in self.targets:
            # dy_t beside \\hat{y}_t - y_t: nobody differentiates by a target.
            argument = by_argument("y").replace("(t)", f"({step['low'] or step['up']})")
            return rf"\frac{{\partial {self.loss}}}{{\partial {argument}}}"
        part = _PART.fullmatch(scripts) if runs else None
        if part is not None:
            # \\delta c_t^{(h)}: what reaches c_t on one way, a name of its own.
            letters = re.sub(r"\\[A-Za-z]+|[^A-Za-z]", "", bare + (part["a"] or part["b"]))
            return rf"\delta_{{\mathrm{{{letters}}}}}^{{({part['t'] or part['s']})}}"
        if not runs:
            # The share of one step in ∂L/∂W, where a line says what it is.
            share = _TIME_SCRIPT.sub("", scripts)
            if share != scripts and not _EQUALS.match(m.string, m.end()):
                return None
            scripts = share
        loss = self.loss
        if (said := _IS_THEN.match(m.string, m.end())) and _same(said["by"], f"{name}{scripts}"):
            # \\delta V = \\frac{\\partial E_3}{\\partial V} = …: of step 3, as the line says.
            loss = said["loss"]
        if (step := _AT_ANY_STEP.fullmatch(scripts)) is not None:
            at = "".join((step["low"] or step["up"]).split())
            loss = self.losses.get((bare, at)) or at_step(self.losses.get((bare, "t"), loss), at)
        if bare in self.of_arguments and (step := _AT_STEP.fullmatch(scripts)) is not None:
            argument = by_argument(bare).replace("(t)", f"({step['low'] or step['up']})")
            return rf"\frac{{\partial {loss}}}{{\partial {argument}}}"
        return rf"\frac{{\partial {loss}}}{{\partial {name}{scripts}}}"


_IS_THEN = re.compile(
    r"\s*&?\s*=\s*&?\s*\\[dt]?frac\s*\{\s*\\partial\s*(?P<loss>[LEJC]\s*_\s*(?:\{\s*[0-9t]\s*\}|[0-9t]))\s*\}"
    r"\s*\{\s*\\partial\s*(?P<by>[^{}]*(?:\{[^{}]*\})?)\s*\}(?=\s*(?:\\\\\s*)?&?\s*=)"
)


def _same(a: str, b: str) -> bool:
    return re.sub(r"[\s{}]", "", a) == re.sub(r"[\s{}]", "", b)


_TURNED = re.compile(
    r"(?P<scripts>\s*_\s*(?:[a-z]|\{[^{}]{1,12}\}))\s*\^\s*\{?\s*(?:\\top|\\intercal|T)\s*\}?"
)
_INNER = re.compile(r"\\(?:bar|hat|overline)\{(?P<gate>[fiogzrn])\}")
#: ``state_t``
_SPELT = re.compile(rf"(?<![A-Za-z\\])(?:\\mathrm\s*\{{\s*)?([a-z]{{3,12}})\s*\}}?{_RUNS}")
#: ``p_i \\odot …`` in an equation of a step.
_WEIGHT = re.compile(
    r"\+\s*(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?([a-z])\s*\}?\s*_\s*(?:\{\s*([a-z])\s*\}|([a-z]))"
    r"\s*\\(?:odot|circ|cdot)(?![A-Za-z])"
)
#: ``w h_{t-1}``, ``+ c)``: a weight that is a small letter.
_NUMBER = re.compile(
    rf"(?<![A-Za-z\\_^{{}}])([uvwabc])\s*(?:\\(?:(?:cdot|times)(?![a-z])|[,; ])\s*|\*\s*)?"
    rf"[a-z]{_RUNS}"
    r"|\+\s*(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?([bc])\s*\}?\s*(?=(?:\\right\s*)?\)|$|[,;.&\n]|\\\\|\\q?quad)"
)
#: ``o = V h_T``, ``z = s2_3 V``: the one output of the run.
_OF_THE_RUN = re.compile(
    r"(?:^|\\\\|\\q?quad|[,;&])\s*&?\s*([opqz])\s*&?\s*=(?=[^=]*\b[a-z][0-9]?\s*_\s*(?:T|[2-9]|\{\s*(?:T|[2-9])\s*\}))"
)
#: ``dy_t = \\hat{y}_t - y_t``
_OF_A_TARGET = re.compile(
    r"(?<![A-Za-z\\{/])(?:d|\\delta\s*)y\s*_\s*(?:\{\s*t\s*\}|t)\s*&?\s*=\s*&?\s*"
    r"\\(?:wide)?hat\s*\{?\s*y\s*\}?\s*_\s*(?:\{\s*t\s*\}|t)\s*-\s*y\s*_"
)
_WORD = (
    r"\{\s*(?:\(\s*[a-z]\s*\)|\\(?:text|mathrm)\s*\{\s*\(?[A-Za-z]{2,12}\)?\s*\}|[a-z]{3,12})\s*\}"
)
_AT = r"\{?\s*(?P<%s>t\s*(?:[-+]\s*1)?)\s*\}?"
_PART = re.compile(
    rf"\s*_\s*{_AT % 't'}\s*\^\s*(?P<a>{_WORD})|\s*\^\s*(?P<b>{_WORD})\s*_\s*{_AT % 's'}"
)
_EQUALS = re.compile(r"\s*&?\s*=")
_TIME_SCRIPT = re.compile(r"\s*\^\s*(?:\{\s*\(?\s*t\s*\)?\s*\}|t)")
_LOSS = re.compile(
    r"(?:\\partial|\\frac\s*\{\s*d|(?<![A-Za-z])d)\s*("
    + "|".join(re.escape(n) for n in LOSSES if n not in ("l", "e", "C", "\\varepsilon"))
    + r")(?![A-Za-z_^])"
)


def with_names_for_gradients(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the names that their text makes for gradients as derivatives."""
    loss = loss_of("\n".join(f.latex for f in formulas))
    formulas = with_nameless_joins(formulas)
    return with_blocks(with_marked_gradients(with_joined_vectors(formulas, loss), loss), loss)


def loss_of(text: str) -> str:
    """The loss that ``text`` differentiates, L if it names none."""
    return next((m.group(1) for m in _LOSS.finditer(text)), "L")


_AT_ANY_STEP = re.compile(
    r"\s*(?:_\s*\{?\s*(?P<low>[tT]\s*(?:[-+]\s*1)?)\s*\}?|"
    r"\^\s*\{\s*\(?\s*(?P<up>[tT]\s*(?:[-+]\s*1)?)\s*\)?\s*\})"
)
_AT_STEP = re.compile(
    r"\s*(?:_\s*\{?\s*(?P<low>t\s*(?:[-+]\s*1)?)\s*\}?|"
    r"\^\s*\{\s*\(?\s*(?P<up>t\s*(?:[-+]\s*1)?)\s*\)?\s*\})"
)


def _of_arguments(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        for m in (*_DELTA.finditer(text), *_DELTA_SUB.finditer(text)):
            bare = plain_name(re.sub(r"\s", "", m.group("name")))
            step = _AT_STEP.fullmatch(m.group("scripts") or "")
            if step and bare in GATES and beside_the_derivative(frozenset((bare,)), text, m.end()):
                yield bare


def _tight(scripts: str) -> str:
    return re.sub(r"[\s{}]", "", scripts)


def _transposed(m: re.Match[str]) -> str:
    return rf"{{{m.group('name')}^{{{m.group('step')}}}}}^{{\top}}"
