r"""Losses: of the whole run and of a step, and the one that goes with a softmax.

:math:`\hat y_t = \mathrm{softmax}(o_t)` and :math:`\partial L_t/\partial o_t = \hat y_t - y_t`
say together that the loss is the cross-entropy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from bptt_sym.decide.rewriting import is_loss
from bptt_sym.definitions.supposed import Evidence, Supposition, is_softmax
from bptt_sym.definitions.usage import OUTPUTS, Usage
from bptt_sym.documents.document import Formula
from bptt_sym.documents.prose import Wording
from bptt_sym.documents.respelling import replaced
from bptt_sym.notation import (
    Abs,
    At,
    Call,
    Fn,
    Idx,
    Node,
    Norm,
    Sum,
    num,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import HORIZON, STEP, Recurrence

_OUTPUTS = (r"\hat{y}", r"\hat{p}", "p", "o", "y")
_TARGETS = ("y", r"\mathbf{y}", "d", r"\hat{y}")


def cross_entropy(
    s: Supposition, rec: Recurrence, usage: Usage, wording: Wording
) -> Supposition | None:
    """``s`` with the cross-entropy in the place of its unknown loss; ``None`` where nothing
    suggests it."""
    known = {plain_name(n) for n in (*rec.defined, *rec.inputs)}
    lines = list(s.lines)
    output = next((n for n in (*_OUTPUTS, *OUTPUTS) if is_softmax(n, rec)), "")
    bare = output and output not in usage.timed  # neither ŷ nor y has its step
    timed = {*usage.timed, *(usage.bare if bare else ())}
    target = next((y for y in _TARGETS if y in timed and y not in known), "")
    if not target:
        return None
    if not output and (wording.cross_entropy or usage.residuals):
        # The words, or ŷ - y, name the loss, and ŷ is what comes out of the softmax before it.
        output = next((n for n in _OUTPUTS if n in usage.timed and n != target), "")
        made = next((k for k, line in enumerate(lines) if _left(line) == output), -1)
        if not output or (made < 0 and not (output in known and wording.cross_entropy)):
            return None
        if made >= 0:
            if ", 1)" not in lines[made]:
                return None  # it is no unknown function: an affine output
            argument = lines[made].split("(", 1)[1].rsplit(", 1)", 1)[0]
            lines[made] = rf"{output}_{{t}} = \mathrm{{softmax}}({argument})"
    if not output:
        return None
    # In bold type, if that is how the text defines it.
    output = next((n for n in rec.defined if plain_name(n) == output), output)
    loss = rf"-{target}_{{t}}^\top \log {output}_{{t}}"
    changed = False
    for k, line in enumerate(lines):
        for step in ("t", "T"):
            unknown = rf"\mathrm{{loss}}({output}_{{{step}}}, 1)"
            if unknown in line:
                lines[k] = line.replace(unknown, f"({loss.replace('{t}', f'{{{step}}}')})")
                changed = True
    if not changed:
        return None
    said = f"the loss is the cross-entropy of {output}_t and {target}_t"
    evidence = s.evidence if wording.cross_entropy else Evidence.GUESSED
    shapes = {n: shape for n, shape in s.shapes.items() if n != output}
    return replace(
        s, lines=tuple(lines), says=(*s.says, said), shapes=shapes, evidence=evidence,
        special=not wording.cross_entropy,
    )  # fmt: skip


def squared_error(
    s: Supposition, rec: Recurrence, usage: Usage, wording: Wording
) -> Supposition | None:
    """``s`` with half the squared error in the place of its unknown loss, where ŷ - y tells it.

    Where the words name it, or a formula compares the last state with a target, it may be that of
    any output, the state itself too, and the target may be a constant.
    """
    unknown = _UNKNOWN.search("\n".join(s.lines))
    output = unknown.group("of") if unknown is not None else ""
    said = wording.squared_error or plain_name(output) in usage.compared | usage.aimed
    if not usage.residuals and not said:
        return None
    known = {plain_name(n) for n in (*rec.defined, *rec.inputs)}
    target = next((y for y in _TARGETS if y in usage.timed and y not in known), "")
    constant = "" if target or not said else next(
        (y for y in _TARGETS if y in usage.bare and y not in known), ""
    )
    if not (target or constant) or plain_name(output) not in known:
        return None
    if not (said or plain_name(output) in _OUTPUTS) or is_softmax(plain_name(output), rec):
        return None

    def error(m: re.Match[str]) -> str:
        step = m.group("step")
        goal = constant or f"{target}_{{{step}}}"
        return rf"\frac{{1}}{{2}} \left\| {output}_{{{step}}} - {goal} \right\|^2"

    return replace(
        s, lines=tuple(_UNKNOWN.sub(error, line) for line in s.lines),
        says=(*s.says, "the loss is half the squared error"), special=True,
    )  # fmt: skip


#: The unknown loss of an output in the line of a supposition.
_UNKNOWN = re.compile(r"\\mathrm\{loss\}\((?P<of>[^(),]+?)_\{(?P<step>[tT])\}, 1\)")


def with_unknown_norms(rec: Recurrence) -> Recurrence:
    """``rec`` with a norm in its losses an unknown function, which has a derivative of its own.

    What holds for every function of the error holds for its norm, wherever that has a gradient.
    """
    name = r"\mathrm{norm}"
    seen = False

    def change(n: Node) -> Node:
        nonlocal seen
        n = rebuild(n, change)
        if isinstance(n, (Norm, Abs)):
            seen = True
            return Call(name, (n.arg, num(1)))
        return n

    equations = tuple(
        replace(e, rhs=change(e.rhs)) if is_loss(At(e.target, Idx(STEP)), rec) else e
        for e in rec.equations
    )
    totals = {n: change(rhs) for n, rhs in rec.totals.items()}
    if not seen:
        return rec
    functions = {**rec.functions, name: ()}
    return replace(rec, equations=equations, totals=totals, functions=functions)


def usual_losses(rec: Recurrence) -> list[Supposition]:
    """What a loss that is written as an unknown function usually is, where its gradient is worked
    out: the cross-entropy of a softmax, or half the squared error of its argument. An unknown
    function of the output whose cross-entropy is the loss usually is the softmax."""
    from bptt_sym.render.latex import latex

    out = [*_softmax_under_logarithm(rec)]
    for loss in _unknown_losses(rec):
        given, target = (a for a in loss.call.args if isinstance(a, At))
        if given.name not in rec.gates:
            given, target = target, given
        if given.name not in rec.gates or target.name in rec.defined:
            continue
        output, y = given.name, target.name
        made = rec.rhs(output)
        free = isinstance(made, Call) and len(made.args) == 1
        argument = latex(made.args[0], rec) if isinstance(made, Call) and free else ""
        at = latex(given.time, rec)
        error = rf"\frac{{1}}{{2}} \left\| {output}_{{{at}}} - {y}_{{{at}}} \right\|^2"
        entropy = rf"-{y}_{{{at}}}^{{\top}} \log {output}_{{{at}}}"
        softmax = isinstance(made, Fn) and made.name == "softmax"
        ways = [
            (rf"\mathrm{{softmax}}({argument})", entropy, "the cross-entropy of a softmax"),
            (argument, error, "half the squared error"),
        ] if free else [("", entropy, "the cross-entropy")] if softmax else [
            ("", error, "half the squared error")
        ]  # fmt: skip
        # (The whole has the name of its steps, and gives way with them.)
        whole = [
            f"{n} = {latex(x, rec)}" for n, x in rec.totals.items()
            if loss.of_a_step and plain_name(n) == plain_name(loss.name)
        ]  # fmt: skip
        for line, value, said in ways:
            lines = [*whole, rf"{output}_{{t}} = {line}"] if line else whole
            names = (loss.name, *([output] if line else []))
            out.append(
                Supposition(
                    (*lines, loss.before + value + loss.after), (f"the loss is {said}",),
                    replaces=frozenset(map(plain_name, names)), special=True,
                )
            )  # fmt: skip
    return out


def _softmax_under_logarithm(rec: Recurrence) -> Iterator[Supposition]:
    """The softmax for the ``g`` of ``\\hat{y}_t = g(o_t)`` below a logarithm in a loss."""
    from bptt_sym.render.latex import latex

    rights = [*(rec.rhs(n) for n in rec.gates if rec.shape(n) == ()), *rec.totals.values()]
    logs = (n for rhs in rights for n in walk(rhs) if isinstance(n, Fn) and n.name == "log")
    for output in dict.fromkeys(n.arg.name for n in logs if isinstance(n.arg, At)):
        made = rec.rhs(output) if output in rec.gates else None
        if isinstance(made, Fn) and made.name in rec.activations:
            line = rf"{output}_{{t}} = \mathrm{{softmax}}({latex(made.arg, rec)})"
            yield Supposition(
                (line,), (f"{output}_t is a softmax",), replaces=frozenset((plain_name(output),)),
                special=True,
            )  # fmt: skip


class _Unknown(NamedTuple):
    """A loss that is an unknown function of two sequences, and the line around that."""

    name: str
    call: Call
    before: str
    after: str = ""
    #: Whether it is the loss of a step.
    of_a_step: bool = True


def _unknown_losses(rec: Recurrence) -> Iterator[_Unknown]:
    from bptt_sym.render.latex import latex

    for loss in rec.gates:
        rhs = rec.rhs(loss)
        if rec.shape(loss) == () and isinstance(rhs, Call) and _of_two(rhs):
            yield _Unknown(loss, rhs, f"{loss}_{{t}} = ")
    for total, rhs in rec.totals.items():
        calls = [n for n in walk(rhs) if isinstance(n, Call)]
        if len(calls) == 1 and _of_two(calls[0]):
            line = f"{total} = {latex(rhs, rec)}"
            before, call, after = line.partition(latex(calls[0], rec))
            if call:
                yield _Unknown(total, calls[0], before + r"\left(", r"\right)" + after, False)


def _of_two(call: Call) -> bool:
    times = {a.time for a in call.args if isinstance(a, At)}
    return len(call.args) == 2 and all(isinstance(a, At) for a in call.args) and len(times) == 1


def of_the_last_step(rec: Recurrence) -> Supposition | None:
    """The sum of the losses of the steps with the last one alone, for a run with one output."""
    from bptt_sym.render.latex import latex

    lines = []
    for total, rhs in rec.totals.items():
        sums = [n for n in walk(rhs) if isinstance(n, Sum)]
        if len(sums) == 1:
            body = substitute_index(sums[0].body, sums[0].var, Idx(HORIZON))
            lines.append(f"{total} = {latex(body, rec)}")
    if not lines:
        return None
    return Supposition(
        tuple(lines), ("only the last step has a loss",), special=True,
        replaces=frozenset(plain_name(n) for n in rec.totals),
    )  # fmt: skip


def _left(line: str) -> str:
    return line.split("_{t}", 1)[0] if " = " in line else ""


_LAST = re.compile(r"_\s*(?:\{\s*(?:\\tau|n|N)\s*\}|\\tau(?![A-Za-z])|[nN](?![A-Za-z]))")
#: ``\\sum_{t=0}``: the steps of a run are counted from 1 here.
_FROM_ZERO = re.compile(r"(\\sum[^=]{0,24}_\s*\{\s*[a-z]\s*=\s*)0(?=\s*\})")
_THREE = re.compile(
    r"(\\sum\s*(?:\\limits\s*)?_\s*\{\s*[a-z]\s*=\s*[01]\s*\}\s*\^\s*)(?:\{\s*[2-9]\s*\}|[2-9])"
)


def to_the_end(text: str) -> str:
    """The definition of a total over the whole run: from step 1 to T.

    ``C = C(h_n)`` has T for the letter of the last step, where no sum binds it; a walk through
    three steps is a run of three steps.
    """
    whole = _FROM_ZERO.sub(r"\g<1>1", _THREE.sub(r"\g<1>{T}", text))
    if whole != text or re.search(r"\\sum|∑|_\s*\{?\s*t\b", text):
        return whole
    return _LAST.sub("_{T}", text)


#: What is in brackets, with labels of layers such as ``^{(1)}``.
_INSIDE = r"(?:[^()]|\^\{\([0-9]\)\})"
_STEP_LOSS = re.compile(
    r"((?:\\mathcal\s*\{?\s*)?[LEJC](?:\s*\})?|\\ell|[Ll]oss)\s*_\s*\{?\s*t\s*\}?\s*"
    rf"\(({_INSIDE}*_\s*\{{?\s*t{_INSIDE}*)\)"
)
#: ``= \\sum_t l_t(h_t, y_t)``: whatever the letter, applied to names of its step it is a loss.
_NAMED_LOSS = re.compile(
    r"(?<=\\sum)(?P<range>\s*(?:\\limits\s*)?(?:[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9])\s*){0,2})"
    r"(?P<l>[a-z])\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})\s*(?:\\left\s*)?"
    r"\((?P<of>[^()+=-]*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})[^()+=-]*?)(?:\\right\s*)?\)"
)


_STEPWISE = (
    r"(?:\\(?:mathcal|mathbf|boldsymbol|hat)\s*\{\s*(?:[A-Za-z]|\\[a-z]+\s*\{\s*[A-Za-z]\s*\})\s*\}"
    r"|\\ell|(?<![A-Za-z\\])[A-Za-z])"
)
#: ``= L_1(h_1) + L_2(h_2) + \\cdots + L_T(h_T)``.
_EACH_STEP = re.compile(
    rf"=\s*&?\s*(?P<l>{_STEPWISE})\s*_\s*\{{?\s*1\s*\}}?\s*\(\s*(?P<of>{_STEPWISE})\s*_\s*\{{?\s*1\s*\}}?\s*\)"
    r"\s*\+[^=]*(?:\\[cl]?dots|\.\.\.)\s*\+\s*"
    r"(?P=l)\s*_\s*\{?\s*T\s*\}?\s*\(\s*(?P=of)\s*_\s*\{?\s*T\s*\}?\s*\)\s*$"
)
#: ``= L_T(y_T, \\hat{y})``.
_LAST_LOSS = re.compile(
    rf"=\s*&?\s*(?P<l>{_STEPWISE})\s*_\s*(?:T|\{{\s*T\s*\}})\s*(?:\\left\s*)?"
    rf"\(\s*(?P<of>{_STEPWISE})\s*_\s*(?:T|\{{\s*T\s*\}})"
    rf"(?:\s*[,;]\s*{_STEPWISE}(?:\s*_\s*(?:T|\{{\s*T\s*\}}))?)?\s*(?:\\right\s*)?\)\s*$"
)


def step_losses(text: str, steps: Collection[str]) -> list[str]:
    r"""``L = \sum_t L_t(y_t)`` also defines ``L_t``; ``steps`` are the names defined by step."""
    each = _EACH_STEP.search(text)
    if each is not None:
        loss, of = each.group("l"), each.group("of")
        whole = rf"{text[: each.start()]}= \sum_{{t=1}}^{{T}} {loss}_{{t}}"
        own = [] if loss in steps else [f"{loss}_{{t}} = \\mathrm{{loss}}({of}_{{t}}, 1)"]
        return [*own, whole]
    last = _LAST_LOSS.search(text)
    if last is not None:
        loss = last.group("l")
        own = [] if loss in steps else [f"{loss}_{{t}} = \\mathrm{{loss}}({last['of']}_{{t}}, 1)"]
        return [*own, f"{text[: last.start()]}= {loss}_{{T}}"]
    match = _STEP_LOSS.search(text) if re.search(r"\\sum|∑", text) else None
    if match is None and (named := _NAMED_LOSS.search(text)) is not None:
        loss = f"{named['l']}_{{t}}"
        plain = f"{text[: named.start('l')]}{loss}{text[named.end() :]}"
        own = [] if named["l"] in steps else [f"{loss} = \\mathrm{{loss}}({named['of']}, 1)"]
        return [*own, plain]
    if match is None:
        return [text]
    name = match.group(1)
    plain = _STEP_LOSS.sub(lambda m: f"{m.group(1)}_{{t}}", text)
    if name in steps:
        return [plain]  # a line of its own says what L_t is
    return [f"{name}_{{t}} = \\mathrm{{loss}}({match.group(2)}, 1)", plain]


_APPLIED_LOSS = re.compile(
    r"(?<![A-Za-z\\])(?P<name>\\(?:mathcal|mathrm|text)\s*\{\s*[A-Za-z]+\s*\}|\\ell|[lLEJ])\s*"
    rf"(?:\\left\s*)?\((?P<of>[^()]*_\s*\{{?\s*t(?![A-Za-z]){_INSIDE}*?)(?:\\right\s*)?\)"
)


def same_by_step(texts: Sequence[str], usage: Usage) -> list[str]:
    r"""``\ell_t`` where the text sums ``\ell(y_t, d_t)`` and speaks of ``\ell_t`` elsewhere."""
    for text in texts:
        match = _APPLIED_LOSS.search(text) if re.search(r"\\sum|∑", text) else None
        name = match.group("name") if match is not None else ""
        steps = usage.timed.get(plain_name(name), set()) - {"name"}
        if match is None or not steps or any(t.startswith(f"{name}_") for t in texts):
            continue
        if not re.match(rf"\s*{re.escape(name)}\s*(?:[=(&]|$)", text):
            return [f"{name}_{{t}} = {match.group()}"]
    return []


_SUMMED = re.compile(
    r"(?P<total>\\mathcal\s*\{\s*[A-Z]\s*\}|(?<![A-Za-z\\])[LJEC])\s*&?\s*=\s*&?\s*\\sum(?:\\limits)?\s*"
    r"(?:[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9])\s*){0,2}(?P<loss>\\ell|\\mathcal\s*\{\s*l\s*\}|[lLJE])\s*_\s*(?:t|\{\s*t\s*\})"
)


#: ``L = \\frac1T \\sum_t l(y_t, \\hat{y}_t)``
_SUMMED_FUNCTION = re.compile(
    r"(?P<total>\\mathcal\s*\{\s*[A-Z]\s*\}|(?<![A-Za-z\\])[LJEC])\s*&?\s*=\s*&?\s*"
    r"(?:\\[dt]?frac\s*(?:\{\s*1\s*\}|1)\s*(?:\{\s*T\s*\}|T)\s*)?\\sum(?:\\limits)?\s*"
    r"(?:[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9])\s*){0,2}"
    r"(?P<loss>\\ell|\\mathcal\s*\{\s*l\s*\}|[lLJE])\s*(?:\\left\s*)?\([^()]*_\s*\{?\s*t(?![A-Za-z])"
)


def whole_for_bare(formulas: Sequence[Formula]) -> list[Formula]:
    r"""``\partial L`` for ``\partial \ell`` where :math:`L = \sum_t \ell_t` is written.

    A loss of the steps that is differentiated without its step is that of all of them; of a
    function, :math:`L = \sum_t \ell(y_t, \hat y_t)`, it is that of step t, but where a text adds up
    what comes from later steps, which one loss would not have.
    """
    for formula in formulas:
        m = _SUMMED_FUNCTION.search(formula.latex)
        if m is not None and m.group("loss") != m.group("total"):
            name = re.escape(m.group("loss"))
            bare = re.compile(rf"(?<=\\partial)\s*{name}(?=\s*\}})")
            if any(_is_of_all(f.latex, bare) for f in formulas):
                return [_of_all(f, name, m) for f in formulas]
            one = f" {m['loss']}_{{t}}"
            return [replaced(f, bare, lambda _: one) for f in formulas]  # noqa: B023
        m = _SUMMED.search(formula.latex)
        if m is not None and m.group("loss") != m.group("total"):
            total = m.group("total")
            bare = re.compile(rf"(?<=\\partial)(\s*){re.escape(m.group('loss'))}(?=\s*\}})")
            return [replaced(f, bare, lambda _: f" {total}") for f in formulas]  # noqa: B023
    return list(formulas)


_NEXT = re.compile(r"\s*\}\s*\{\s*\\partial[^{}]*\{\s*t\s*\+")
_BEFORE = re.compile(r"_\s*\{\s*t\s*-\s*1")
#: ``\\sum_t \\partial l/\\partial W``: of a parameter the losses of the steps are added up.
_BY_A_PARAMETER = re.compile(
    r"\s*\}\s*\{\s*\\partial\s*(?!\s*\\?[A-Za-z]+\s*[_^]\s*\{?\s*\(?\s*t(?![A-Za-z]))"
    r"[^{}]*(?:\{[^{}]*\}[^{}]*)?\}"
)
_PER_STEP = re.compile(r"\\[dt]?frac\s*(?:\{\s*1\s*\}|1)\s*(?:\{\s*T\s*\}|T)|/\s*T(?![A-Za-z])")


def _is_of_all(text: str, bare: re.Pattern[str]) -> bool:
    """Whether a bare loss is that of all steps: by a later state, or summed beside earlier ones."""
    found = [m.end() for m in bare.finditer(text)]
    if any(_NEXT.match(text, end) for end in found):
        return True
    total = text.find(r"\sum")
    return 0 <= total < max(found, default=-1) and _BEFORE.search(text, total) is not None


def _of_all(formula: Formula, name: str, given: re.Match[str]) -> Formula:
    """``formula`` with the whole loss for a bare one; beside 1/T it is the sum, T times a mean."""
    whole = given["total"]
    d = r"(?P<d>\\partial|(?<=\{)d)"
    # (Where the text itself says of what it is a function, it is that of one step.)
    written = formula.origin.latex if formula.origin else ""
    of = "" if re.search(rf"\\partial\s*{name}\s*\(", written) else r"(?:\s*\([^()]*\))?"
    bare = re.compile(rf"(?P<frac>\\[dt]?frac\s*\{{\s*)?{d}\s*{name}{of}(?=\s*\}})")
    mean = _PER_STEP.search(given.group()) is not None and _PER_STEP.search(formula.latex)
    times = "T " if mean and formula.latex[given.start() : given.end()] != given.group() else ""

    def meant(m: re.Match[str]) -> str:
        if _BY_A_PARAMETER.match(m.string, m.end()) and "\\sum" in m.string[: m.start()]:
            return f"{m['frac'] or ''}{m['d']} {given['loss']}_{{t}}"
        return f"{times}{m['frac']}{m['d']} {whole}" if m["frac"] else f"{m['d']} {whole}"

    return replaced(formula, bare, meant)


_MEAN = re.compile(
    r"(?P<name>\\mathcal\s*\{\s*[A-Z]\s*\}|(?<![A-Za-z\\])[LJEC])(?:\s*\([^()]{1,12}\))?\s*&?\s*=\s*"
    r"\\[dt]?frac\s*(?:\{\s*1\s*\}|1)\s*(?:\{\s*T\s*\}|T)\s*\\sum"
)


_WHOLE = r"(?:\\mathcal\s*\{\s*[A-Z]\s*\}|[LJEC])"
_GIVES_A_MEAN = re.compile(
    rf"(?:\\partial\s*\{{?\s*{_WHOLE}\s*\}}?\s*\}}[^=_]*(?:_[^=]*)?"
    rf"|\\nabla\s*_\s*(?:\{{(?:[^{{}}]|\{{[^{{}}]*\}})*\}}|[A-Z])\s*{_WHOLE}\s*"
    r"|(?:\\[dD]elta|(?<![A-Za-z\\])d)\s*(?:\\[a-z]+\s*\{\s*)?[WUVb](?![a-z])[^=]{0,12})=\s*&?\s*"
    r"\\[dt]?frac\s*(?:\{\s*1\s*\}|1)\s*(?:\{\s*T\s*\}|T)\s*\\sum"
)


def gives_a_mean(texts: Sequence[str]) -> bool:
    r"""Whether :math:`\partial L/\partial W = \frac1T\sum_t \dots` stands somewhere."""
    return any(_GIVES_A_MEAN.search(text) for text in texts)


def both_means_and_sums(texts: Sequence[str]) -> frozenset[str]:
    r"""The reading that goes with :math:`L = \frac1T\sum_t L_t` and :math:`L = \sum_t L_t`."""
    every = "\n".join(texts)
    for m in _MEAN.finditer(every):
        summed = rf"(?<![A-Za-z\\]){re.escape(m.group('name'))}\s*&?\s*=\s*\\sum"
        if re.search(summed, every):
            return frozenset(("mean-left",))
    return frozenset()
