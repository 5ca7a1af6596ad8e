"""Stand-alone source with an explicit loop over time: NumPy and PyTorch.

The source is a module of plain functions, ``forward``, ``backward`` and, with a loss,
``loss_and_gradient``; it imports its array library and nothing else. Named variables follow the
recurrence, each gate's formula stands as a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from bptt_sym.evaluate.adjoint import Adjoint, adjoint
from bptt_sym.evaluate.array_source import NUMPY, TORCH, Dialect, Writer
from bptt_sym.evaluate.formula import equation_text, text
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.names import Names, identifier
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.evaluate.schedule import adjoint_schedule, forward_schedule
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

_NEVER_NAMED = {"transpose", "neg", "const", "param", "context", "read", "later", "seed"}


@final
@dataclass(frozen=True)
class Signature:
    """What the generated functions take, in order: (name in the recurrence, identifier)."""

    params: list[tuple[str, str]]
    contexts: list[tuple[str, str]]
    inputs: list[tuple[str, str]]
    initial: list[tuple[str, str]]
    seeds: list[tuple[str, str]]

    def forward(self) -> list[str]:
        """The arguments of ``forward``."""
        groups = (self.params, self.contexts, self.inputs, self.initial)
        return [ident for group in groups for _, ident in group]


@final
@dataclass
class _Place:
    """Where a value lives. ``history`` > 0: an array with that many initial steps in front."""

    name: str
    history: int = 0
    stored: bool = False


def loop_source(
    rec: Recurrence,
    program: Program,
    *,
    dialect: str = "numpy",
    loss: Node | None = None,
    seeds: bool = False,
    wrt_inputs: bool = False,
    sink: bool = False,
) -> tuple[str, Signature]:
    """The source of a module, and how its functions are called.

    Parameters
    ----------
    program:
        The lowered (and usually fused) step.
    seeds:
        Whether ``backward`` also takes cotangents of the defined sequences, ``(T, B, n)``.
    wrt_inputs:
        Whether the gradient with respect to input sequences is computed as well.
    sink:
        See :func:`~bptt_sym.evaluate.schedule.adjoint_schedule`.
    """
    adj = adjoint(rec, program, seeds=seeds)
    if not wrt_inputs:
        for key in [k for k in adj.reads if k[0] not in program.targets]:
            del adj.reads[key]
    writer = LoopModule(rec, program, adj, {"numpy": NUMPY, "torch": TORCH}[dialect], loss, sink)
    return writer.source(seeds), writer.signature


class LoopModule:
    """The plan and the text of a module; subclasses write loops in their own way."""

    def __init__(
        self,
        rec: Recurrence,
        program: Program,
        adj: Adjoint,
        dialect: Dialect,
        loss: Node | None,
        sink: bool,
    ) -> None:
        self.rec, self.program, self.adj = rec, program, adj
        self.dialect, self.loss = dialect, loss
        self.p = adj.program
        self.names = Names()
        self.w = Writer(self.p, dialect, self.names)
        self.f = forward_schedule(program)
        self.b = adjoint_schedule(adj, sink=sink)
        self.lags = self._lags()
        self.sequence_names: dict[str, str] = {}
        self.signature = self._signature()
        self.place: dict[int, _Place] = {}
        self.carry: dict[tuple[str, int], str] = {}
        self.going_back = False
        self._plan()

    # -- what there is --------------------------------------------------------------------------

    def _lags(self) -> dict[str, int]:
        """The greatest lag with which each sequence is read."""
        out: dict[str, int] = {}
        for op in self.program.ops:
            if op.kind == "read" and op.attr[0] != LAST:
                out[op.attr[0]] = max(out.get(op.attr[0], 0), op.attr[1])
        return out

    def _signature(self) -> Signature:
        params, contexts, inputs = [], [], []
        for i in sorted({*self.f.fixed, *self.f.before, *self.f.loop, *self.f.after}):
            op = self.program.ops[i]
            if op.kind == "param":
                params.append((op.attr[0], self.names.fresh(op.attr[0])))
            elif op.kind == "context":
                contexts.append((op.attr[0], self.names.fresh(op.attr[0])))
        for name, lag in self.lags.items():
            del lag
            self.sequence_names[name] = self.names.fresh(name)
            if name not in self.program.targets:
                inputs.append((name, self.sequence_names[name]))
        for name in self.program.targets:
            if name not in self.sequence_names:
                self.sequence_names[name] = self.names.fresh(name)
        initial = [
            (n, self.names.fresh(f"{n}0"))
            for n, lag in self.lags.items()
            if lag and n not in self.program.initial
        ]
        sequences = [(n, self.sequence_names[n]) for n in self.program.targets]
        return Signature(params, contexts, inputs, initial, sequences)

    def _plan(self) -> None:
        """Give a name to every value that is used twice, in another phase, or later on."""
        p = self.p
        forward = {**self.f.phase()}
        back = {**self.b.phase()}
        for groups, phase in ((self.f, forward), (self.b, back)):
            own = [*groups.fixed, *groups.before, *groups.loop, *groups.after, *groups.end]
            for i in own:
                op = p.ops[i]
                if op.kind in _NEVER_NAMED:
                    continue
                users = self._users(own, i)
                crosses = any(phase[j] != phase[i] for j in users)
                if len(users) > 1 or crosses or self._heavy(i):
                    if op.kind == "expand" and not crosses:
                        continue
                    self._name(i)
                if crosses and op.lead == PER_STEP and phase[i] == "loop":
                    self._store(i)
        for name, i in self.program.targets.items():
            self._name(i)
            if name in self.lags and self.lags[name]:
                base = self.place[i]
                if base.history == 0:
                    self.place[i] = _Place(self.sequence_names[name], self.lags[name], True)
            if forward.get(i) == "loop":
                self._store(i)
        if self.program.loss is not None:
            self._name(self.program.loss, "e")
            if forward.get(self.program.loss) == "loop":
                self._store(self.program.loss)
        # What the adjoint needs of the forward pass is saved.
        for i in [*self.b.fixed, *self.b.before, *self.b.loop, *self.b.after, *self.b.end]:
            for a in self._arguments(i):
                if a < self.adj.forward and p.ops[a].kind not in _NEVER_NAMED:
                    self._name(a)
                    if forward.get(a) == "loop":
                        self._store(a)
        for handle in self.adj.reads.values():
            if p.ops[handle].kind == "const":
                continue
            if back.get(handle) == "loop" or back.get(handle) == "before":
                if p.ops[handle].kind not in _NEVER_NAMED:
                    self._name(handle)
        for (name, lag), handle in self.adj.reads.items():
            if name in self.program.targets and p.ops[handle].kind != "const":
                self.carry[name, lag] = self.names.fresh(
                    f"d_{identifier(name)}_next" if lag == 1 else f"d_{identifier(name)}_next{lag}"
                )

    def _arguments(self, i: int) -> list[int]:
        """The arguments of ``i``, looking through what is always written where it is used."""
        out, stack = [], list(self.p.ops[i].args)
        while stack:
            a = stack.pop()
            out.append(a)
            if self.p.ops[a].kind in ("neg", "transpose"):
                stack.extend(self.p.ops[a].args)
        return out

    def _users(self, own: list[int], i: int) -> list[int]:
        return [
            j
            for j in own
            if self.p.ops[j].kind not in ("neg", "transpose") and i in self._arguments(j)
        ]

    def _heavy(self, i: int) -> bool:
        """Whether the expression would grow beyond what reads well on a line."""
        depth, stack = 0, [i]
        while stack and depth < 8:
            j = stack.pop()
            depth += 1
            stack.extend(a for a in self.p.ops[j].args if a not in self.place)
        return depth >= 8

    def _name(self, i: int, wish: str | None = None) -> None:
        if i in self.place:
            return
        self.place[i] = _Place(self.names.fresh(wish) if wish else self._wish(i))

    def _wish(self, i: int) -> str:
        p = self.p
        for name, target in self.program.targets.items():
            if target == i:
                return self.sequence_names[name]
        if i in self.adj.of:
            source = self.adj.of[i]
            op = p.ops[source]
            if op.kind in ("param", "context", "read"):
                return self.names.fresh(f"d_{identifier(op.attr[0])}")
            if source in self.place:
                return self.names.fresh(f"d_{self.place[source].name}")
        op = p.ops[i]
        if i < self.adj.forward:
            for j in range(i + 1, self.adj.forward):
                if i in p.ops[j].args and p.ops[j].kind == "fn":
                    for name, target in self.program.targets.items():
                        if target == j:
                            return self.names.fresh(f"a_{identifier(name)}")
                    return self.names.fresh("a")
        if op.kind == "fn" and op.attr[1] == 1:
            inner = self.place.get(op.args[0])
            return self.names.fresh(f"slope_{inner.name}" if inner else "slope")
        if op.kind == "fn":
            return self.names.fresh(str(op.attr[0]).replace("sigma", "gates"))
        if op.kind == "concat" and op.lead < PER_STEP:
            inner_op = p.ops[op.args[0]]
            if inner_op.kind == "param":
                return self.names.fresh(f"{identifier(inner_op.attr[0])[:1]}_all")
        return self.names.fresh("z" if op.kind in ("add", "matvec") else "v")

    def _store(self, i: int) -> None:
        """Keep the value of every step. A slice is kept as a slice of what it is cut from."""
        op = self.p.ops[i]
        if self.place[i].history == 0 and op.kind == "slice" and op.args[0] in self.place:
            parent = op.args[0]
            if self.p.ops[parent].lead == PER_STEP:
                self._store(parent)
                return
        self.place[i].stored = True

    # -- references -----------------------------------------------------------------------------

    def _reference(self, phase: str, done: set[int], phases: dict[int, str]) -> None:
        loop = phase == "loop"

        def find(i: int) -> str | None:
            op = self.p.ops[i]
            if op.kind in ("param", "context"):
                table = self.signature.params if op.kind == "param" else self.signature.contexts
                return dict(table)[op.attr[0]]
            if op.kind == "read":
                return self._read(op.attr[0], op.attr[1], loop)
            if op.kind == "seed":
                ident = self._seed(op.attr[0])
                return f"{ident}[t]" if loop else ident
            if op.kind == "later":
                return self._later(op.attr, loop)
            if op.kind == "start":
                return f"d_{identifier(op.attr[0])}_start"
            place = self.place.get(i)
            if place is None or i not in done:
                return None
            if op.lead < PER_STEP:
                return place.name
            home = phases.get(i, "loop")
            if place.history:
                h = place.history
                return f"{place.name}[t + {h}]" if loop else f"{place.name}[{h}:]"
            if home == "loop" and not place.stored and (
                not loop or (self.going_back and i < self.adj.forward)
            ):
                return None  # a slice of something stored: written as such
            if loop and (home != "loop" or place.stored):
                return f"{place.name}[t]"
            return place.name

        self.w.reference = find
        self.w.inside = loop

    def _read(self, name: str, lag: int, loop: bool) -> str:
        ident = "last" if name == LAST else self.sequence_names[name]
        if name == LAST:
            return f"{ident}[t]" if loop else ident
        longest = self.lags[name]
        if longest == 0:
            return f"{ident}[t]" if loop else ident
        ident = self.place[self.program.targets[name]].name if name in self.program.targets else ident
        offset = longest - lag
        if loop:
            return f"{ident}[t + {offset}]" if offset else f"{ident}[t]"
        if lag == 0:
            return f"{ident}[{longest}:]"
        return f"{ident}[{offset or ''}:-{lag}]"

    def _seed(self, name: str) -> str:
        return f"d_{self.sequence_names[name]}_in"

    def _later(self, key: tuple[str, int], loop: bool) -> str:
        name = self.carry.get(key)
        if name is None:
            return "0.0"
        if key[1] == 1 and loop:
            return name
        return f"{name}[t + {key[1]}]" if loop else f"{name}[{key[1]}:]"

    # -- statements -----------------------------------------------------------------------------

    def source(self, seeds: bool) -> str:
        m = self.dialect.module
        head = [f'"""Forward pass and gradient of the recurrence {identifier(self.rec.name)!r}.', ""]
        head += [f"    {equation_text(e)}" for e in self.rec.equations]
        if self.loss is not None:
            head += ["", f"    loss = {text(self.loss)}, summed over the batch"]
        head += ["", *self._shapes(), '"""', ""]
        head += [*_IMPORTS[m], ""]
        body = self._forward(seeds)
        if self.program.loss is not None and not seeds:
            args = ", ".join(self.signature.forward())
            body += ["", "", f"def loss_and_gradient({args}):"]
            body += ['    """The loss (summed over steps and batch) and its gradient by name."""']
            body += [f"    values, saved = forward({args})"]
            body += ['    return values["loss"], backward(saved)']
        used = "\n".join(body)
        for kind in ("logsoftmax", "softmax"):
            if m == "np" and f"{kind}(" in used:
                head += ["", *_SOFTMAX[kind]]
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
        for name, i in p.targets.items():
            if self.place[i].history and self.lags.get(name):
                self._history_lines(lines, name, i)
        self._statements(self.f.before, "before", phases, done, lines)
        self._forward_loop(lines, phases, done)
        self._statements(self.f.after, "after", phases, done, lines)
        self.forward_done = set(done)
        self._reference("after", done, phases)
        values = [f'"{identifier(n)}": {self._whole(i)}' for n, i in p.targets.items()]
        if p.loss is not None:
            values.insert(0, f'"loss": {self.w.use(p.loss, 4, full=True)}.sum()')
        back = self._backward(seeds)
        words = set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", re.sub(r"'[^']*'", "", "\n".join(back))))
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
        m = self.dialect.module
        own = "".join(f", {self.w.size(s)}" for s in p.shape(i))
        lines.append(f"{place.name} = {m}.empty((T + {place.history}, B{own}){self._dtype()})")
        initial = dict(self.signature.initial)
        start = self.w.use(p.initial[name], 1) if name in p.initial else initial[name]
        index = "0" if place.history == 1 else f":{place.history}"
        lines.append(f"{place.name}[{index}] = {start}")

    def _allocate(self, lines: list[str], i: int) -> None:
        own = "".join(f", {self.w.size(s)}" for s in self.p.shape(i))
        m = self.dialect.module
        lines.append(f"{self.place[i].name} = {m}.empty((T, B{own}){self._dtype()})")

    def _forward_loop(self, lines: list[str], phases: dict[int, str], done: set[int]) -> None:
        for i in sorted(self.place):
            place = self.place[i]
            if phases.get(i) == "loop" and place.stored and not place.history:
                self._allocate(lines, i)
        loop: list[str] = []
        self._statements(self.f.loop, "loop", phases, done, loop)
        if loop:
            lines.append("for t in range(T):")
            lines += [f"    {s}" for s in loop]

    def _backward_loop(self, lines: list[str], phases: dict[int, str], done: set[int]) -> None:
        p, m = self.p, self.dialect.module
        for i in sorted(self.place):
            if i >= self.adj.forward and phases.get(i) == "loop" and self.place[i].stored:
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
        if loop:
            lines.append("for t in reversed(range(T)):")
            lines += [f"    {s}" for s in loop]

    def _guarded(self, body: list[str]) -> list[str]:
        """exp and cosh may overflow on purpose: 1/inf is the limit that is wanted."""
        text_ = "\n".join(body)
        if self.dialect.module == "np" and ("cosh(" in text_ or "exp(" in text_):
            return ['    with np.errstate(over="ignore"):', *(f"        {s}" for s in body)]
        return [f"    {s}" for s in body]

    def _dtype(self) -> str:
        return ", dtype=dtype" if self.dialect.module == "torch" else ""

    def _head(self, lines: list[str], first: str | None) -> list[str]:
        used = "\n".join(lines)
        out = [f"T, B = {first}.shape[:2]"] if first else []
        if self.dialect.module == "torch" and first:
            out.append(f"dtype = {first}.dtype")
        groups = (
            (self.signature.params, 0),
            (self.signature.contexts, 1),
            (self.signature.inputs, 2),
        )
        missing = {d: i for d, i in self.w.dim_names.items()}
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
        if "last" in used.replace("d_last", ""):
            if any(op.kind == "read" and op.attr[0] == LAST for op in self.program.ops):
                m = self.dialect.module
                out += (
                    ["last = jnp.zeros((T, B)).at[-1].set(1.0)"]
                    if m == "jnp"
                    else [f"last = {m}.zeros((T, B){self._dtype()})", "last[-1] = 1.0"]
                )
        return out

    def _whole(self, i: int) -> str:
        return self.w.use(i, 4, full=True)

    def _candidates(self) -> list[str]:
        """Everything that ``backward`` could need, in the order of its making."""
        out = ["T", "B"]
        if self.dialect.module == "torch":
            out.append("dtype")
        out += self.w.dim_names.values()
        sig = self.signature
        out += [i for group in (sig.params, sig.contexts, sig.inputs) for _, i in group]
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
            right = self.w.expression(i)
            if place.history:
                index = f"[t + {place.history}]" if loop else f"[{place.history}:]"
            elif loop and place.stored:
                index = "[t]"
            else:
                index = ""
            line = f"{place.name}{index} = {right}"
            if not (self.p.ops[i].lead == PER_STEP and line == f"{place.name} = {place.name}"):
                lines.append(line)
            done.add(i)
        # Two names for one value: each state keeps its own history.
        if phase in ("before", "loop", "after"):
            for name, i in self.program.targets.items():
                if i in handles and self.lags.get(name) and self.place[i].history == 0:
                    raise AssertionError("a state without a history")

    def _backward(self, seeds: bool) -> list[str]:
        p, sig = self.p, self.signature
        phases: dict[int, str] = {**self.f.phase(), **self.b.phase()}
        self.going_back = True
        done = set(self.forward_done)
        lines: list[str] = []
        m = self.dialect.module
        self._statements(self.b.fixed, "fixed", phases, done, lines)
        self._statements(self.b.before, "before", phases, done, lines)
        self._backward_loop(lines, phases, done)
        self._statements(self.b.after, "after", phases, done, lines)
        self._starts(lines)
        self._statements(self.b.end, "end", phases, done, lines)
        self._reference("end", done, phases)
        lines.append("return {")
        lines += [f"    {k}: {v}," for k, v in self._gradients()]
        lines.append("}")
        arguments = ["saved"]
        if seeds:
            for name in self.program.targets:
                arguments.append(f"{self._seed(name)}=0.0")
        doc = '    """The gradient by name'
        doc += '; ``d_*_in`` are cotangents that enter from outside."""' if seeds else '."""'
        head = [f"def backward({', '.join(arguments)}):", doc]
        if seeds:
            for name, i in self.program.targets.items():
                own = "".join(f", {self.w.size(s)}" for s in p.shape(i))
                lines.insert(
                    0,
                    f"{self._seed(name)} = "
                    + self.dialect.broadcast.format(a=f"{m}.asarray({self._seed(name)})", shape=f"(T, B{own})"),
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
                own = "".join(f", {self.w.size(s)}" for s in self.p.shape(self.program.targets[name]))
                lines.append(f"{ident} = {m}.zeros(({longest}, B{own}){self._dtype()})")
                for k in lags:
                    lines.append(
                        f"{ident}[{longest - k}:][:min({k}, T)] += {self.carry[name, k]}[:min({k}, T)]"
                        if k > 1
                        else f"{ident}[-1] += {self.carry[name, 1]}"
                    )
                self.start[name] = ident
                total = f"{ident}.sum((0, 1))"
            if any(
                op.kind == "start" and op.attr[0] == name for op in self.p.ops[self.adj.forward :]
            ):
                lines.append(f"d_{identifier(name)}_start = {total}")

    def _gradients(self) -> list[tuple[str, str]]:
        sig, m = self.signature, self.dialect.module
        out: list[tuple[str, str]] = []

        def quoted(name: str) -> str:
            return repr(name)

        for name, ident in sig.params:
            if name in self.adj.params:
                out.append((quoted(name), self.w.use(self.adj.params[name], 1, full=True)))
            else:
                out.append((quoted(name), f"{m}.zeros_like({ident})"))
        for name, ident in sig.contexts:
            if name in self.adj.contexts:
                out.append((quoted(name), self.w.use(self.adj.contexts[name], 1, full=True)))
        for name, ident in sig.initial:
            if name in self.start:
                out.append((quoted(f"{name}0"), self.start[name]))
        for (name, lag), handle in self.adj.reads.items():
            if name in self.program.targets or lag:
                continue
            out.append((quoted(f"d_{name}"), self.w.use(handle, 1, full=True)))
        return out


_IMPORTS = {
    "np": ["import numpy as np"],
    "torch": ["import torch"],
    "jnp": ["import jax", "import jax.numpy as jnp"],
}

_SOFTMAX = {
    "softmax": [
        "",
        "def softmax(z):",
        "    e = np.exp(z - z.max(-1, keepdims=True))",
        "    return e / e.sum(-1, keepdims=True)",
        "",
    ],
    "logsoftmax": [
        "",
        "def logsoftmax(z):",
        "    z = z - z.max(-1, keepdims=True)",
        "    return z - np.log(np.exp(z).sum(-1, keepdims=True))",
        "",
    ],
}
