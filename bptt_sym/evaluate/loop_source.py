"""Stand-alone source with an explicit loop over time: NumPy and PyTorch.

The source is a module of plain functions, ``forward``, ``backward`` and, with a loss,
``loss_and_gradient``; it imports its array library and nothing else. Named variables follow the
recurrence, each gate's formula stands as a comment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.array_source import IMPORTS, NUMPY, NUMPY_FUNCTIONS, POOLED, TORCH
from bptt_sym.evaluate.formula import equation_text, text
from bptt_sym.evaluate.gathered import gathered
from bptt_sym.evaluate.logistic import shared_exponential
from bptt_sym.evaluate.loop_in_place import InPlace
from bptt_sym.evaluate.loop_plan import Signature
from bptt_sym.evaluate.loop_rows import flat_once, looked_up_once, over_rows, turned_once
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.names import identifier
from bptt_sym.evaluate.program import PER_STEP, STATIC, Program, Size
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

#: A string as ``repr`` writes it: a name with an apostrophe stands in the other marks.
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")


def loop_source(
    rec: Recurrence,
    program: Program,
    *,
    dialect: str = "numpy",
    loss: Node | None = None,
    seeds: bool | Collection[str] = False,
    wrt_inputs: bool | Collection[str] = False,
    sink: bool = False,
) -> tuple[str, Signature]:
    """The source of a module, and how its functions are called.

    Parameters
    ----------
    program:
        The lowered (and usually fused) step.
    dialect:
        ``"numpy"``, ``"torch"``, or ``"pooled"``, which needs :mod:`~bptt_sym.evaluate.pooled`.
    seeds:
        Whether ``backward`` also takes cotangents of the defined sequences, ``(T, B, n)``, or
        of which of them.
    wrt_inputs:
        Whether the gradient with respect to input sequences is computed as well, or to which.
    sink:
        See :func:`~bptt_sym.evaluate.schedule.adjoint_schedule`.
    """
    adj = adjoint(rec, program, seeds=seeds)
    adj.forget_inputs(wrt_inputs)
    if dialect != "torch":
        early = sink and dialect == "pooled"
        adj, program = shared_exponential(adj, program, early=early)
    if dialect == "pooled":
        adj = gathered(adj, products=not sink)
    spelling = {"numpy": NUMPY, "pooled": POOLED, "torch": TORCH}[dialect]
    writer = LoopModule(rec, program, adj, spelling, loss, sink)
    return writer.source(bool(seeds)), writer.signature


class LoopModule(InPlace):
    """The text of a module; subclasses write loops in their own way."""

    def source(self, seeds: bool) -> str:
        m = self.dialect.module
        head = [
            f'"""Forward pass and gradient of the recurrence {identifier(self.rec.name)!r}.',
            "",
        ]
        head += [f"    {equation_text(e)}" for e in self.rec.equations]
        if self.loss is not None:
            head += ["", f"    loss = {text(self.loss)}, summed over the batch"]
        head += ["", *self._shapes(), '"""', ""]
        head += [*IMPORTS[m], ""]
        body = self._forward(seeds)
        if self.program.loss is not None and not seeds:
            args = ", ".join(self.signature.forward())
            body += ["", "", f"def loss_and_gradient({args}):"]
            body += ['    """The loss (summed over steps and batch) and its gradient by name."""']
            body += [f"    values, saved = forward({args})"]
            body += ['    return values["loss"], backward(saved)']
        used = "\n".join(body)
        for kind in ("logsoftmax", "softmax", "finite"):
            if m == "np" and f"{kind}(" in used:
                head += NUMPY_FUNCTIONS[kind]
        return "\n".join(line.rstrip() for line in [*head, "", *body]) + "\n"

    def _shapes(self) -> list[str]:
        out = ["Shapes (T steps, batch of B):"]
        sig = self.signature

        def line(ident: str, lead: str, name: str) -> str:
            dims = ", ".join(
                str(identifier(d) if isinstance(d, str) and "+" not in d else d)
                for d in self.rec.shape(name)
            )
            return f"    {ident}: ({', '.join(x for x in (lead, dims) if x)})"

        out += [line(i, "", n) for n, i in sig.params]
        out += [line(i, "B", n) for n, i in sig.contexts]
        out += [line(i, "T, B", n) for n, i in sig.inputs]
        out += [
            line(i, "B" if self.lags[n] == 1 else f"{self.lags[n]}, B", n) for n, i in sig.initial
        ]
        return out

    def _forward(self, seeds: bool) -> list[str]:
        sig, p = self.signature, self.program
        phases: dict[int, str] = {**self.f.phase()}
        done: set[int] = set()
        lines: list[str] = []
        args = ", ".join(sig.forward())

        self._statements(self.f.fixed, "fixed", phases, done, lines)
        for name, ident in sig.inputs:
            if self.lags[name]:
                start = dict(sig.initial)[name]
                start = f"{start}[None]" if self.lags[name] == 1 else start
                joined = self.dialect.concat.format(parts=f"{start}, {ident}", axis=0)
                lines.append(f"{ident} = {joined}")
        self._reference("fixed", done, phases)
        self.outer_reference = self.w.reference
        kept = [(n, i) for n, i in p.targets.items() if self.place[i].history and self.lags.get(n)]
        if kept and not self.dialect.rows and self.dialect.module != "jnp":
            name, depth = self.place[kept[0][1]].name, self.place[kept[0][1]].history
            made = f"{name}[t + {depth}]"
            lines.append(f"# Initial values come first: step t, counted from 0, makes {made}")
        for name, i in kept:
            self._history_lines(lines, name, i)
        self._statements(self.f.before, "before", phases, done, lines)
        self._forward_loop(lines, phases, done)
        self._statements(self.f.after, "after", phases, done, lines)
        self.forward_done = set(done)
        self._reference("after", done, phases)
        values = [f'"{identifier(n)}": {self._whole(i)}' for n, i in p.targets.items()]
        if p.loss is not None:
            factor, summed = self.factored_loss
            values.insert(0, f'"loss": {factor}{self.w.use(summed, 4, full=True)}.sum()')
        back = self._backward(seeds)
        words = set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", _STRING.sub("", "\n".join(back))))
        saved = ", ".join(s for s in self._candidates() if s in words)
        back[2:2] = [f"    {saved}, = saved"]
        lines.append(f"saved = ({saved},)")
        lines.append(f"return {{{', '.join(values)}}}, saved")
        head = self._head(lines, sig.inputs[0][1] if sig.inputs else None)
        body = [*head, *lines]
        out = [f"def forward({args}):"]
        out += ['    """All values by name, each (T, B, ...), and what ``backward`` needs."""']
        return out + self._guarded(body) + ["", ""] + back

    def _history_lines(self, lines: list[str], name: str, i: int) -> None:
        place, p = self.place[i], self.program
        own = "".join(f", {self.w.size(s)}" for s in p.shape(i))
        empty = self.dialect.empty
        lines.append(f"{place.name} = {empty}((T + {place.history}, B{own}){self._dtype()})")
        initial = dict(self.signature.initial)
        start = self.w.use(p.initial[name], 1) if name in p.initial else initial[name]
        index = "0" if place.history == 1 else f":{place.history}"
        lines.append(f"{place.name}[{index}] = {start}")

    def _allocate(self, lines: list[str], i: int) -> None:
        own = "".join(f", {self.w.size(s)}" for s in self.p.shape(i))
        lines.append(f"{self.place[i].name} = {self.dialect.empty}((T, B{own}){self._dtype()})")

    def _forward_loop(self, lines: list[str], phases: dict[int, str], done: set[int]) -> None:
        for i in sorted(self.place):
            place = self.place[i]
            own = place.stored and not place.history and i not in self.added_to
            if phases.get(i) == "loop" and own:
                rows = self._free_rows(i)
                lines += [] if rows is None else [f"{place.name} = {rows}"]
                if rows is None:
                    self._allocate(lines, i)
        loop: list[str] = []
        self._statements(self.f.loop, "loop", phases, done, loop)
        self._loop(lines, loop, back=False)

    def _backward_loop(self, lines: list[str], phases: dict[int, str], done: set[int]) -> None:
        p, m = self.p, self.dialect.module
        stored = [i for i, place in self.place.items() if i >= self.adj.forward and place.stored]
        stored = sorted(i for i in stored if phases.get(i) == "loop")
        for i, parts in self._side_by_side(stored).items():
            self._allocate(lines, i)
            at = Size()
            for a in parts:
                end = at + p.shape(a)[0]
                first, last = self.w.size(at) if at != Size() else "", self.w.size(end)
                lines.append(f"{self.place[a].name} = {self.place[i].name}[..., {first}:{last}]")
                stored.remove(a)
                at = end
            done.add(i)
        for i in stored:
            self._allocate(lines, i)
        for (name, lag), ident in self.carry.items():
            own = "".join(f", {self.w.size(s)}" for s in p.shape(self.adj.reads[name, lag]))
            steps = "" if lag == 1 else f"T + {lag}, "
            comma = "" if own or steps else ","
            lines.append(f"{ident} = {m}.zeros(({steps}B{own}{comma}){self._dtype()})")
        loop: list[str] = []
        self._statements(self.b.loop, "loop", phases, done, loop)
        pairs = []
        for (name, lag), ident in self.carry.items():
            value = self.w.use(self.adj.reads[name, lag], 1, full=True)
            pairs.append((ident if lag == 1 else f"{ident}[t]", value))
        # All at once: a right-hand side may use what another assignment is about to replace.
        if any(a != b for a, b in pairs):
            loop.append(f"{', '.join(a for a, _ in pairs)} = {', '.join(b for _, b in pairs)}")
        self._loop(lines, loop, back=True)

    def _side_by_side(self, stored: list[int]) -> dict[int, list[int]]:
        """What is joined after the loop, with its parts, if they can be written there at once."""
        out: dict[int, list[int]] = {}
        free = set(stored)
        for i in self.b.after if self.dialect.rows else ():
            op = self.p.ops[i]
            parts = list(op.args)
            vector = op.kind == "concat" and len(op.shape) == 1 and i in self.place
            if vector and len(set(parts)) == len(parts) and free.issuperset(parts):
                out[i] = parts
                free.difference_update(parts)
        return out

    def _loop(self, lines: list[str], loop: list[str], *, back: bool) -> None:
        if not loop:
            return
        if back and not self.dialect.rows:
            lines.append("# d_x is the derivative of the loss by x; d_x_next comes from step t + 1")
        header = "for t in reversed(range(T)):" if back else "for t in range(T):"
        loop = [statement for line in loop for statement in line.split("\n")]
        if self.dialect.rows:
            lines += turned_once(loop, self.names, rooms=self.sink)
            lines += looked_up_once(loop, self.names)
            longer = {place.name for place in self.place.values() if place.history}
            longer |= {self.sequence_names[n] for n, lag in self.lags.items() if lag and n != LAST}
            header, loop = over_rows(loop, self.names, back=back, longer=longer)
        lines.append(header)
        lines += [f"    {s}" for s in loop]

    def _guarded(self, body: list[str]) -> list[str]:
        """exp and cosh may overflow on purpose: 1/inf is the limit that is wanted."""
        text_ = "\n".join(body)
        # Who calls pooled source sees to it once, for both ways.
        own = self.dialect.module == "np" and not self.dialect.rows
        if own and any(f in text_ for f in ("cosh(", "exp(")):
            return ['    with np.errstate(over="ignore"):', *(f"        {s}" for s in body)]
        return [f"    {s}" for s in body]

    def _dtype(self) -> str:
        return ", dtype=dtype" + ", device=device" * (self.dialect.module == "torch")

    def _head(self, lines: list[str], first: str | None) -> list[str]:
        if first is None:
            raise NotSupported(f"{self.rec.name} has no inputs: nothing tells the number of steps")
        out = [f"T, B = {first}.shape[:2]"]
        weight = "".join(f"{ident}, " for _, ident in self.signature.params[:1])
        out += {
            "torch": [f"dtype = {first}.dtype", f"device = {first}.device"],
            "jnp": [f"dtype = jnp.result_type({weight}{first})"],
        }.get(self.dialect.module, [f"dtype = np.result_type({weight}{first}, np.float32)"])
        if self.dialect.rows:
            out[-1] = f"dtype = common({weight}{first})"
        groups = (
            (self.signature.params, 0),
            (self.signature.contexts, 1),
            (self.signature.inputs, 2),
        )
        missing = dict(self.w.dim_names)
        for group, lead in groups:
            for name, ident in group:
                for axis, d in enumerate(self.rec.shape(name)):
                    if isinstance(d, str) and d in missing:
                        out.append(f"{missing.pop(d)} = {ident}.shape[{axis + lead}]")
        for name, ident in self.signature.initial:
            for axis, d in enumerate(self.rec.shape(name)):
                if isinstance(d, str) and d in missing:
                    lead = 1 if self.lags[name] == 1 else 2
                    out.append(f"{missing.pop(d)} = {ident}.shape[{axis + lead}]")
        if any(op.kind == "read" and op.attr[0] == LAST for op in self.program.ops):
            m = self.dialect.module
            out += (
                ["last = jnp.zeros((T, B), dtype).at[-1].set(1.0)"]
                if m == "jnp"
                else [f"last = {m}.zeros((T, B){self._dtype()})", "last[-1] = 1.0"]
            )
        return out

    def _whole(self, i: int) -> str:
        return self.w.use(i, 4, full=True)

    def _candidates(self) -> list[str]:
        """Everything that ``backward`` could need, in the order of its making."""
        out = ["T", "B", "dtype"] + ["device"] * (self.dialect.module == "torch")
        out += self.w.dim_names.values()
        sig = self.signature
        groups = (sig.params, sig.contexts, sig.inputs, sig.initial)
        out += [i for group in groups for _, i in group]
        out.append("last")
        phases = self.f.phase()
        for i, place in self.place.items():
            if i >= self.adj.forward or i not in self.forward_done:
                continue
            if phases.get(i) != "loop" or place.stored:
                out.append(place.name)
        return list(dict.fromkeys(out))

    def _statements(
        self,
        handles: Iterable[int],
        phase: str,
        phases: dict[int, str],
        done: set[int],
        lines: list[str],
    ) -> None:
        self._reference(phase, done, phases)
        loop = phase == "loop"
        for i in handles:
            place = self.place.get(i)
            if place is None or self.p.ops[i].kind in ("param", "context"):
                continue
            if i not in done:
                self._said(i, lines)
            if loop and self._in_parts(i, place, lines):
                done.add(i)
                continue
            if i in self.added_to:
                base = self.added_to[i]
                (other,) = (a for a in self.p.ops[i].args if a != base)
                lines.append(f"{place.name}[t] += {self.w.use(other, 1)}")
                done.add(i)
                continue
            if not loop and self._in_place(i, place, lines):
                done.add(i)
                continue
            if i in done or (loop and self._both(i, place, done, lines)):
                continue
            carried = self.p.ops[i].kind == "later"
            right = self.w.use(i, 1) if carried else self.w.expression(i)
            done.add(i)
            if place.history and not loop:
                lines.append(self._past_and(i, right))
                continue
            if place.history:
                index = f"[t + {place.history}]"
            elif loop and place.stored:
                index = "[t]"
            else:
                index = ""
            line = f"{place.name}{index} = {right}"
            if loop and index and not carried:
                line = self.w.into(i, f"{place.name}{index}") or line
            if not (self.p.ops[i].lead == PER_STEP and line == f"{place.name} = {place.name}"):
                lines.append(line)
        # Two names for one value: each state keeps its own history.
        if phase in ("before", "loop", "after"):
            for name, i in self.program.targets.items():
                if i in handles and self.lags.get(name) and self.place[i].history == 0:
                    raise AssertionError("a state without a history")

    def _said(self, i: int, lines: list[str]) -> None:
        """The formula of a sequence, and what a slope is, in front of its statement."""
        if self.dialect.rows:
            return
        for equation in self.rec.equations:
            if self.program.targets.get(equation.target) == i:
                lines.append(f"# {equation_text(equation)}")
        op = self.p.ops[i]
        if op.kind == "concat" and op.lead == STATIC and not self.stacked:
            self.stacked = True
            lines.append("# What multiplies the same vectors, stacked: one product does for all")
        if self.place[i].name.startswith("slope") and not self.sloped:
            self.sloped = True
            lines.append("# Derivatives of activations; 1 - tanh^2 would lose its digits near 1")

    def _past_and(self, i: int, value: str) -> str:
        """The statement that puts a state made for all steps at once behind its initial value."""
        place = self.place[i]
        return f"{place.name}[{place.history}:] = {value}"

    def _backward(self, seeds: bool) -> list[str]:
        p = self.p
        phases: dict[int, str] = {**self.f.phase(), **self.b.phase()}
        self.going_back = True
        done = set(self.forward_done)
        lines: list[str] = []
        m = self.dialect.module
        self._statements(self.b.fixed, "fixed", phases, done, lines)
        self._statements(self.b.before, "before", phases, done, lines)
        self._backward_loop(lines, phases, done)
        straight = len(lines)
        self._statements(self.b.after, "after", phases, done, lines)
        self._starts(lines)
        if self.b.end and self.b.loop and not self.dialect.rows:
            lines.append("# Sums over all steps and examples")
        self._statements(self.b.end, "end", phases, done, lines)
        self._reference("end", done, phases)
        lines.append("return {")
        lines += [f"    {k}: {v}," for k, v in self._gradients()]
        lines.append("}")
        if self.dialect.rows:
            lines[straight:] = flat_once(lines[straight:], self.names)
        arguments = ["saved"]
        if seeds:
            for name, _ in self.signature.seeds:
                arguments.append(f"{self._seed(name)}=0.0")
        doc = '    """The gradient by name'
        doc += '; ``d_*_in`` are cotangents that enter from outside."""' if seeds else '."""'
        head = [f"def backward({', '.join(arguments)}):", doc]
        if seeds:
            for name, _ in self.signature.seeds:
                own = "".join(f", {self.w.size(s)}" for s in p.shape(self.program.targets[name]))
                lines.insert(
                    0,
                    f"{self._seed(name)} = "
                    + self.dialect.broadcast.format(
                        a=f"{m}.asarray({self._seed(name)}{self._dtype()})", shape=f"(T, B{own})"
                    ),
                )
        return head + self._guarded(lines)

    def _starts(self, lines: list[str]) -> None:
        """Cotangents of the initial values: what the first steps pass back."""
        self.start: dict[str, str] = {}
        m = self.dialect.module
        for name, longest in self.lags.items():
            if not longest or name not in self.program.targets:
                continue
            lags = [k for n, k in self.carry if n == name]
            if not lags:
                continue
            if longest == 1:
                self.start[name] = self.carry[name, 1]
                value = self.start[name]
                total = f"{value}.sum(0)"
            else:
                ident = f"d_{identifier(name)}_initial"
                own = "".join(
                    f", {self.w.size(s)}" for s in self.p.shape(self.program.targets[name])
                )
                lines.append(f"{ident} = {m}.zeros(({longest}, B{own}){self._dtype()})")
                lines += [self._start_grows(ident, longest, self.carry[name, k], k) for k in lags]
                self.start[name] = ident
                total = f"{ident}.sum((0, 1))"
            if any(
                op.kind == "start" and op.attr[0] == name for op in self.p.ops[self.adj.forward :]
            ):
                lines.append(f"d_{identifier(name)}_start = {total}")

    def _start_grows(self, start: str, longest: int, carried: str, lag: int) -> str:
        """The statement that adds what the first steps pass back over ``lag`` steps."""
        if lag == 1:
            return f"{start}[-1] += {carried}"
        return f"{start}[{longest - lag}:][:min({lag}, T)] += {carried}[:min({lag}, T)]"

    def _gradients(self) -> list[tuple[str, str]]:
        """Keys and values of what ``backward`` returns.

        Keys of source to paste are what its arguments are called; those of :class:`NumpyGradient`
        are the recurrence's names.
        """
        sig, m, own = self.signature, self.dialect.module, self.dialect.rows
        out: list[tuple[str, str]] = []
        for table, given in ((self.adj.params, sig.params), (self.adj.contexts, sig.contexts)):
            for name, ident in given:
                value = f"{m}.zeros_like({ident})"
                if name in table:
                    value = self.w.use(table[name], 1, full=True)
                out.append((repr(name if own else ident), value))
        for name, ident in sig.initial:  # of an input's first values there is no gradient
            if name in self.start or name in self.program.targets:
                value = self.start.get(name, f"{m}.zeros_like({ident})")
                out.append((repr(f"{name}0" if own else ident), value))
        for (name, lag), handle in self.adj.reads.items():
            if name in self.program.targets or lag:
                continue
            key = repr(f"d_{name if own else self.sequence_names[name]}")
            out.append((key, self.w.use(handle, 1, full=True)))
        return out
