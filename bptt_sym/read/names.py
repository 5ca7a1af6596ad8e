"""Which thing of the vocabulary a name with its scripts is."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeAlias

from bptt_sym.entries import UNITS, Entry
from bptt_sym.errors import LimitExceeded, ReadError, Span, UnboundName
from bptt_sym.notation import FUNCTIONS, INFINITY, At, Fn, Idx, Node, Num, Ones, Sym
from bptt_sym.read import limits
from bptt_sym.read.grammar import parse
from bptt_sym.read.index import Ranges, index_of
from bptt_sym.read.surface import Expr, Factor, Group, Script, Scripted, Word
from bptt_sym.read.tokens import Token
from bptt_sym.read.vocabulary import (
    INDEX_LETTERS,
    Vocabulary,
    subscripted,
    superscripted,
)
from bptt_sym.recurrence import HORIZON
from bptt_sym.shapes import is_upper

#: What the identity matrix is called where nothing is defined by that name.
IDENTITY = frozenset(("I", r"\mathbf{I}", r"\boldsymbol{I}"))
#: A unit of a product: the operator before it, its node (``None`` for dots), its surface factor.
Unit: TypeAlias = tuple[str, Node | None, Factor]
#: ``\\text{pre}``, and no sign of a transpose.
_A_WORD = re.compile(r"\\mathrm\{[A-Za-z]{3,}\}")
_MAX_BINDER_DEPTH = 3 * limits.MAX_DEPTH


class Names:
    """The names of one claim: the state that binding needs."""

    def __init__(self, vocabulary: Vocabulary, tokens: list[Token]) -> None:
        self.vocabulary = vocabulary
        self.tokens = tokens
        self.ranges: Ranges = {}
        self.bound: frozenset[str] = frozenset()
        self.depth = 0
        self._in_scripts: frozenset[str] | None = None
        self._places: dict[str, list[int]] = {}

    def nested(self, span: Span) -> None:
        self.depth += 1
        if self.depth > _MAX_BINDER_DEPTH:
            raise LimitExceeded("nested too deeply", span=span)

    def places(self, name: str) -> list[int]:
        """Where the word ``name`` stands in the claim, in order."""
        if not self._places:
            for t in sorted(self.tokens, key=lambda t: t.start):
                if t.kind == "word":
                    self._places.setdefault(t.text, []).append(t.start)
        return self._places.get(name, [])

    # -- what is a name

    def word(self, f: Word) -> Node:
        """A name without scripts."""
        name, v = f.name, self.vocabulary
        if name in self.bound:
            return Idx(name, span=f.span)
        found = v.canonical(name, v.totals)
        if found is None:
            found = v.canonical(name, v.parameters)
        if found is not None:
            return Sym(found, span=f.span)
        if name == r"\top":
            name = HORIZON
        if name == INFINITY:
            return Sym(name, span=f.span)
        if v.is_index(name):
            return Idx(name, span=f.span)
        if v.canonical(name, v.sequences) is not None:
            raise UnboundName(
                f"the sequence {name} without a time", span=f.span, token=name,
                hint=f"write {name}_t, or the step that is meant",
            )  # fmt: skip
        if self.function_name(f, None, None)[0] is not None:
            raise UnboundName(f"the function {name} without an argument", span=f.span,
                              token=name, hint=f"write {name}(…)")  # fmt: skip
        if name in INDEX_LETTERS and name in self.in_scripts():
            return Idx(name, span=f.span)
        if v.open and not (v.unit_identity and name == "I"):
            return Sym(name, span=f.span)
        if self.is_identity(name):
            return Ones(span=f.span)
        raise self.unbound(name, f.span)

    def is_identity(self, name: str, sub: Script | None = None) -> bool:
        """Whether the name is the identity matrix: ``I`` or ``I_n``, defined by nothing.

        Of a model of numbers a bare one is the number 1, where the vocabulary says so.
        """
        shapes = self.vocabulary.shapes.values()
        dims = {d for s in shapes for d in s if isinstance(d, str)}
        return (
            name in IDENTITY
            and (any(len(s) == 2 for s in shapes) or self.vocabulary.unit_identity)
            and (sub is None or self.short(sub) in dims)
        )

    def named(self, f: Scripted, base: Word) -> Node:
        """A name with scripts: a parameter, an element of a sequence, a power."""
        name, sub, sup = base.name, f.sub, f.sup
        v = self.vocabulary
        if f.primes:
            name += "'" * f.primes
            if self.function_name(base, None, None)[0] is not None:
                shown = base.name + "'" * f.primes
                raise ReadError(f"{shown} without an argument", span=f.span, token=shown,
                                hint=f"write {shown}(…) with its pre-activation")  # fmt: skip
        span = f.span
        if sub is None:
            return self.superscripted(f, name, sup)
        entry = self.entry(name, sub, sup, span)
        if entry is not None:
            return entry
        # A superscript may belong to the name (h^{(1)}_t, W^{(f)}_x) or be a power or transpose.
        if sup is not None:
            node = self.known(superscripted(name, sup.text), sub, span)
            if node is not None:
                return node
            node = self.raised_element(name, sub, sup, span)
            if node is not None:
                return node
            if v.open and (_is_label(sup) or (is_upper(name) and self._names_where(sup))):
                name, sup = superscripted(name, sup.text), None
        node = self.known(name, sub, span)
        if node is None and v.open:
            time = self.time(sub)
            if time is not None and self.is_open_time(time):
                node = At(name, time, span=span)
            else:
                node = Sym(subscripted(name, self.short(sub)), span=span)
        if node is None and name == "d" and sup is None:
            raise ReadError("a differential that is not divided by another", span=span, token="d")
        if node is None and sup is None and self.is_identity(name, sub):
            node = Ones(span=span)
        if node is None:
            full = subscripted(name, self.short(sub))
            raise self.unbound(full, span)
        return self.with_power(node, sup, span)

    def entry(self, name: str, sub: Script, sup: Script | None, span: Span) -> Node | None:
        """``h_j^{(t)}``, ``h_{t,j}``, ``V_{ji}``, ``b_j``: an entry of what has a meaning whole."""
        v = self.vocabulary
        scripts = _comma_parts(sub) or [sub]
        parts = [p.text.replace(" ", "") for p in scripts]
        units = "".join(p for p in parts if set(p) <= UNITS)
        sequence = v.canonical(name, v.sequences)
        if name == r"\delta" and sequence is not None and sup is None and len(scripts) == 1:
            return None
        if len(scripts) == 1 and v.canonical(subscripted(name, self.short(sub)), v.sequences):
            return None  # z_r beside z: a name of its own
        if sequence is not None and len(parts) == len(units) == 2:  # s_{r,q}, r from a sum
            units = "".join(p for p in parts if p not in self.bound)
        if sequence is not None and len(v.shapes.get(sequence, ())) == len(units) > 0:
            times = [p for p in scripts if p.text.replace(" ", "") != units]
            if sup is not None and not times and self.is_step(sup, entry=True):
                time = self.superscript_time(sup)
            elif len(times) == 1 and len(parts) == 2 and (sup is None or not self.is_step(sup)):
                time = self.time(times[0])
            else:
                return None
            if time is None:
                return None
            entry = Entry(At(sequence, time, span=span), units, span=span)
            return entry if not times else self.with_power(entry, sup, span)
        beside = len(parts) == 2 and sequence is None  # \\delta_{i,j}
        if name == r"\delta" and sup is None and len(units) == 2 and (
            len(parts[0]) == 2 or (beside and len(parts[0]) == len(parts[1]) == 1)
        ):  # fmt: skip
            return Entry(Ones(span=span), units, span=span)  # Kronecker's
        if sup is None and len(parts) > 1:  # W_{hh,ij}
            last = len(parts) - (2 if len(parts[-1]) == 1 and len(parts) > 2 else 1)
            units = "".join(parts[last:])
            labelled = v.canonical(subscripted(name, ",".join(parts[:last])), v.parameters)
            axes = len(v.shapes.get(labelled, ())) if labelled is not None else None
            if labelled is not None and set(units) <= UNITS and axes == len(units):
                return Entry(Sym(labelled, span=span), units, span=span)
            units = "".join(p for p in parts if set(p) <= UNITS)
        parameter = v.canonical(name, v.parameters)
        if parameter is None or len(units) != len("".join(parts)):
            return None
        if sup is not None and [t.kind for t in sup.tokens] != ["num"]:
            return None
        known = v.canonical(subscripted(name, self.short(sub)), v.parameters)
        if known is not None or len(v.shapes.get(parameter, ())) != len(units):
            return None
        return self.with_power(Entry(Sym(parameter, span=span), units, span=span), sup, span)

    def is_step(self, sup: Script, entry: bool = False) -> bool:
        """Whether a superscript is a step by its form, and no power; ``h_i^{t-1}`` is an entry of
        a step whatever the text writes elsewhere."""
        first = sup.tokens[0]
        bracketed = first.kind == "open" or first.text == "<"
        letter = first.kind == "word" and first.text != HORIZON
        above = self.vocabulary.superscript_time or (entry and first.text == "t")
        return bracketed or (above and letter)

    def raised_element(self, name: str, sub: Script, sup: Script, span: Span) -> Node | None:
        """``a_o^{(t)}``: the step above a name with a subscript of its own."""
        v = self.vocabulary
        bracketed = sup.tokens[0].kind == "open" or sup.tokens[0].text == "<"
        if not bracketed and not v.superscript_time:
            return None
        time = self.superscript_time(sup)
        full = subscripted(name, self.short(sub))
        sequence = v.canonical(full, v.sequences)
        if sequence is None and v.open and v.canonical(full, v.parameters) is None:
            # In a definition: an input with a label.
            opens = time is not None and self.is_open_time(time)
            labelled = all(t.kind == "word" for t in sub.tokens)
            sequence = full if opens and labelled else None
        if time is None or sequence is None:
            return None
        return At(sequence, time, span=span)

    def superscripted(self, f: Scripted, name: str, sup: Script | None) -> Node:
        v = self.vocabulary
        if sup is None:  # primes alone: a name such as h'
            return self.word(Word(name, f.span))
        raised = superscripted(name, sup.text)
        found = v.canonical(raised, v.parameters) or v.canonical(raised, v.totals)
        if found is not None:
            return Sym(found, span=f.span)
        parameter = v.canonical(name, v.parameters) or v.canonical(name, v.totals)
        sequence = v.canonical(name, v.sequences)
        time = self.superscript_time(sup)
        if time is not None and name not in self.bound:
            bracketed = sup.tokens[0].kind == "open"
            if sequence is not None:
                # A sequence without a time means nothing, so a letter above it is its step; a
                # plain number is a power unless the definitions write steps above.
                letter = parameter is None and not isinstance(time, Num)
                if bracketed or v.superscript_time or letter:
                    return At(sequence, time, span=f.span)
            if v.open and parameter is None and bracketed and self.is_open_time(time):
                return At(name, time, span=f.span)
            if v.open and v.superscript_time and parameter is None and self.is_open_time(time):
                return At(name, time, span=f.span)
        if name == "e" and parameter is None and sequence is None and name not in self.bound:
            return self.exponential(sup, f.span)
        if v.open and parameter is None and not self.is_power(sup):
            return Sym(superscripted(name, sup.text), span=f.span)
        base = f.base
        assert isinstance(base, Word)
        return self.with_power(self.word(replace(base, name=name)), sup, f.span)

    def is_power(self, sup: Script) -> bool:
        """In a definition: a number, a transpose or an index is a power, other text a name."""
        t = sup.tokens[0]
        if len(sup.tokens) == 1:
            return t.kind in ("num", "dagger") or t.text in (r"\top", HORIZON) or (
                t.text in INDEX_LETTERS and t.text in ("k", "n")
            )  # fmt: skip
        return t.kind == "op" or any(t.kind == "op" for t in sup.tokens)

    def _names_where(self, sup: Script) -> bool:
        """``W_0^o``: a letter that counts nothing, above a matrix that has a number below."""
        t = sup.tokens[0]
        return len(sup.tokens) == 1 and t.kind == "word" and t.text not in INDEX_LETTERS | {
            HORIZON, r"\top"
        }  # fmt: skip

    def superscript_time(self, sup: Script) -> Node | None:
        """The step of ``h^{(t)}``, ``h^{\\langle t\\rangle}`` or ``h^t``."""
        tokens = sup.tokens
        if len(tokens) > 2 and tokens[0].kind == "open" and tokens[-1].kind == "close":
            inner = tokens[1:-1]
            return index_of(Script(inner, sup.span), self.vocabulary, self.ranges)
        if len(tokens) > 2 and tokens[0].text == "<" and tokens[-1].text == ">":
            return index_of(Script(tokens[1:-1], sup.span), self.vocabulary, self.ranges)
        if tokens[0].kind == "open":
            return None
        if len(tokens) == 1 and tokens[0].text == r"\top":
            return None
        return index_of(sup, self.vocabulary, self.ranges)

    def exponential(self, sup: Script, span: Span) -> Node:
        self.nested(span)
        node = Fn("exp", self.expr(parse(sup.tokens, sup.span.end)), span=span)
        self.depth -= 1
        return node

    def known(self, name: str, sub: Script, span: Span) -> Node | None:
        """``name_sub`` as a known parameter, total or sequence element."""
        v = self.vocabulary
        if name in self.bound and v.canonical(name, v.sequences) is None:
            raise ReadError(f"a subscript on the index {name}", span=span, token=name)
        full = subscripted(name, self.short(sub))
        found = v.canonical(full, v.parameters) or v.canonical(full, v.totals)
        if found is not None:
            return Sym(found, span=span)
        sequence = v.canonical(name, v.sequences)
        if sequence is not None:
            time = self.time(sub)
            if time is not None:
                return At(sequence, time, span=span)
        # x_{in,t}, h_{t,1}: the time among parts of the name
        parts = _comma_parts(sub)
        if len(parts) == 2:
            for k in (0, 1):
                time = self.time(parts[1 - k])
                part = v.canonical(subscripted(name, parts[k].text), v.sequences)
                if time is not None and part is not None:
                    return At(part, time, span=span)
        found = v.canonical(full, v.sequences)
        if found is not None:
            raise UnboundName(f"the sequence {full} without a time", span=span, token=full,
                              hint=f"write {full}^{{(t)}}")  # fmt: skip
        return None

    def time(self, sub: Script) -> Node | None:
        return index_of(sub, self.vocabulary, self.ranges)

    def is_open_time(self, time: Node) -> bool:
        """In a definition: a time is what mentions the generic step."""
        from bptt_sym.notation import affine

        form = affine(time)
        return form is not None and any(self.vocabulary.is_index(n) for n in form[0])

    def short(self, sub: Script) -> str:
        text = sub.text
        if len(text) > limits.MAX_NAME:
            raise LimitExceeded(
                f"a name of more than {limits.MAX_NAME} characters", span=sub.span, token=text[:20]
            )
        return text

    # -- functions

    def function_name(
        self, base: Word, sub: Script | None, group: Group | None
    ) -> tuple[str | None, bool]:
        """``(name, is it of several arguments)`` of a function, or ``(None, False)``."""
        v, name = self.vocabulary, base.name
        if name in self.bound:
            return None, False
        if sub is not None:
            full = subscripted(name, sub.text)
            if full in v.activations:
                return v.activations[full], False
            called = v.canonical(full, v.functions)
            if called is not None:
                return called, True
        elif name in v.activations:
            return v.activations[name], False
        called = v.canonical(name, v.functions)
        if called is not None and (sub is None or self.time(sub) is not None):
            return called, True
        if sub is None:
            total = v.canonical(name, v.totals)
            if total is not None and group is not None:
                return total, True
            if name in FUNCTIONS and name not in v.activations:
                return None, False
        return None, False

    def timed_by_argument(
        self, f: Factor, base: Word, sub: Script | None, sup: Script | None, primes: int,
        group: Group | None,
    ) -> Node | None:  # fmt: skip
        """``h(t)`` and ``h(t-1)``: a sequence followed by its step in parentheses."""
        if group is None or group.bracket != "(" or len(group.items) != 1 or primes:
            return None
        v = self.vocabulary
        name = base.name
        if sup is not None and (sup.tokens[0].kind == "open" or v.superscript_time):
            return None  # the time is above it already
        if sub is not None:
            name = subscripted(name, sub.text)
        sequence = v.canonical(name, v.sequences)
        if sequence is None and v.open and v.call_time and name not in v.activations:
            sequence = name
        if sequence is None or v.canonical(name, v.functions) is not None:
            return None
        inner = [t for t in self.tokens if group.span.start < t.start and t.end < group.span.end]
        time = index_of(Script(inner, group.span), v, self.ranges)
        if time is None or (v.open and not self.is_open_time(time)):
            return None
        element: Node = At(sequence, time, span=f.span.join(group.span))
        return self.with_power(element, sup, f.span)

    # -- messages

    def in_scripts(self) -> frozenset[str]:
        """Single names that stand in a subscript somewhere in the claim."""
        if self._in_scripts is None:
            out = set()
            depth = 0
            previous = ""
            for t in self.tokens:
                if t.kind in "_^" and not depth:
                    previous = t.kind
                    continue
                if t.kind == "{" and (depth or previous):
                    depth += 1
                elif t.kind == "}" and depth:
                    depth -= 1
                elif t.kind == "word" and (depth or previous):
                    out.add(t.text)
                if not depth:
                    previous = ""
            self._in_scripts = frozenset(out)
        return self._in_scripts

    def unbound(self, name: str, span: Span) -> UnboundName:
        known = self.vocabulary.known()
        near = get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f"is {near[0]} meant?" if near else (
            "the definitions give " + ", ".join(known[:12]) if known else "define it first"
        )  # fmt: skip
        return UnboundName(f"no definition gives {name}", span=span, token=name, hint=hint)

    # What the classes above this one add; a factor may hold a whole expression again.

    def expr(self, tree: Expr) -> Node:
        raise NotImplementedError

    def units(self, factors: list[tuple[str, Factor]]) -> list[Unit]:
        raise NotImplementedError

    def fold(self, units: list[Unit], span: Span) -> Node:
        raise NotImplementedError

    def operand(self, factors: list[tuple[str, Factor]], i: int) -> tuple[Node, int]:
        raise NotImplementedError

    def with_power(self, node: Node, sup: Script | None, span: Span) -> Node:
        raise NotImplementedError


def _is_label(sup: Script) -> bool:
    """``^{(2)}``: a number in parentheses tells layers apart; a power is written without them.
    ``^{hx}``, ``^{l-1,l}``: two names, from where and to where; ``^{\\text{pre}}``: a word."""
    kinds = [t.kind for t in sup.tokens]
    if kinds == ["word"] and _A_WORD.fullmatch(sup.tokens[0].text):
        return True
    if "sep" in kinds and "open" not in kinds:  # W^{l-1,l}
        return True
    return kinds == ["open", "num", "close"] or (len(kinds) > 1 and set(kinds) == {"word"})


def _comma_parts(sub: Script) -> list[Script]:
    parts: list[list[Token]] = [[]]
    for t in sub.tokens:
        if t.kind == "sep" and t.text == ",":
            parts.append([])
        else:
            parts[-1].append(t)
    if len(parts) == 1 or not all(parts):
        return []
    return [Script(p, Span(p[0].start, p[-1].end)) for p in parts]

