r"""How a whole document uses its names: in time or bare, with scripts, below activations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bptt_sym.definitions.completion import in_scripts, mentioned, mentions
from bptt_sym.documents.prose import in_latex
from bptt_sym.errors import InputError
from bptt_sym.read.tokens import Token, tokenize
from bptt_sym.read.vocabulary import plain_name

#: Letters of a loss, most usual first.
LOSSES = tuple(
    r"L \mathcal{L} E J C \ell l \mathcal{E} \mathcal{J} \mathcal{C} \mathrm{Loss} \mathrm{loss} "
    r"\mathrm{cost} \mathrm{Cost} Loss loss cost Cost \hat{L} \xi \varepsilon e".split()
)
#: Letters of an output, those computed first before those computed from them.
OUTPUTS = tuple(r"z o s v a q \hat{o} \hat{z} p y \hat{p} \hat{y} \tilde{y} \bar{y}".split())

_SUBSCRIPT = re.compile(r"\s*_\s*(?:\{[^{}]*\}|\\?[A-Za-z0-9])")
_SCRIPT_AND_STEP = re.compile(
    r"\s*_\s*\{?(?P<script>\\(?:tilde|hat|bar)\s*\{?\s*[A-Za-z]\s*\}?|\s*[A-Za-z])\s*\}?\s*"
    r"\^\s*(?:\{\s*[(<]?\s*(?:\\langle)?\s*t|t(?![A-Za-z]))"
)
_ACTIVATED = re.compile(
    r"(\\(?:tanh|sigma|phi|varphi)|(?<![A-Za-z\\])(?:[fg]|tanh))(?:\s*\})?"
    r"\s*(?:\^\s*(?:2|\{\s*2\s*\}|\\prime|\{\s*(?:\\prime|')\s*\})|')*"
    r"\s*\(\s*(\\(?:hat|bar|tilde|mathbf|mathrm)\{[A-Za-z]+\}|[A-Za-z])\s*[_^(]"
)
#: What stands above ∂ of something other than the loss: ``\\partial \\hat{y}_t``.
_COMPUTED = re.compile(
    r"\\[dt]?frac\s*\{\s*\\partial\s*\{?\s*(\\(?:hat|tilde|bar)\s*\{\s*[a-z]\s*\}|[a-z](?![A-Za-z]))"
)
#: A loss above, without a step, and a variable below: ``\\frac{\\partial J}{\\partial s_t}``.
_DIFFERENTIATED_LOSS = re.compile(
    r"\\[dt]?frac\s*\{\s*(?:\\partial|d)\s*\{?\s*(?P<of>[CJ])\s*\}?\s*\}\s*\{\s*(?:\\partial|d)"
    r"|\\nabla\s*_\s*(?:\{[^{}]*\}|[A-Za-z])\s*(?P<of1>[CJ])(?![A-Za-z_^])"
)
#: What stands below: ``\\partial a_t}``.
_VARIED = re.compile(
    r"\}\s*\{\s*\\partial\s*\{?\s*(\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|[a-z])\s*[_^]"
)
#: ``\\partial \\theta}``: a parameter below the line, with its label.
_BY_A_PARAMETER = re.compile(
    r"\}\s*\{\s*(?:\\partial|d)\s*\{?\s*(?P<of>(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?(?:\\[tT]heta|[wW])\s*\}?"
    r"(?:\s*_\s*(?:\{\s*\(?\s*(?:h|hh|s|ss|r|rec|rr)\s*\)?\s*\}|[hsr]))?)\s*\}"
)
#: ``\\partial V}``, ``d W_{hy}}``: a weight below the line.
_BY_A_WEIGHT = re.compile(
    r"\}\s*\{\s*(?:\\partial|d)\s*+\{?\s*+(?P<of>[A-Z](?:\s*_\s*(?:\{\s*[a-z]{1,3}\s*\}|[a-z]))?)\s*\}"
)
_PREDICTED = (
    r"(?:\\hat\s*\{?\s*[yp]\s*\}?|(?<![A-Za-z\\])p(?=\s*[_^]))\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?"
)
_RESIDUAL = re.compile(
    rf"{_PREDICTED}\s*-\s*y(?![A-Za-z])"
    rf"|(?<![A-Za-z])y\s*(?:[_^]\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?\s*-\s*{_PREDICTED}"
)
#: ``(h_T - y)``
_LAST_RESIDUAL = re.compile(
    r"\(\s*(?P<of>[A-Za-z])\s*_\s*(?:T|\{\s*T\s*\})\s*-\s*(?:\\hat\s*\{\s*y\s*\}|y|d)\s*(?:\\right\s*)?\)"
)
#: ``\\partial J^{(i)}``: the loss of a step with another letter.
_LOSS_AT = re.compile(
    r"\\partial\s*(\\mathcal\s*\{\s*[LEJC]\s*\}|[LEJC])\s*\^\s*\{\s*\(\s*([ijks])\s*\)\s*\}"
)
#: ``J_t = \\frac{\\partial h_t}{\\partial h_{t-1}}``: a letter for a derivative is that of no loss,
#: and neither is one for a diagonal matrix.
_A_DERIVATIVE = re.compile(
    r"(?<![A-Za-z\\}{^_])([LEJCe])\s*(?:\^\s*(?:\\[a-z]+|[a-zA-Z])\s*)?_\s*(?:\{[^{}]*\}|[a-z])"
    r"\s*&?\s*(?::\s*=|=|\\equiv|\\triangleq|"
    r"\\coloneqq)\s*(?:\\[dt]?frac\s*\{\s*(?:\\partial|d\s)|\\partial\s*[A-Za-z\\][^=/+]{0,24}/"
    r"|\\(?:text|mathrm|operatorname)\s*\{\s*[dD]iag|\\[dD]iag(?![a-z]))"
)
#: ``\\frac{\\partial}{\\partial h_t} J_t``: what stands before it differentiates it.
_DIFFERENTIATED = re.compile(r"\\partial\s*[^{}]{1,24}(?:\{[^{}]{0,24}\}[^{}]{0,8})?\}\s*$")
#: ``h_{j-1}``: j is a step there, and so it is in ``z_j`` beside it.
_STEPPED_BY = re.compile(r"[A-Za-z}]\s*_\s*\{\s*([ijkmns])\s*[-+]\s*1\s*\}")
#: ``\\prod_{s=t+1}^{T}``, ``\\sum_{i=1}^T``: so it is where its range is one of steps.
_RANGES_OVER = re.compile(
    r"\\(?:prod|sum)\s*(?:\\(?:no)?limits)?\s*_\s*\{\s*([ijklmnp-su])\s*=\s*"
    r"(?:[tkT]\s*(?:[-+]\s*1\s*)?\}|[01]\s*\}\s*\^\s*\{?\s*[tT](?![A-Za-z_^]))"
)
#: ``\\prod_{t=j+1}^{i}``, ``\\prod_{j<t\\le i}``, ``W^{i-j}``: so are both ends of such a range,
#: and those that are so far apart.
_RANGES_BETWEEN = re.compile(
    r"\\(?:prod|sum)\s*(?:\\(?:no)?limits)?\s*_\s*\{\s*(?:"
    r"[tks]\s*=\s*([ijmns])\s*\+\s*1\s*\}\s*\^\s*\{?\s*([ijmns])(?![A-Za-z_^])"
    r"|([ijmns])\s*(?:<|\\lt(?![a-z]))\s*[tks]\s*\\leq?(?![a-z])\s*([ijmns])\s*\})"
    r"|\^\s*\{\s*([ijmns])\s*-\s*([ijmns])\s*\}"
)
_AT_LETTER = re.compile(
    r"(?P<name>\\(?:mathbf|boldsymbol|bm|hat|tilde|bar|mathcal|mathrm)\s*\{\s*[A-Za-z]{1,3}\s*\}|"
    r"(?<![A-Za-z\\{])[A-Za-z])\s*_\s*(?:\{\s*(?P<a>[ijklmnp-su])\s*\}|(?P<b>[ijklmnp-su])(?![A-Za-z]))"
)
_LAST = re.compile(r"\s*\}?\s*_\s*\{?\s*(?:n|N|\\tau)\s*(?:\}|(?![A-Za-z}]))")


#: ``p^{(t)} - y^{(t)}``
_LESS_TARGET = re.compile(
    r"(?<![A-Za-z\\])(?P<of>[a-xz])\s*(?P<at>_\s*(?:\{[^{}]{1,8}\}|t)|\^\s*\{[^{}]{1,12}\})\s*-\s*y\s*(?P=at)"
)
_NAMED = (
    r"(?P<n>(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?[a-z]\s*\}?)\s*"
    r"(?P<s>_\s*(?:\{[^{}]{1,8}\}|t)|\^\s*\{\s*(?:\(|<|\\langle)[^{}()<>\\]{1,6}(?:\)|>|\\rangle)\s*\})"
)
_PRODUCT = r"\s*(?:\\odot|\\circ|\\cdot|\\times|\*|\\[,;])?\s*"
#: ``h_t (1 - h_t)``, ``1 - h_t^2``: slopes of the logistic function and of tanh at their values.
_SLOPES = (
    (
        r"\sigma",
        re.compile(
            rf"(?<![A-Za-z\\]){_NAMED}{_PRODUCT}(?:\\left\s*)?\(\s*1\s*-\s*(?P=n)\s*(?P=s)"
        ),
    ),
    (r"\tanh", re.compile(rf"1\s*-\s*(?:\(\s*)?{_NAMED}\s*(?:\)\s*)?\^\s*(?:\{{\s*2|2)")),
    (r"\tanh", re.compile(rf"1\s*-\s*{_NAMED}{_PRODUCT}(?P=n)\s*(?P=s)")),
)
#: ``\\partial L/\\partial z_t = \\partial L/\\partial a_t (1 - a_t^2)``: z is what a is made of.
_LETTER = r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*)?[a-z]"
_INNER = re.compile(
    r"^(?P<of>\\[dt]?frac\s*\{\s*\\partial\s*[^{}]{1,40}(?:\{[^{}]*\})?\s*\}\s*\{\s*\\partial\s*)"
    rf"\{{?\s*(?P<z>{_LETTER})(?P<at>\s*\}}?\s*[_^][^=]{{1,40}}?)\s*&?\s*=[^=]*?"
    rf"(?P=of)\{{?\s*(?P<a>{_LETTER})(?P=at)"
)


@dataclass
class Usage:
    """The names of a whole document: with which steps each occurs, and that it stands bare."""

    timed: dict[str, set[str]] = field(default_factory=dict)
    bare: set[str] = field(default_factory=set)
    scripted: set[str] = field(default_factory=set)
    #: Names with the script that is part of them, as they stand: ``a_f``, ``W_{hh}``.
    scripts: set[str] = field(default_factory=set)
    #: Names with the script that is part of them, which have a step besides: ``z_f^{(t)}``.
    running: set[str] = field(default_factory=set)
    #: Which activation is applied to which name.
    activated: set[tuple[str, str]] = field(default_factory=set)
    #: Names whose derivative stands somewhere: they are computed, and no targets.
    computed: set[str] = field(default_factory=set)
    #: Letters of losses that stand above a derivative without a step.
    differentiated: set[str] = field(default_factory=set)
    #: Names by which something is differentiated.
    varied: set[str] = field(default_factory=set)
    #: What may be a parameter of the step by which something is differentiated, as it is written.
    parameters: set[str] = field(default_factory=set)
    #: Weights by which something is differentiated, as they are written.
    weights: set[str] = field(default_factory=set)
    #: Which function has a slope that is written in terms of its value, and the name of the value.
    slopes: set[tuple[str, str]] = field(default_factory=set)
    #: Names by which a gradient is that by another name, times the slope at its value.
    inner: set[tuple[str, str]] = field(default_factory=set)
    #: Whether a prediction less its target stands somewhere: ``\\hat{y}_t - y_t``.
    residuals: bool = False
    #: Of what a y of the same step is taken away: that y is a target.
    aimed: set[str] = field(default_factory=set)
    #: Of what the value at the last step is compared with a target.
    compared: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, texts: Sequence[str], words: frozenset[str] = frozenset()) -> Usage:
        usage = cls()
        for text in texts:
            try:
                tokens = tokenize(text, words)
            except InputError:
                continue
            for function, argument in _ACTIVATED.findall(text):
                function = r"\tanh" if function == "tanh" else function
                usage.activated.add((function, plain_name(argument)))
            slopes = {
                (function, plain_name("".join(m.group("n").split())))
                for function, pattern in _SLOPES for m in pattern.finditer(text)
            }  # fmt: skip
            usage.slopes |= slopes
            if (inner := _INNER.match(text)) is not None:
                z, a = (inner[k].rpartition("{")[2].strip() for k in "za")
                if a in {name for _, name in slopes}:
                    usage.inner.add((z, a))
            for loss, step in _LOSS_AT.findall(text):
                usage.timed.setdefault(plain_name("".join(loss.split())), set()).add(step)
            usage.computed |= {plain_name("".join(n.split())) for n in _COMPUTED.findall(text)}
            losses = _DIFFERENTIATED_LOSS.finditer(text)
            usage.differentiated |= {m["of"] or m["of1"] for m in losses}
            usage.varied |= {plain_name("".join(n.split())) for n in _VARIED.findall(text)}
            usage.parameters |= {"".join(m["of"].split()) for m in _BY_A_PARAMETER.finditer(text)}
            usage.weights |= {"".join(m["of"].split()) for m in _BY_A_WEIGHT.finditer(text)}
            usage.compared |= {m["of"] for m in _LAST_RESIDUAL.finditer(text)}
            usage.aimed |= {m["of"] for m in _LESS_TARGET.finditer(text)}
            usage.residuals = usage.residuals or _RESIDUAL.search(text) is not None
            found = mentioned(text) if not words else mentions(text, tokens)
            for m in (*found, *in_scripts(text, tokens)):
                name = plain_name(m.name)
                if name == "e" and text[m.end : m.end + 2].lstrip()[:1] == "^" and (
                    m.step in ("", "name")
                ):
                    continue  # Euler's number
                if m.step == "name" and name in (*LOSSES, *OUTPUTS) and _LAST.match(text, m.end):
                    usage.timed.setdefault(name, set()).add("n")
                elif m.step == "name":
                    usage.scripted.add(name + "".join(text[m.end : m.end + 6].split()))
                    below = _SUBSCRIPT.match(text, m.end)
                    if below:
                        usage.scripts.add(name + "".join(below.group().split()))
                elif m.step:
                    usage.timed.setdefault(name, set()).add(m.step)
                    both = _SCRIPT_AND_STEP.match(text, m.end)
                    if both is not None:
                        usage.running.add(plain_name(f"{name}_{{{both.group('script').strip()}}}"))
                elif "_" not in m.argument:  # \\ell(y_t): a function
                    usage.bare.add(name)
            usage.bare.update(_below_nabla(tokens))
            letters = {*_STEPPED_BY.findall(text), *_RANGES_OVER.findall(text)}
            letters |= {end for ends in _RANGES_BETWEEN.findall(text) for end in ends if end}
            for at in _AT_LETTER.finditer(text) if letters else ():
                if (step := at.group("a") or at.group("b")) in letters:
                    usage.timed.setdefault(plain_name(at.group("name")), set()).add(step)
        for text in texts:
            for m in _A_DERIVATIVE.finditer(text):
                if not _DIFFERENTIATED.search(text[max(0, m.start() - 80) : m.start()]):
                    usage.timed.pop(m.group(1), None)
        return usage


def _below_nabla(tokens: Sequence[Token]) -> Iterator[str]:
    r"""The bare variables of ``\nabla_W L`` and ``\partial_w h_t``."""
    for k, t in enumerate(tokens[:-3]):
        if t.kind != "partial" or tokens[k + 1].kind != "_":
            continue
        braced = tokens[k + 2].kind == "{"
        name = tokens[k + 3] if braced else tokens[k + 2]
        alone = not braced or [x.kind for x in tokens[k + 4 : k + 5]] == ["}"]
        if name.kind == "word" and alone:
            yield plain_name(name.text)


#: How many runs of symbols are looked at.
_MOST = 400
#: One run, with brackets that may hold a comma; the lengths are bounded so that no text is slow.
_RUN = re.compile(
    r"(?<![^\s,;\[\]])[^\s,;\[\]]{1,60}(?:\[[^\]\n]{1,20}\][^\s,;\[\]]{0,20})?(?![^\s,;\[\]])"
)
_SCRIPTED = re.compile(r"[A-Za-z}][_^]")


def fragments(words: str) -> Iterator[str]:
    """What stands in sentences without delimiters and is no word: ``W_f [h_{t-1}, x_t]``."""
    count = 0
    for match in _RUN.finditer(words):
        if _SCRIPTED.search(match.group()):
            count += 1
            yield in_latex(match.group())[0]
            if count == _MOST:
                return
