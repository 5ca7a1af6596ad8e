r"""Definitions that leave out the step: ``o = V h + c`` beside ``h_t = …`` is about step t.

A name that carries a step anywhere in the document is a sequence; where it stands bare in a
definition, the step of the left side is meant, or the one before where that would go in a circle.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from bptt_sym.errors import InputError
from bptt_sym.read.function_names import FUNCTION_LETTERS, LOSS_LETTERS
from bptt_sym.read.tokens import SHORT, Token, tokenize
from bptt_sym.read.vocabulary import ACTIVATIONS, plain_name

#: Letters of an input where nothing else is said.
INPUT_LETTERS = frozenset(("x", "u"))
#: ``u \\cdot h_t``: what stands before it is its weight.
_WEIGHS = re.compile(
    r"\s*(?:\\cdot|\\,|\*|·)?\s*\{?\s*(?:\\[a-z]+\s*\{)?[A-Za-z]\s*\}?\s*_\s*\{?\s*t"
)
_STEP_MARKS = frozenset(("t", "T", "k", "n", r"\tau"))
#: Of these, those that are a step even alone below a name (``b_n`` belongs to a gate called n).
_ALONE = frozenset(("t", "T", r"\tau", "k"))
#: What is computed from the state of the step before, even where no line says so.
_GATES = frozenset(("f", "i", "o", "g", "z", "r", "n"))
#: Above a name that has a label below, ``z_h^t``, these are its step; ``W_h^T`` is turned.
_BESIDE = frozenset(("t", "t-1", "t+1"))


@dataclass(frozen=True)
class Mention:
    """A name in a formula: where its letters end, and the step it carries as written."""

    name: str
    start: int
    end: int
    #: "" if it stands bare, "name" if its script is part of the name, else the step's text.
    step: str
    #: The text in the parentheses directly after it, with them; "" if there are none.
    argument: str
    #: Whether the step stands above without brackets, where a power may be meant.
    raised: bool = False
    #: The whole name, with the script that is part of it; where that script ends.
    key: str = ""
    close: int = 0


def mentions(text: str, tokens: Sequence[Token]) -> Iterator[Mention]:
    """The names in a formula, scripts that hold them left out."""
    k = 0
    while k < len(tokens):
        start = k
        t = tokens[k]
        name = ""
        if t.kind in ("accent", "font"):
            k += 1
            if k < len(tokens) and tokens[k].kind == "{":
                end = _closing(tokens, k)
                inner = "".join(x.text for x in tokens[k + 1 : end])
                k = end + 1
            else:
                inner = tokens[k].text if k < len(tokens) else ""
                k += 1
            name = f"{t.text}{{{inner}}}" if t.text else inner
        elif t.kind == "word":
            name = t.text
            k += 1
        elif t.kind in ("_", "^"):
            k = _after_script(tokens, k)
            continue
        else:
            k += 1
            continue
        end = tokens[min(k, len(tokens)) - 1].end
        step, k, raised = _step(tokens, k)
        argument = ""
        if k < len(tokens) and tokens[k].kind == "open" and tokens[k].text == "(":
            close = _closing(tokens, k)
            if close < len(tokens):
                argument = text[tokens[k].start : tokens[close].end]
                inner_words = [x.text for x in tokens[k + 1 : close] if x.kind != "num"]
                marks = _STEP_MARKS | {"-", "+", "s", "j", "i"}
                if not step and inner_words and set(inner_words) <= marks:
                    step = argument
        close = tokens[min(k, len(tokens)) - 1].end
        key = plain_name(name)
        if step == "name":
            key += re.sub(r"[\s{}]", "", text[end:close])
        yield Mention(name, tokens[start].start, end, step, argument, raised, key, max(end, close))


def mentioned(text: str) -> tuple[Mention, ...]:
    """The names in the formula ``text``, scripts left out. Raises InputError."""
    return _mentioned(text) if len(text) <= SHORT else tuple(mentions(text, tokenize(text)))


@lru_cache(maxsize=2048)
def _mentioned(text: str) -> tuple[Mention, ...]:
    return tuple(mentions(text, tokenize(text)))


def _closing(tokens: Sequence[Token], k: int) -> int:
    depth = 0
    for j in range(k, len(tokens)):
        depth += (tokens[j].kind in ("{", "open")) - (tokens[j].kind in ("}", "close"))
        if not depth:
            return j
    return len(tokens)


def _after_script(tokens: Sequence[Token], k: int) -> int:
    if k + 1 < len(tokens) and tokens[k + 1].kind == "{":
        return min(_closing(tokens, k + 1) + 1, len(tokens))
    return k + 2


def _step(tokens: Sequence[Token], k: int) -> tuple[str, int, bool]:
    """The step in the scripts from token ``k`` on, the index after them, whether it may be a power.
    """
    found, power = "", False
    while k < len(tokens) and tokens[k].kind in ("_", "^", "prime"):
        if tokens[k].kind == "prime":
            k += 1
            continue
        after = _after_script(tokens, k)
        script = [t for t in tokens[k + 1 : after] if t.kind not in ("{", "}")]
        inner = [t for t in script if t.kind not in ("open", "close") and t.text not in "<>"]
        words = {t.text for t in inner if t.kind == "word"}
        raised, bracketed = tokens[k].kind == "^", len(inner) < len(script)
        k = after
        joined = any(t.kind in ("op", "sep") for t in inner)
        plainly = joined or (bool(words & _ALONE) and len(inner) == 1)
        if words & _STEP_MARKS and words <= _STEP_MARKS | {"i", "j", "m"} and plainly:
            here = "".join(t.text for t in inner)
            if not raised or bracketed or not found or (found == "name" and here in _BESIDE):
                found = here
                power = raised and not bracketed
        elif raised and not bracketed:
            continue
        elif not found:
            found = "name" if words else "".join(t.text for t in inner)
    return found, k, power


def sequences(texts: Iterable[str]) -> frozenset[str]:
    """Names that carry a running step somewhere in ``texts``."""
    each = [(_running_of_short if len(text) <= SHORT else _running)(text) for text in texts]
    found = frozenset[str]().union(*(one.plainly for one in each))
    if any(one.above for one in each):
        found = found.union(*(one.raised for one in each))
    return found - set(ACTIVATIONS) - {"d"}


class _Running(NamedTuple):
    """The names of one text with a running step, and those that have it above without brackets."""

    plainly: frozenset[str] = frozenset()
    raised: frozenset[str] = frozenset()
    #: Whether it gives something that has its step above.
    above: bool = False


def _running(text: str) -> _Running:
    try:
        tokens = tokenize(text)
    except InputError:
        return _Running()
    here = mentioned(text)
    found: set[str] = set()
    raised: set[str] = set()
    for m in [*here, *in_scripts(text, tokens)]:
        turned = m.raised and m.step == "T"  # W^T is the transpose
        if _is_an_entry(m):
            continue
        if m.step and m.step != "name" and not m.step.isdigit() and not turned:
            (raised if m.raised else found).add(plain_name(m.name))
    return _Running(frozenset(found), frozenset(raised), _gives_a_raised_step(tokens, here))


def _is_an_entry(m: Mention) -> bool:
    """``V_{k,j}``: of what is written large, two letters without t are a row and a column."""
    return m.name.isupper() and re.fullmatch(r"[a-su-z],[a-su-z]", m.step) is not None


@lru_cache(maxsize=2048)
def _running_of_short(text: str) -> _Running:
    return _running(text)


def _gives_a_raised_step(tokens: Sequence[Token], here: Sequence[Mention]) -> bool:
    """Whether a row gives something that has its step above it: ``h^t = …``; not a power."""
    if _raises_brackets(tokens):
        return False
    begins = {t.start for b, t in zip((None, *tokens), tokens, strict=False)
              if b is None or b.kind in ("row", "&")}  # fmt: skip
    for m in here:
        if m.raised and m.step == "t" and m.start in begins:
            after = (t for t in tokens if t.start >= m.close and t.kind not in ("&", "}"))
            if (sign := next(after, None)) is not None and sign.text == "=":
                return True
    return False


def _raises_brackets(tokens: Sequence[Token]) -> bool:
    """Whether brackets are raised to the power t: ``W^t = (Q D Q^{-1})^t``."""
    behind = zip(tokens, tokens[1:], tokens[2:], (*tokens[3:], None), strict=False)
    return any(
        a.kind == "close" and b.kind == "^"
        and (c.text == "t" or (c.kind == "{" and d is not None and d.text == "t"))
        for a, b, c, d in behind
    )  # fmt: skip


def labelled_sequences(texts: Iterable[str], names: frozenset[str]) -> frozenset[str]:
    """Names with a label, ``z_y``, that are given without their step in terms of ``names``."""
    lines = (_Line.of(text) for text in texts)
    return frozenset(
        line.left for line in lines
        if line is not None and line.head.step == "name" and line.runs(names)
    )  # fmt: skip


def in_scripts(text: str, tokens: Sequence[Token]) -> Iterator[Mention]:
    """The names in scripts: ``\\delta_{h_t}``, ``\\partial_{h_t}``."""
    for k, t in enumerate(tokens):
        if t.kind in ("_", "^"):
            inner = list(tokens[k + 2 : _after_script(tokens, k) - 1])
            if any(x.kind in ("_", "^") for x in inner):
                yield from mentions(text, inner)


def arguments(texts: Iterable[str]) -> dict[str, str]:
    r"""For each name, the arguments with commas that it is applied to: ``l`` to ``(y_t, o_t)``.

    Where a text applies it in several ways, those count by which it differentiates. A function of
    one argument is none of them, and a comma within brackets or a script parts no arguments:
    ``\tanh(W [h_{t-1}, x_t])`` says nothing of the argument in ``o_t \odot \tanh c_t``.
    """
    found: dict[str, list[str]] = {}
    differentiated: set[str] = set()
    for text in texts:
        try:
            here = mentioned(text)
        except InputError:
            continue
        differentiated |= {"".join((a or b).split()) for a, b in _BY.findall(text)}
        for m in here:
            if m.key not in ACTIVATIONS and not m.step and _several(m.argument):
                found.setdefault(m.name, []).append(m.argument)

    def by_which(argument: str) -> int:
        return sum("".join(a.split()) in differentiated for a in argument[1:-1].split(","))

    return {name: max(every, key=by_which) for name, every in found.items()}


def _several(argument: str) -> bool:
    """Whether what stands in parentheses is more than one thing, and no slice: ``W(:, j)``."""
    depth = 0
    if ":" in argument:
        return False
    for mark in argument:
        depth += (mark in "([{") - (mark in ")]}")
        if mark == "," and depth == 1:
            return True
    return False


#: What stands below a derivative sign, or beside it: ``\partial_{w_h}``, ``\partial w_h``.
_BY = re.compile(
    r"\\partial\s*(?:_\s*\{([^{}]+)\}|([A-Za-z](?:\s*_\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?))"
)


def completed(
    lines: Sequence[str], timed: frozenset[str], applied: Mapping[str, str]
) -> list[str]:
    """``lines`` with the steps written out that they leave out."""
    read = [_Line.of(line) for line in lines]
    names = timed | {line.left for line in read if line is not None and line.left_timed}
    for line in read:
        if line is not None and not line.left_timed and line.runs(names):
            names |= {line.left}
    needs = {line.left: line.same_step(names) for line in read if line is not None}
    lagged = frozenset(
        plain_name(m.name) for line in read if line is not None for m in line.right
        if "-1" in m.step
    )
    out = []
    for text, line in zip(lines, read, strict=True):
        out.append(text if line is None else line.completed(names, needs, lagged, applied))
    return out


def step_defined_by(line: str) -> str:
    """The name with a step on the left of an equation, "" if none stands alone there."""
    read = _Line.of(line)
    return read.left if read is not None and read.left_timed else ""


def defined_by(line: str) -> str:
    """The name on the left of a definition, "" if there is none."""
    read = _Line.of(line)
    return read.left if read is not None else ""


_STEP_ABOVE = re.compile(r"\^\s*\{?\s*(?:\\langle|[(<])\s*t\s*(?:\\rangle|[)>])\s*\}?\s*&?\s*$")

#: A word below a name, and nothing besides: ``o_{\\mathrm{out}}``.
_LABEL_BELOW = re.compile(r"_\{?\\(?:mathrm|text|textrm|operatorname)\{[A-Za-z]{2,}\}\}?&?$")


def gives_way(line: str, names: frozenset[str]) -> bool:
    """Whether ``line`` defines one of ``names``, with the label below it: ``\\Gamma_f``."""
    left = re.sub(r"\s", "", _STEP_ABOVE.sub("", line.partition("=")[0]))
    if _LABEL_BELOW.search(left):
        return plain_name(left) in names  # o_{\mathrm{out}} is no o
    return defined_by(line) in names or plain_name(left) in names


@dataclass
class _Line:
    text: str
    left: str
    left_timed: bool
    head: Mention
    right: list[Mention]
    sums: bool

    @classmethod
    def of(cls, text: str) -> _Line | None:
        try:
            tokens = tokenize(text)
        except InputError:
            return None
        equals = next((k for k, t in enumerate(tokens) if t.kind == "rel"), None)
        if equals is None:
            return None
        left = list(mentions(text, tokens[:equals]))
        if len(left) != 1:
            return None
        right = list(mentions(text, tokens[equals + 1 :]))
        sums = any(t.kind == "big" for t in tokens)
        bare = left[0].step in ("", "name") and not left[0].argument
        return cls(text, left[0].key, not bare, left[0], right, sums)

    def runs(self, names: frozenset[str]) -> bool:
        """Whether a bare left side must be a sequence: its right side is about one step."""
        if self.sums or self.left in ACTIVATIONS:
            return False
        if self.left in FUNCTION_LETTERS and not (names & {"h", "s"} and self.left in names):
            return self.left in names
        found = [m for m in self.right if m.key in names]
        steps = ("", "name", "t", "t-1", "(t)", "(t-1)")
        return bool(found) and all(m.step in steps for m in found)

    def same_step(self, names: frozenset[str]) -> set[str]:
        return {
            m.key
            for m in self.right
            if m.key in names and m.step in ("", "name", "t", "(t)")
        }

    def completed(
        self,
        names: frozenset[str],
        needs: Mapping[str, set[str]],
        lagged: frozenset[str],
        applied: Mapping[str, str],
    ) -> str:
        marks: list[tuple[int, str]] = []
        if not self.left_timed and self.left in names and self.runs(names):
            marks.append((self.head.close, _mark(self.head, "t")))
        elif not self.left_timed and not self.sums:
            return self.text
        about = {plain_name(m.name) for m in self.right if m.step and m.step != "name"}
        for m in self.right:
            name = m.key
            if m.step not in ("", "name") or m.argument:
                continue
            if m.name in applied and (self.sums or name not in names):
                marks.append((m.end, applied[m.name]))
                continue
            # Beside an input that has its step, the other letter is a weight: u x_t.
            bare = name in INPUT_LETTERS and bool(names) and not INPUT_LETTERS & names
            bare = bare and not (name == "u" and _WEIGHS.match(self.text, m.close))
            known = name in names or bare
            if self.sums and not self.left_timed:
                known = known or name in LOSS_LETTERS
            if not known or (name in about and name in INPUT_LETTERS):
                continue
            lags = name in lagged or (name == "h" and self.left in _GATES)
            circle = name == self.left or (lags and self.left in _reach(name, needs))
            marks.append((m.close, _mark(m, "t-1" if circle and not self.sums else "t")))
        text = self.text
        for end, mark in sorted(marks, reverse=True):
            text = text[:end] + mark + text[end:]
        return text


def _mark(mention: Mention, step: str) -> str:
    """The step as it is written behind a name that may have a subscript already."""
    return f"^{{({step})}}" if mention.step == "name" else f"_{{{step}}}"


def at_this_step(text: str, names: frozenset[str]) -> str:
    """``text`` with the step t at every sequence of ``names`` that stands there bare."""
    marks = [
        (m.close, _mark(m, "t"))
        for m in mentions(text, tokenize(text))
        if m.step in ("", "name") and not m.argument and m.key in names
    ]
    for end, mark in sorted(marks, reverse=True):
        text = text[:end] + mark + text[end:]
    return text


def _reach(name: str, needs: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [name]
    while todo:
        for n in needs.get(todo.pop(), ()):
            if n not in seen:
                seen.add(n)
                todo.append(n)
    return seen
