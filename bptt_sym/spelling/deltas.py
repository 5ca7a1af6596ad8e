r"""Names of gradients made of δ: ``\delta^{c}_t``, ``\delta_{f,t}``, ``\delta_o^{(t)}``.

Texts give one name to each gradient: δ, with what is differentiated by in one script and the step
in another. Where a line says so (``\delta^c_t = \partial L / \partial c_t``), or where the script
names a sequence of the text, the name is written out as the derivative. Other scripts become part
of one plain name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.spelling.delta_elements import defined_elements, element_below
from bptt_sym.spelling.delta_scripts import (
    ACCENT,
    BASE,
    ELEMENT,
    FONT,
    GROUP,
    ONE,
    SCRIPT,
    Key,
    atoms,
    plain,
    steps_of,
    two_steps,
    without_a_step,
)
from bptt_sym.spelling.sloped_deltas import SLOPED, is_by_the_argument

_DELTA = re.compile(rf"\\delta(?![A-Za-z])(?P<scripts>(?:{SCRIPT}){{1,3}})")
_SEQUENCE = re.compile(rf"(?P<base>{BASE})(?P<scripts>(?:{SCRIPT}){{1,3}})")
_LOSS = (
    r"(?:\\mathcal\s*\{?\s*[A-Z]\s*\}?|[LEJC]|[lL]oss|\\ell)"
    r"(?:\s*_\s*\{?[A-Za-z]+\}?|\s*\^\s*\{?\(?[A-Za-z]+\)?\}?)?"
)
_DEFINES = re.compile(
    r"\s*&?\s*(?:=|\\equiv|\\triangleq|:=|\\coloneqq|\\doteq|"
    r"\\(?:over|under)set\s*\{[^{}]*\}\s*\{\s*=\s*\}|\\stackrel\s*\{[^{}]*\}\s*\{\s*=\s*\})\s*&?\s*"
    rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*\{{?\s*(?P<of>{_LOSS})\s*\}}?\s*\}}"
    rf"\s*\{{\s*(?:\\partial|d)\s*(?P<by>(?:[^{{}}]|{GROUP})+)\}}"
    # "= ∂L/∂c_t ⊙ c_{{t-1}} ⊙ f_t ⊙ (1 - f_t)" says what the gradient is, not what it is of.
    r"(?=\s*(?:\\[,;:! ]\s*)*(?:[.,;]|:?\s*(?:$|\n|&?\s*(?:=|:=|\\equiv|\\coloneqq|\\approx)|"
    r"\\(?:\\|end|tag|label|q?quad|text|mbox|in|quad|notag|nonumber|hspace)(?![A-Za-z]))))"
)
_SIMPLE = re.compile(r"\\?[A-Za-z]+|\\[a-z]+\{[A-Za-z]\}")
#: A script that is a step and nothing else: of a loss, or of what it is differentiated by.
_AT_STEP = re.compile(
    r"(?P<mark>[_^])\s*(?:\{\s*(?P<in>[(<]?\s*(?:[a-zT]|\\tau)\s*[)>]?)\s*\}|(?P<a>[a-zT](?![A-Za-z])))"
)
#: Letters of what stands inside an activation, and of gates: :math:`\\delta^{a_f}_t`.
_INNER = frozenset(("a", "z", "p", "s", "u", "net"))
_GATES = frozenset(("f", "i", "o", "c", "C", "g", "z", "r", r"\tilde{c}", r"\tilde{h}"))
#: ``net_{f,t}``, ``z_f``: what stands inside a gate.
_IN_A_GATE = re.compile(
    r"(?:\\(?:mathrm|text|mathbf|boldsymbol|mathit|hat|tilde)\s*\{\s*)?(?:net|[azpsu])\s*\}?\s*[_^]"
)
#: What is given from outside: the gradient by it is hardly ever meant.
_GIVEN = frozenset(("y", "x", "T", "t"))

#: ``\\delta_{o,t}^\\top``; behind a step below, T is that sign as well.
_TURNED = re.compile(
    r"(?:(?<=\bt\})|(?<=\bt \})|(?<=t - 1\})|(?<=t-1\}))\s*\^\s*(?:\{\s*T\s*\}|T(?![A-Za-z]))\Z"
    r"|\s*\^\s*(?:\{\s*\\top\s*\}|\\top(?![A-Za-z]))\Z"
)



@dataclass(frozen=True)
class _Pair:
    """``\\delta^{(t)}_k = \\partial L^{(t)} / \\partial h^{(k)}``: a step of each of the two."""

    loss: str
    by: str
    #: Which script has the step of the loss, and the letters of both steps in the definition.
    mark: str
    letters: tuple[str, str]

    def at(self, steps: Mapping[str, str]) -> str:
        """The derivative with the loss and the variable at the steps of the two scripts."""
        other = "_" if self.mark == "^" else "^"
        loss = _moved(self.loss, self.letters[0], steps[self.mark])
        by = _moved(self.by, self.letters[1], steps[other])
        if "unit" in steps:  # \\delta^{(t)}_{k,i} is the entry i
            by += f"_{{{steps['unit']}}}" if "_" not in by else ""
        return rf"\frac{{\partial {loss}}}{{\partial {by}}}"


@dataclass(frozen=True)
class Deltas:
    """What the δ of a text stand for: by their scripts, the text of the variable at step t."""

    meanings: Mapping[Key, str] = field(default_factory=dict)
    #: The losses that their definitions differentiate, at step t.
    losses: Mapping[Key, str] = field(default_factory=dict)
    #: The one with a step of the loss and one of the variable.
    pair: _Pair | None = None
    #: Those for which no line says so.
    guessed: frozenset[Key] = frozenset()
    loss: str = "L"
    #: Those by a state of which an equation has the slope of its activation in it.
    sloped: frozenset[Key] = frozenset()
    #: The elements that the equations of the text give.
    elements: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Sequence[str], loss: str) -> Deltas:
        meanings: dict[Key, str] = {}
        losses: dict[Key, str] = {}
        stepless: dict[Key, tuple[str, str]] = {}
        wanted: set[Key] = set()
        pair = next((p for text in texts for p in _pairs(text)), None)
        for text in texts:
            for m in _DELTA.finditer(text):
                if pair is not None and two_steps(m.group("scripts")):
                    continue
                read = steps_of(m.group("scripts"))
                said = _DEFINES.match(text, m.end())
                if read is None and said is not None and ELEMENT.search(said.group("by")):
                    # \\delta_h = ∂L/∂a_t says what \\delta_{h,t} is.
                    key = without_a_step(m.group("scripts"))
                    stepless.setdefault(key, (said.group("by").strip(), said.group("of")))
                if read is None or not read[0]:
                    continue
                wanted.add(read[0])
                if said is not None and read[1] == "t":
                    meanings.setdefault(read[0], said.group("by").strip())
                    losses.setdefault(read[0], said.group("of"))
        for key in stepless.keys() & wanted - meanings.keys():
            meanings[key], losses[key] = stepless[key]
        guessed: set[Key] = set()
        missing = wanted - set(meanings)
        # Where the gradients by several gates are by what stands inside them, that by one more,
        # of which no line speaks, is not by the gate itself.
        inside = [k for k, by in meanings.items() if k <= _GATES and _IN_A_GATE.match(by)]
        if missing:
            for key, name in _sequences(texts).items():
                if len(inside) > 1 and key <= _GATES:
                    continue
                if key in missing and not key <= _GIVEN:
                    meanings[key] = name
                    guessed.add(key)
            for key in guessed & _beside_the_derivative(texts):
                (gate, *more) = key
                if not more:
                    meanings[key] = by_argument(gate)
            for key, candidate in _with_slopes_of_candidates(texts).items():
                if key in guessed:
                    meanings[key] = by_argument(candidate)
            for key in _by_recursions(texts, {k: meanings[k] for k in guessed if len(k) == 1}):
                meanings[key] = r"\mathrm{net}^{(t)}"
            for key in missing - set(meanings):
                if len(key) == 2 and len(key & _INNER) == 1:
                    (gate,) = key - _INNER
                    if gate in _GATES:
                        meanings[key] = by_argument(gate)
                        guessed.add(key)
        sloped = _with_own_slopes(texts, meanings) - guessed
        given = defined_elements(texts)
        return cls(meanings, losses, pair, frozenset(guessed), loss, frozenset(sloped), given)

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with its δ as derivatives, or under plain names."""
        if r"\delta" not in formula.latex:
            return formula
        guesses = doubted = False

        def new(m: re.Match[str]) -> str | None:
            nonlocal guesses, doubted
            both = two_steps(m.group("scripts")) if self.pair is not None else None
            if self.pair is not None and both is not None:
                return self.pair.at(both)
            scripts = m.group("scripts")
            turned = _TURNED.search(scripts)
            scripts = scripts[: turned.start()] if turned else scripts
            read = steps_of(scripts) or self._numbered(scripts)
            below = element_below(scripts, self.elements)
            if below is not None and (read is None or read[0] not in self.meanings):
                guesses = True
                whole = rf"\frac{{\partial {self.loss}}}{{\partial {below}}}"
                return rf"\left({whole}\right)^{{\top}}" if turned else whole
            if read is None or not read[0]:
                return None
            key, step, parts = read
            name = self.meanings.get(key)
            if name is None and turned:
                return None
            if name is None:
                if len(parts) == 1 and _SIMPLE.fullmatch(parts[0]):
                    return None
                bare = (re.sub(r"\\(?:text|mathrm|textrm|operatorname)", "", p) for p in parts)
                word = "".join(re.sub(r"[^A-Za-z]", "", p) for p in bare)
                return rf"\delta_{{\mathrm{{{word}}}}}^{{({step})}}" if word else None
            guesses |= key in self.guessed
            loss, by = _at(self.losses.get(key, self.loss), step), _at(name, step)
            if key in self.sloped:
                doubted, by = True, f"{{{{{by}}}}}"
            whole = rf"\frac{{\partial {loss}}}{{\partial {by}}}"
            return rf"\left({whole}\right)^{{\top}}" if turned else whole

        formula = replaced(formula, _DELTA, new)
        if doubted:
            formula = replace(formula, supposes=(*formula.supposes, (SLOPED, "{{")))
        return replace(formula, delta=True) if guesses else formula

    def _numbered(self, scripts: str) -> tuple[Key, str, list[str]] | None:
        r"""``\delta^a_1`` where :math:`\delta^a_t` has been said to be a gradient."""
        pieces = [m.group("body").strip("{}() ") for m in ONE.finditer(scripts)]
        numbers = [p for p in pieces if p.isdecimal()]
        parts = [p for p in pieces if not p.isdecimal()]
        if len(numbers) != 1 or len(parts) != 1:
            return None
        key = frozenset(atoms(parts[0]))
        said = key in self.meanings and key not in self.guessed
        return (key, numbers[0], parts) if said else None


def by_argument(gate: str) -> str:
    """What ``gate`` is the activation of, written for step t."""
    return rf"\mathrm{{net}}_{{{gate}}}^{{(t)}}"


def beside_the_derivative(key: Key, text: str, start: int) -> bool:
    r"""Whether the gradient named before ``start`` is made of another, by the variable ``key``.

    In :math:`\delta^f_t = \partial L/\partial f_t \odot f_t \odot (1 - f_t)` the name is not
    that of :math:`\partial L/\partial f_t`, but of the gradient by what f is the activation of.
    """
    given = _GIVES.match(text, start)
    if given is None:
        return False
    for m in _BY.finditer(given.group("right")):
        by = _SEQUENCE.fullmatch(m.group("by").strip())
        read = steps_of(by.group("scripts")) if by is not None else None
        if by is None or read is None or read[1] != "t":
            continue
        rest = given.group("right")[m.end() :].lstrip().rstrip(" .,;}\n")
        same = frozenset((plain(by.group("base")), *read[0])) == key
        if same and rest[:1] not in ("", "+", "-"):
            return True
    return False


def _with_own_slopes(texts: Sequence[str], meanings: Mapping[Key, str]) -> set[Key]:
    r"""Those that are said to be by :math:`h_t`, and are :math:`(\ldots) \odot (1 - h_t^2)`."""
    found: set[Key] = set()
    for text in texts:
        for m in _DELTA.finditer(text):
            read, given = steps_of(m.group("scripts")), _GIVES.match(text, m.end())
            if read is None or given is None or read[0] not in meanings:
                continue
            state = re.escape("".join(_at(meanings[read[0]], read[1]).split()))
            right = re.sub(r"\\(?:left|right)(?![A-Za-z])|[\s{}]", "", given.group("right"))
            state = state.replace(r"\{", "").replace(r"\}", "")
            slope = rf"(?:\(1-{state}\^2\)|{state}(?:\\odot|\\circ|\*|\\cdot)?\(1-{state}\))"
            if re.search(rf"\)(?:\\odot|\\circ|\*|\\ast|\\cdot){slope}[.,;]?$", right):
                found.add(read[0])
    return found


def _beside_the_derivative(texts: Sequence[str]) -> set[Key]:
    return {
        read[0] for text in texts for m in _DELTA.finditer(text)
        if (read := steps_of(m.group("scripts"))) and read[1] == "t"
        and beside_the_derivative(read[0], text, m.end())
    }  # fmt: skip


def _by_recursions(texts: Sequence[str], states: Mapping[Key, str]) -> set[Key]:
    """Those of ``states`` whose recursions show that they are by the argument."""
    found: set[Key] = set()
    for text in texts if states else ():
        for m in _DELTA.finditer(text):
            read, given = steps_of(m.group("scripts")), _GIVES.match(text, m.end())
            if not (read and given and read[1] == "t" and read[0] in states):
                continue
            if is_by_the_argument(given["right"], _at(states[read[0]], "t")):
                found.add(read[0])
    return found


def _with_slopes_of_candidates(texts: Sequence[str]) -> dict[Key, str]:
    r"""The δ of a letter whose line multiplies by the slope of a candidate of that letter.

    :math:`\delta_{h,t} = \ldots \odot (1 - \tilde h_t^2)` is no gradient by :math:`h_t`, but by
    what :math:`\tilde h_t` is the activation of.
    """
    found: dict[Key, str] = {}
    for text in texts:
        for m in _DELTA.finditer(text):
            read, given = steps_of(m.group("scripts")), _GIVES.match(text, m.end())
            if read is None or read[1] != "t" or given is None or len(read[0]) != 1:
                continue
            (letter,) = read[0]
            for slope in _CANDIDATE_SLOPE.finditer(given.group("right")):
                if letter == (slope["a"] or slope["b"]):
                    found.setdefault(read[0], plain(slope["base"]))
    return found


_CANDIDATE_SLOPE = re.compile(
    r"1\s*\}?\s*-\s*(?:\(\s*)?(?P<base>\\(?:wide)?(?:tilde|hat)\s*"
    rf"(?:\{{\s*(?:{FONT}\s*\{{\s*)?(?P<a>[hcCsn])\s*\}}(?:\s*\}})?|(?P<b>[hcCsn])(?![A-Za-z])))"
    r"\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})"
    r"\s*(?:\)\s*)?(?:\^\s*\{?\s*2|\\(?:odot|circ)(?![A-Za-z]))"
)
_GIVES = re.compile(
    r"\s*&?\s*=\s*&?(?P<right>"
    r"(?:(?!\\\\|\\(?:end|tag|label|text|mbox|in|q?quad)(?![A-Za-z]))[^=&])*)"
)
_BY = re.compile(
    rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*\{{?\s*{_LOSS}\s*\}}?\s*\}}"
    r"\s*\{\s*(?:\\partial|d)\s*(?P<by>(?:[^{}]|\{[^{}]*\})+)\}"
)

_LATER = re.compile(
    r"\\delta\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z]))?\s*[_^]\s*\{\s*\(?\s*(?:[A-Za-z]\s*,\s*)?t\s*\+\s*1\s*\)?[^{}]*\}"
)


_BARE = re.compile(
    rf"\\delta\s*(?P<base>{ACCENT}\s*(?:\{{\s*[A-Za-z]\s*\}}|[A-Za-z])|[A-Za-z])(?P<scripts>(?:{SCRIPT}){{1,2}})"
)


def own_losses(texts: Sequence[str]) -> dict[tuple[str, str], str]:
    r"""The loss in :math:`\delta h_t = \partial E_t/\partial h_t`, by the name and its step."""
    found: dict[tuple[str, str], str] = {}
    for text in texts:
        for m in _BARE.finditer(text):
            said, read = _DEFINES.match(text, m.end()), steps_of(m.group("scripts"))
            if said is None or read is None or read[0]:
                continue
            by = _SEQUENCE.fullmatch(said.group("by").strip())
            if by is not None and plain(by.group("base")) == plain(m.group("base")):
                found.setdefault((plain(m.group("base")), read[1]), said.group("of").strip())
    return found


def said_loss(text: str, end: int) -> str:
    """The loss that the mark which ends at ``end`` differentiates, where an equation says so."""
    said = _DEFINES.match(text, end)
    return said.group("of").strip() if said is not None else ""


def at_step(loss: str, step: str) -> str:
    """``loss``, which is written for step t, at ``step``."""
    return _at(loss, step)


def runs_back(texts: Sequence[str]) -> frozenset[str]:
    r"""The reading that goes with :math:`\delta_t = \partial L_t/\partial a_t` and a recursion.

    A text that takes :math:`\delta_t` from :math:`\delta_{t+1}` means all losses that are to come.
    """
    own = own_losses(texts)
    ahead = {"".join(m.group("scripts").split()) for x in texts for m in _BARE.finditer(x)}
    if {"_{t+1}", "^{(t+1)}"} & ahead and any(
        step == "t" and _AT_STEP.search(loss) for (_, step), loss in own.items()
    ):
        return frozenset(("whole-loss",))
    later = any(_LATER.search(text) for text in texts)
    for text in texts if later else ():
        for m in _DELTA.finditer(text):
            said = _DEFINES.match(text, m.end())
            if said is not None and _AT_STEP.search(said.group("of")) and not two_steps(
                m.group("scripts")
            ):
                return frozenset(("whole-loss",))
    return frozenset()


def _pairs(text: str) -> Iterator[_Pair]:
    """What ``text`` says of a δ with two steps."""
    for m in _DELTA.finditer(text):
        steps, said = two_steps(m.group("scripts")), _DEFINES.match(text, m.end())
        if steps is None or said is None:
            continue
        of, by = _AT_STEP.search(said.group("of")), _AT_STEP.search(said.group("by"))
        if of is None or by is None:
            continue
        letters = tuple((n.group("in") or n.group("a")).strip("()<> ") for n in (of, by))
        mark = next((k for k, step in steps.items() if step == letters[0]), "")
        other = "_" if mark == "^" else "^"
        if mark and steps[other] == letters[1] and letters[0] != letters[1]:
            yield _Pair(said.group("of"), said.group("by").strip(), mark, (letters[0], letters[1]))


def _moved(name: str, letter: str, step: str) -> str:
    """``name``, which is written for the step ``letter``, at ``step``."""

    def new(m: re.Match[str]) -> str:
        if (m.group("in") or m.group("a")).strip("()<> ") != letter:
            return m.group()
        inner = m.group("in")
        return f"{m.group('mark')}{{{inner.replace(letter, step) if inner else step}}}"

    return _AT_STEP.sub(new, name)


def _at(name: str, step: str) -> str:
    """``name``, which is written for step t, at ``step``."""
    if step == "t":
        return name
    name = re.sub(r"([_^])\s*t(?![A-Za-z])", rf"\1{{{step}}}".replace("\\t", "\\\\t"), name)
    return re.sub(
        r"(?<=[{(,<\s])t(?=[})>,\s])", step.replace("\\", "\\\\"), name
    )


def _sequences(texts: Sequence[str]) -> dict[Key, str]:
    """The names that run in time, by their letters: how each is written at step t."""
    found: dict[Key, str] = {}
    for text in texts:
        for m in _SEQUENCE.finditer(text):
            read = steps_of(m.group("scripts"))
            if read is None or read[1] != "t":
                continue
            base = plain(m.group("base"))
            found.setdefault(frozenset((base, *read[0])), m.group())
    return found
