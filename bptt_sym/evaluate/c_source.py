"""Stand-alone C: one function that computes the loss, the states and the gradient.

The arithmetic of one step is fused into few loops over (example, unit), which compilers turn into
vector instructions; products with weights go through one packed kernel. Only the C library is
needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import final

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.adjoint import Adjoint, adjoint
from bptt_sym.evaluate.array_source import number
from bptt_sym.evaluate.c_kernels import PRELUDE
from bptt_sym.evaluate.formula import equation_text, text
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.names import Names, identifier
from bptt_sym.evaluate.program import PER_STEP, Program, Size, Sizes
from bptt_sym.evaluate.schedule import adjoint_schedule, forward_schedule
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

_ELEMENTWISE = {"add", "mul", "div", "neg", "fn", "pow", "expand", "slice", "unit", "const"}
_LEAVES = {"param", "read", "seed", "later", "start"}


@final
@dataclass(frozen=True)
class CSignature:
    """The arguments of the generated function, in order.

    ``dims`` are longs after T and B; then come, as ``const double *``, ``params``, ``inputs``,
    ``initial`` and ``seeds``; then, as ``double *``, ``outputs`` (loss first, sequences, then
    gradients under the name that Python uses); last the workspace.
    """

    dims: list[str]
    params: list[str]
    inputs: list[str]
    initial: list[str]
    seeds: list[str]
    outputs: list[tuple[str, Sizes, int]]


@dataclass
class _Array:
    """A block of the workspace: ``rows`` is ``1``, ``B``, ``T * B`` or a ring."""

    name: str
    shape: Sizes
    kind: str  # static | step | all | history | ring | output
    depth: int = 0


@dataclass
class _Lines:
    lines: list[str] = field(default_factory=list)
    indent: int = 1

    def put(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)


def c_source(
    rec: Recurrence,
    program: Program,
    *,
    loss: Node | None = None,
    seeds: bool = False,
    wrt_inputs: bool = False,
) -> tuple[str, CSignature]:
    """The source of a C file with functions ``gradient`` and ``gradient_workspace``.

    Raises
    ------
    NotSupported
        Matrix-valued sequences and per-example contexts, which this backend does not have.
    """
    adj = adjoint(rec, program, seeds=seeds)
    if not wrt_inputs:
        for key in [k for k in adj.reads if k[0] not in program.targets]:
            del adj.reads[key]
    module = _Module(rec, program, adj, loss, seeds)
    return module.source(), module.signature


class _Module:
    def __init__(
        self, rec: Recurrence, program: Program, adj: Adjoint, loss: Node | None, seeds: bool
    ) -> None:
        self.rec, self.program, self.adj, self.loss, self.seeds = rec, program, adj, loss, seeds
        self.p = adj.program
        self.f = forward_schedule(program)
        self.b = adjoint_schedule(adj, sink=True)
        self.names = Names(frozenset("i j r k rows BLOCK WIDTH LANES vec pack product".split()))
        self.dims: dict[str, str] = {}
        self.arrays: dict[int, _Array] = {}
        self.packed: dict[int, tuple[str, int, bool]] = {}
        self.lags: dict[str, int] = {}
        for op in program.ops:
            if op.lead == 1:
                raise NotSupported("per-example contexts in C")
            if op.kind == "read" and op.attr[0] != LAST:
                self.lags[op.attr[0]] = max(self.lags.get(op.attr[0], 0), op.attr[1])
        for _, group in self._order():
            for i in group:
                if self.p.ops[i].lead == PER_STEP and len(self.p.ops[i].shape) > 1:
                    raise NotSupported("matrix-valued sequences in C")
        self.signature = self._signature()
        self._plan()

    # -- planning -------------------------------------------------------------------------------

    def size(self, s: Size) -> str:
        return s.text(self.dim)

    def dim(self, name: str) -> str:
        if name not in self.dims:
            self.dims[name] = self.names.fresh(name)
        return self.dims[name]

    def width(self, shape: Sizes) -> str:
        if not shape:
            return "1"
        parts = [self.size(s) for s in shape]
        if len(parts) == 1:
            return parts[0] if " " not in parts[0] else f"({parts[0]})"
        return " * ".join(f"({x})" if " " in x else x for x in parts)

    def _signature(self) -> CSignature:
        self.param_names: dict[str, str] = {}
        self.sequence: dict[str, str] = {}
        live = {*self.f.fixed, *self.f.before, *self.f.loop, *self.f.after}
        for i in sorted(live):
            op = self.program.ops[i]
            if op.kind == "param":
                self.param_names[op.attr[0]] = self.names.fresh(op.attr[0])
        for name in (*self.lags, *self.program.targets):
            if name not in self.sequence:
                self.sequence[name] = self.names.fresh(name)
        for name in (*self.param_names, *self.sequence):
            for d in self.rec.shape(name):
                for term, _ in Size.of(d).terms:
                    self.dim(term)
        inputs = [n for n in self.lags if n not in self.program.targets]
        initial = [n for n, lag in self.lags.items() if lag and n not in self.program.initial]
        seeds = list(self.program.targets) if self.seeds else []
        outputs: list[tuple[str, Sizes, int]] = []
        if self.program.loss is not None:
            outputs.append(("loss", (), 0))
        outputs += [(n, self.p.shape(i), PER_STEP) for n, i in self.program.targets.items()]
        for n in self.param_names:
            outputs.append((f"grad {n}", self._param_shape(n), 0))
        for n in initial:
            if n in self.program.targets:
                outputs.append((f"grad {n}0", self.p.shape(self.program.targets[n]), 1))
        for (n, lag), h in self.adj.reads.items():
            if n not in self.program.targets and lag == 0:
                outputs.append((f"grad d_{n}", self.p.shape(h), PER_STEP))
        return CSignature(
            list(self.dims), list(self.param_names), inputs, initial, seeds, outputs
        )

    def _param_shape(self, name: str) -> Sizes:
        return next(
            op.shape for op in self.program.ops if op.kind == "param" and op.attr[0] == name
        )

    def _order(self) -> list[tuple[str, list[int]]]:
        f, b = self.f, self.b
        return [
            ("fixed", f.fixed), ("before", f.before), ("loop", f.loop), ("after", f.after),
            ("fixed", b.fixed), ("before", b.before), ("back", b.loop), ("after", b.after),
            ("end", b.end),
        ]  # fmt: skip

    def _plan(self) -> None:
        """Decide which values get memory, and of which extent."""
        p = self.p
        phase: dict[int, int] = {}
        for number_, (_, group) in enumerate(self._order()):
            for i in group:
                phase.setdefault(i, number_)
        self.phase = phase
        users: dict[int, list[int]] = {}
        for i in phase:
            for a in self._arguments(i):
                users.setdefault(a, []).append(i)
        self.users = {a: set(u) for a, u in users.items()}
        self.unstored: set[int] = set()
        self.defining = -1
        named: set[int] = set(self.program.targets.values())
        for i in phase:
            op = p.ops[i]
            if op.kind in _LEAVES or op.kind in ("neg", "slice", "expand", "transpose", "const", "unit"):
                continue
            if op.kind not in _ELEMENTWISE:
                named.add(i)
            elif len(users.get(i, ())) > 1 or any(
                phase[u] != phase[i] or p.ops[u].kind not in _ELEMENTWISE for u in users.get(i, ())
            ):
                named.add(i)
        if self.program.loss is not None:
            named.add(self.program.loss)
        for key, h in self.adj.reads.items():
            if p.ops[h].kind not in _LEAVES:
                named.add(h)
            del key
        named |= {h for h in self.adj.params.values() if p.ops[h].kind not in _LEAVES}
        # A slice is looked through; what it is cut from has to have memory.
        for i in list(named) + list(phase):
            for a in self._arguments(i):
                if p.ops[a].kind == "slice":
                    root = self._root(a)
                    if p.ops[root].kind not in _LEAVES:
                        named.add(root)
        carried = {h: key for key, h in self.adj.reads.items() if key[0] in self.program.targets}
        for i in sorted(named, key=lambda i: (phase.get(i, -1), i)):
            if i not in phase and i not in self.program.targets.values():
                continue
            op = p.ops[i]
            history = self._history(i)
            if op.kind in _LEAVES or (op.kind == "slice" and not history):
                continue
            where = phase.get(i, 0)
            name = self._wish(i)
            if op.lead < PER_STEP:
                kind, depth = "static", 0
            elif history:
                kind, depth = "history", history
            elif (
                i in carried
                and self._order()[where][0] == "back"
                and not self._late(i, users, phase)
            ):
                kind, depth = "ring", carried[i][1] + 1
            elif self._order()[where][0] in ("loop", "back") and all(
                phase[u] == where for u in users.get(i, ())
            ) and i not in self.program.targets.values() and i != self.program.loss and i not in carried:
                kind, depth = "step", 0
            else:
                kind, depth = "all", 0
            self.arrays[i] = _Array(name, op.shape, kind, depth)

    def _late(self, i: int, users: dict[int, list[int]], phase: dict[int, int]) -> bool:
        """Whether a value carried back is also wanted after its loop."""
        if any(phase[u] != phase[i] for u in users.get(i, ())):
            return True
        names = [key for key, h in self.adj.reads.items() if h == i]
        laters = [
            j for j in phase
            if self.p.ops[j].kind == "later" and self.p.ops[j].attr in names
        ]  # fmt: skip
        return any(phase[u] != phase[i] for j in laters for u in users.get(j, ())) or len(names) > 1

    def _root(self, a: int) -> int:
        while self.p.ops[a].kind == "slice":
            a = self.p.ops[a].args[0]
        return a

    def _arguments(self, i: int) -> list[int]:
        """Arguments, looking through what is written in place."""
        out, stack = [], list(self.p.ops[i].args)
        while stack:
            a = stack.pop()
            out.append(a)
            if self.p.ops[a].kind in ("neg", "slice", "expand", "transpose"):
                stack.extend(self.p.ops[a].args)
        return out

    def _history(self, i: int) -> int:
        for name, target in self.program.targets.items():
            if target == i and self.lags.get(name):
                return self.lags[name]
        return 0

    def _wish(self, i: int) -> str:
        for name, target in self.program.targets.items():
            if target == i:
                return self.sequence[name]
        if i in self.adj.of:
            source = self.adj.of[i]
            op = self.p.ops[source]
            if op.kind in ("param", "read"):
                return self.names.fresh(f"d_{identifier(op.attr[0])}")
            if source in self.arrays:
                return self.names.fresh(f"d_{self.arrays[source].name}")
        wish = {"matvec": "z", "add": "a", "fn": "s", "contract": "g", "accumulate": "g"}
        return self.names.fresh(wish.get(self.p.ops[i].kind, "v"))

    # -- references -----------------------------------------------------------------------------

    def base(self, i: int, phase: str) -> str:
        """The address of the first row of a value in this phase."""
        op = self.p.ops[i]
        inside = phase in ("loop", "back")
        if op.kind == "param":
            return self.param_names[op.attr[0]]
        w = self.width(op.shape)
        if op.kind == "read":
            name, lag = op.attr
            depth = self.lags[name]
            return self._at(self.sequence[name], depth - lag, w, inside)
        if op.kind == "seed":
            return self._at(f"d_{self.sequence[op.attr[0]]}_in", 0, w, inside)
        if op.kind == "later":
            return self._later(op.attr, w, inside)
        if op.kind == "start":
            return f"d_{identifier(op.attr[0])}_start"
        array = self.arrays.get(i)
        if array is None:
            raise NotSupported(f"{op.kind!r} without memory in C")
        if array.kind in ("static", "step"):
            return array.name
        if array.kind == "history":
            return self._at(array.name, array.depth, w, inside)
        if array.kind == "ring":
            return f"{array.name} + t % {array.depth} * B * {w}"
        return self._at(array.name, 0, w, inside)

    def _at(self, name: str, ahead: int, w: str, inside: bool) -> str:
        if inside:
            return f"{name} + {f'(t + {ahead})' if ahead else 't'} * B * {w}"
        return f"{name} + {ahead} * B * {w}" if ahead else name

    def _later(self, key: tuple[str, int], w: str, inside: bool) -> str:
        handle = self.adj.reads[key]
        if self.p.ops[handle].kind in ("const",):
            return "0"
        copy = self.copies.get(key)
        if copy:
            return self._at(copy, key[1], w, inside)
        array = self.arrays[handle]
        if array.kind == "ring":
            return f"{array.name} + (t + {key[1]}) % {array.depth} * B * {w}"
        raise NotSupported("a carried cotangent without memory")

    def element(self, i: int, phase: str, offset: str = "", local: dict[int, str] | None = None) -> str:
        """The value at (row ``r``, unit ``j``) as a C expression."""
        op = self.p.ops[i]
        if local and i in local and not offset:
            return local[i]
        if (i in self.arrays and i != self.defining) or op.kind in _LEAVES:
            if op.kind == "read" and op.attr[0] == LAST:
                return "(t == T - 1)" if phase in ("loop", "back") else "(r >= (T - 1) * B)"
            if op.kind == "later" and self.p.ops[self.adj.reads[op.attr]].kind == "const":
                return "0.0"
            name = self.pointer(i, phase)
            w = self.width(op.shape)
            if op.lead < PER_STEP:
                return f"{name}[{'j' + offset if op.shape else '0'}]"
            return f"{name}[r * {w} + j{offset}]" if op.shape else f"{name}[r]"
        a = op.args
        match op.kind:
            case "const" | "unit":
                return number(op.attr[0])
            case "slice":
                moved = "" if op.attr[1] == Size() else f" + {self.size(op.attr[1])}"
                return self.element(a[0], phase, f"{offset}{moved}", local)
            case "expand":
                return self.element(a[0], phase, "", local)
            case "neg":
                return f"-({self.element(a[0], phase, offset, local)})"
            case "add" | "mul" | "div":
                sign = {"add": "+", "mul": "*", "div": "/"}[op.kind]
                x = self.element(a[0], phase, offset, local)
                y = self.element(a[1], phase, offset, local)
                return f"({x} {sign} {y})"
            case "fn":
                return self.function(op.attr[0], op.attr[1], self.element(a[0], phase, offset, local))
            case "pow":
                (e,) = op.attr
                x = self.element(a[0], phase, offset, local)
                return f"pow({x}, {number(e)})"
            case _:
                raise NotSupported(f"{op.kind!r} inside a C loop")

    def function(self, name: str, order: int, a: str) -> str:
        match name, order:
            case ("tanh" | "sigma" | "relu"), (0 | 1):
                return f"act_{name}{'_d1' if order else ''}({a})"
            case ("exp" | "log" | "sinh" | "cosh" | "sqrt"), 0:
                return f"{name}({a})"
            case "abs", 0:
                return f"fabs({a})"
            case "abs", 1:
                return f"act_abs_d1({a})"
            case "tanh", 2:
                return f"(-2.0 * act_tanh({a}) * act_tanh_d1({a}))"
            case "sigma", 2:
                return f"(-act_tanh(0.5 * ({a})) * act_sigma_d1({a}))"
            case "sech", 0:
                return f"(1.0 / cosh({a}))"
            case "sech", 1:
                return f"(-act_tanh({a}) / cosh({a}))"
            case "coth", 0:
                return f"(1.0 / tanh({a}))"
            case "coth", 1:
                return f"(-1.0 / (sinh({a}) * sinh({a})))"
            case "sinh", 1:
                return f"cosh({a})"
            case "cosh", 1:
                return f"sinh({a})"
            case "log", 1:
                return f"(1.0 / ({a}))"
            case "sqrt", 1:
                return f"(0.5 / sqrt({a}))"
            case _:
                raise NotSupported(f"C for {name!r} differentiated {order} times")

    def pointer(self, i: int, phase: str) -> str:
        """A restrict pointer of the current loop nest to the value's first row."""
        address = self.base(i, phase)
        if address.isidentifier():
            return address
        if address not in self.pointers:
            op = self.p.ops[i]
            array = self.arrays.get(i)
            base = array.name if array else self.sequence.get(str(op.attr[0]), "p") if op.attr else "p"
            self.pointers[address] = self.names.fresh(f"{base}_t" if phase in ("loop", "back") else f"{base}_all")
            const = "" if array else "const "
            self.pointer_lines.put(f"{const}double *{self.pointers[address]} = {address};")
        return self.pointers[address]

    # -- statements -----------------------------------------------------------------------------

    def source(self) -> str:
        self.copies: dict[tuple[str, int], str] = {}
        self.packs: dict[int, tuple[str, str, str]] = {}
        self.extra: dict[str, tuple[Sizes, bool]] = {}
        self.scratch_sizes: list[str] = []
        self.output_names = {
            n: self.names.fresh("loss_out" if n == "loss" else n.replace("grad ", "d_") if n.startswith("grad ") else f"{n}_out")
            for n, _, _ in self.signature.outputs
        }
        self.initial_names = {n: self.names.fresh(f"{n}0") for n in self.signature.initial}
        for key, h in self.adj.reads.items():
            if key[0] in self.program.targets and self.p.ops[h].kind != "const":
                array = self.arrays.get(h)
                if array is None or array.kind != "ring" or array.depth != key[1] + 1:
                    self.copies[key] = self.names.fresh(f"d_{identifier(key[0])}_back{key[1]}")
        body = _Lines()
        for phase, group in self._order():
            self._phase(phase, group, body)
        self.pointers, self.pointer_lines = {}, _Lines()
        self._finish(body)
        return self._assemble(body)

    def _phase(self, phase: str, group: list[int], body: _Lines) -> None:
        inside = phase in ("loop", "back")
        if phase == "end":
            self._starts(body)
        self.pointers: dict[str, str] = {}
        self.pack_lines: list[str] = []
        inner = _Lines(indent=2 if inside else 1)
        self.pointer_lines = _Lines(indent=2 if inside else 1)
        rows = "B" if inside else "T * B"
        pending: list[int] = []

        def flush() -> None:
            if pending:
                self._loop(phase, list(pending), rows, inner)
                pending.clear()

        for i in group:
            op = self.p.ops[i]
            if i not in self.arrays or op.kind in _LEAVES:
                continue
            if op.kind in _ELEMENTWISE and op.lead == PER_STEP:
                if pending and self.p.ops[pending[0]].shape != op.shape:
                    flush()
                if pending and self._crosses(i, pending):
                    flush()
                pending.append(i)
                continue
            flush()
            self._operation(phase, i, rows, inner)
        flush()
        if phase == "back":
            for key, name in self.copies.items():
                h = self.adj.reads[key]
                w = self.width(self.p.ops[h].shape)
                inner.put(f"for (long r = 0; r < B; r++) for (long j = 0; j < {w}; j++)")
                inner.put(f"    {name}[(t * B + r) * {w} + j] = {self.element(h, phase)};")
        if not inner.lines and not self.pointer_lines.lines:
            return
        body.lines += self.pack_lines
        if inside:
            header = "for (long t = 0; t < T; t++) {" if phase == "loop" else "for (long t = T - 1; t >= 0; t--) {"
            body.put(header)
            body.lines += self.pointer_lines.lines + inner.lines
            body.put("}")
        else:
            body.put("{")
            body.lines += ["    " + line for line in self.pointer_lines.lines + inner.lines]
            body.put("}")

    def _crosses(self, i: int, pending: Iterable[int]) -> bool:
        """Whether ``i`` reads, at another place, something that the pending loop computes."""
        group = set(pending)
        stack: list[tuple[int, bool]] = [(a, False) for a in self.p.ops[i].args]
        while stack:
            a, moved = stack.pop()
            op = self.p.ops[a]
            if a in group:
                if moved:
                    return True
                continue
            if a in self.arrays or op.kind in _LEAVES:
                continue
            moved_here = moved or op.kind in ("slice", "expand")
            stack.extend((b, moved_here) for b in op.args)
        return False

    def _loop(self, phase: str, group: list[int], rows: str, out: _Lines) -> None:
        shape = self.p.ops[group[0]].shape
        local: dict[int, str] = {}
        body: list[str] = []
        for i in group:
            value = self.element_of(i, phase, local)
            name = self.names.fresh(f"{self.arrays[i].name}_rj")
            body.append(f"const double {name} = {value};")
            if self.arrays[i].kind == "step" and self.users.get(i, set()) <= set(group):
                self.unstored.add(i)
            else:
                body.append(f"{self._target(i, phase)} = {name};")
            local[i] = name
        if shape:
            w = self.width(shape)
            out.put(f"for (long r = 0; r < {rows}; r++)")
            out.put("    _Pragma(\"GCC ivdep\")")
            out.put(f"    for (long j = 0; j < {w}; j++) {{")
            for line in body:
                out.put(f"        {line}")
            out.put("    }")
        else:
            out.put(f"for (long r = 0; r < {rows}; r++) {{")
            for line in body:
                out.put(f"    {line}")
            out.put("}")

    def element_of(self, i: int, phase: str, local: dict[int, str]) -> str:
        """The right-hand side of a value that has memory."""
        self.defining = i
        try:
            return self.element(i, phase, "", local)
        finally:
            self.defining = -1

    def _target(self, i: int, phase: str) -> str:
        op = self.p.ops[i]
        name = self.pointer(i, phase)
        if op.lead < PER_STEP:
            return f"{name}[{'j' if op.shape else '0'}]"
        return f"{name}[r * {self.width(op.shape)} + j]" if op.shape else f"{name}[r]"

    def _operation(self, phase: str, i: int, rows: str, out: _Lines) -> None:
        op = self.p.ops[i]
        if op.lead < PER_STEP:
            self._static(phase, i, out)
            return
        match op.kind:
            case "matvec":
                m, v = op.args
                panels, _, _ = self._panels(m)
                k, n = self.width(self.p.shape(v)), self.width(op.shape)
                source = self._rows_of(v, phase, rows, out)
                out.put(f"product({self.pointer(i, phase)}, {rows}, {n}, {source}, {k}, 1, {panels}, {k}, 0);")
            case "dot" | "reduce":
                w = self.width(self.p.shape(op.args[0]))
                terms = " * ".join(self.element(a, phase) for a in op.args)
                out.put(f"for (long r = 0; r < {rows}; r++) {{")
                out.put("    double total = 0.0;")
                out.put(f"    for (long j = 0; j < {w}; j++)")
                out.put(f"        total += {terms};")
                out.put(f"    {self._target(i, phase)} = total;")
                out.put("}")
            case "concat":
                self._concat(phase, i, rows, out)
            case "pad":
                self._pad(phase, i, rows, out)
            case "softmax" | "logsoftmax":
                self._softmax(phase, i, rows, out)
            case _:
                raise NotSupported(f"{op.kind!r} in C")

    def _rows_of(self, v: int, phase: str, rows: str, out: _Lines) -> str:
        """The address of a vector that a product reads; copied out if it is a slice."""
        op = self.p.ops[v]
        if v in self.arrays or op.kind in ("read", "seed", "later"):
            return self.pointer(v, phase)
        # A slice, a sign or an expansion: materialised in a block of its own.
        name = self.names.fresh("part")
        self.extra[name] = (op.shape, phase in ("loop", "back"))
        w = self.width(op.shape)
        out.put(f"for (long r = 0; r < {rows}; r++) for (long j = 0; j < {w}; j++)")
        out.put(f"    {name}[r * {w} + j] = {self.element(v, phase)};")
        return name

    def _concat(self, phase: str, i: int, rows: str, out: _Lines) -> None:
        op = self.p.ops[i]
        w = self.width(op.shape)
        name = self.pointer(i, phase)
        at = Size()
        for a in op.args:
            part = self.p.shape(a)[0]
            moved = "" if at == Size() else f" + {self.size(at)}"
            out.put(f"for (long r = 0; r < {rows}; r++)")
            out.put("    _Pragma(\"GCC ivdep\")")
            out.put(f"    for (long j = 0; j < {self.size(part)}; j++)")
            out.put(f"        {name}[r * {w} + j{moved}] = {self.element(a, phase)};")
            at = at + part

    def _pad(self, phase: str, i: int, rows: str, out: _Lines) -> None:
        op = self.p.ops[i]
        w = self.width(op.shape)
        name = self.pointer(i, phase)
        (a,) = op.args
        out.put(f"memset({name}, 0, sizeof(double) * {rows} * {w});")
        out.put(f"for (long r = 0; r < {rows}; r++) for (long j = 0; j < {self.width(self.p.shape(a))}; j++)")
        out.put(f"    {name}[r * {w} + j + {self.size(op.attr[1])}] = {self.element(a, phase)};")

    def _softmax(self, phase: str, i: int, rows: str, out: _Lines) -> None:
        op = self.p.ops[i]
        w = self.width(op.shape)
        value = self.element(op.args[0], phase)
        target = self._target(i, phase)
        out.put(f"for (long r = 0; r < {rows}; r++) {{")
        out.put("    double peak = -INFINITY, total = 0.0;")
        out.put(f"    for (long j = 0; j < {w}; j++) peak = fmax(peak, {value});")
        out.put(f"    for (long j = 0; j < {w}; j++) total += exp({value} - peak);")
        if op.kind == "softmax":
            out.put(f"    for (long j = 0; j < {w}; j++) {target} = exp({value} - peak) / total;")
        else:
            out.put("    total = peak + log(total);")
            out.put(f"    for (long j = 0; j < {w}; j++) {target} = {value} - total;")
        out.put("}")

    def _panels(self, m: int) -> tuple[str, str, str]:
        """The packed form of a static matrix (or its transpose) that vectors are multiplied by."""
        op = self.p.ops[m]
        root, transposed = (op.args[0], True) if op.kind == "transpose" else (m, False)
        if m not in self.packs:
            rows, cols = self.p.shape(m)
            # y = M v: the packed matrix has K = columns of M, N = rows of M, element (k, n) = M[n][k].
            name = self.names.fresh("packed")
            self.packs[m] = (name, self.width((cols,)), self.width((rows,)))
            source = self.base(root, "fixed")
            k, n = self.width((cols,)), self.width((rows,))
            self.pack_lines.append(
                f"    pack({name}, {source}, {k}, {n}, {0 if transposed else 1});"
            )
        return self.packs[m]

    def _static(self, phase: str, i: int, out: _Lines) -> None:
        op = self.p.ops[i]
        name = self.arrays[i].name
        if op.kind == "contract":
            g, x = op.args
            n, m = self.width(self.p.shape(g)), self.width(self.p.shape(x))
            gs = self._rows_of(g, phase, "T * B", out)
            xs = self._rows_of(x, phase, "T * B", out)
            self.scratch_sizes.append(f"packed_size(BLOCK, {m})")
            out.put(f"outer_sum({name}, {gs}, {n}, {xs}, {m}, T * B, scratch);")
            return
        if op.kind == "accumulate":
            g = op.args[0]
            gs = self._rows_of(g, phase, "T * B", out)
            out.put(f"column_sum({name}, {gs}, {self.width(op.shape)}, T * B);")
            return
        if op.kind == "concat":
            axis = op.attr[0]
            if axis == -1 and len(op.shape) == 2:
                raise NotSupported("matrices side by side in C")
            at: list[str] = []
            for a in op.args:
                size = self.width(self.p.shape(a))
                offset = f" + {' + '.join(at)}" if at else ""
                source = self._static_address(a)
                out.put(f"memcpy({name}{offset}, {source}, sizeof(double) * {size});")
                at.append(size)
            return
        if op.kind in _ELEMENTWISE:
            total = self.width(op.shape)
            out.put(f"for (long j = 0; j < {total}; j++)")
            flat = self.element_of(i, phase, {})
            out.put(f"    {name}[j] = {flat};" if op.shape else f"    {name}[0] = {flat};")
            return
        if op.kind == "pad":
            self._static_pad(i, out)
            return
        if op.kind == "reduce":
            (a,) = op.args
            out.put(f"{name}[0] = 0.0;")
            out.put(f"for (long j = 0; j < {self.width(self.p.shape(a))}; j++) {name}[0] += {self.element(a, phase)};")
            return
        raise NotSupported(f"{op.kind!r} of parameters in C")

    def _static_pad(self, i: int, out: _Lines) -> None:
        op = self.p.ops[i]
        name = self.arrays[i].name
        (a,) = op.args
        inner = self.p.shape(a)
        out.put(f"memset({name}, 0, sizeof(double) * {self.width(op.shape)});")
        source = self._static_address(a)
        offset = self.size(op.attr[1])
        if op.attr[0] == -1 and len(op.shape) == 2:
            out.put(f"for (long r = 0; r < {self.size(inner[0])}; r++)")
            out.put(
                f"    memcpy({name} + r * ({self.size(op.shape[1])}) + {offset}, "
                f"{source} + r * ({self.size(inner[1])}), sizeof(double) * ({self.size(inner[1])}));"
            )
        else:
            row = f" * ({self.size(op.shape[1])})" if len(op.shape) == 2 else ""
            out.put(
                f"memcpy({name} + ({offset}){row}, {source}, sizeof(double) * {self.width(inner)});"
            )

    def _static_address(self, a: int) -> str:
        """The address of a contiguous parameter-like value, through slices of rows."""
        op = self.p.ops[a]
        if op.kind != "slice":
            return self.base(a, "fixed")
        axis, offset = op.attr
        parent = op.args[0]
        if axis == -1 and len(op.shape) == 2:
            raise NotSupported("a block of columns in C")
        row = f" * ({self.size(op.shape[1])})" if len(op.shape) == 2 else ""
        return f"{self._static_address(parent)} + ({self.size(offset)}){row}"

    def _starts(self, out: _Lines) -> None:
        for i in self.b.end:
            op = self.p.ops[i]
            if op.kind == "start":
                raise NotSupported("an initial value that depends on parameters in C")

    def _finish(self, out: _Lines) -> None:
        p = self.p
        if self.program.loss is not None:
            array = self.arrays[self.program.loss]
            out.put("*loss_out = 0.0;")
            out.put(f"for (long r = 0; r < T * B; r++) *loss_out += {array.name}[r];")
        for name, i in self.program.targets.items():
            target = self.output_names[name]
            w = self.width(p.shape(i))
            op = p.ops[i]
            if op.kind == "slice":
                self.pointers, self.pointer_lines = {}, _Lines()
                value = self.element(i, "after")
                out.lines += self.pointer_lines.lines
                out.put(f"if ({target}) for (long r = 0; r < T * B; r++) for (long j = 0; j < {w}; j++)")
                out.put(f"    {target}[r * {w} + j] = {value};")
            else:
                out.put(f"if ({target}) memcpy({target}, {self.base(i, 'after')}, sizeof(double) * T * B * {w});")
        for name in self.param_names:
            target = self.output_names[f"grad {name}"]
            size = self.width(self._param_shape(name))
            handle = self.adj.params.get(name)
            if handle is None:
                out.put(f"memset({target}, 0, sizeof(double) * {size});")
            elif p.ops[handle].kind == "slice" and p.ops[handle].attr[0] == -1 and len(p.ops[handle].shape) == 2:
                raise NotSupported("a block of columns in C")
            elif p.ops[handle].kind in ("slice", *_LEAVES) or handle in self.arrays:
                out.put(f"memcpy({target}, {self._static_address(handle)}, sizeof(double) * {size});")
            else:
                out.put(f"for (long j = 0; j < {size}; j++) {target}[j] = {self.element(handle, 'end')};")
        for name in self.signature.initial:
            if name in self.program.targets:
                self._initial_gradient(name, out)
        for (name, lag), h in self.adj.reads.items():
            if name not in self.program.targets and lag == 0:
                target = self.output_names[f"grad d_{name}"]
                w = self.width(p.shape(h))
                self.pointers, self.pointer_lines = {}, _Lines()
                value = self.element(h, "after")
                out.lines += self.pointer_lines.lines
                out.put(f"for (long r = 0; r < T * B; r++) for (long j = 0; j < {w}; j++)")
                out.put(f"    {target}[r * {w} + j] = {value};")

    def _initial_gradient(self, name: str, out: _Lines) -> None:
        target = self.output_names[f"grad {name}0"]
        w = self.width(self.p.shape(self.program.targets[name]))
        longest = self.lags[name]
        out.put(f"memset({target}, 0, sizeof(double) * {longest} * B * {w});")
        for (n, lag), h in self.adj.reads.items():
            if n != name or self.p.ops[h].kind == "const":
                continue
            for t in range(lag):
                slot = longest - lag + t
                copy = self.copies.get((n, lag))
                source = (
                    f"{copy} + {t} * B * {w}" if copy
                    else f"{self.arrays[h].name} + {t % (lag + 1)} * B * {w}"
                )  # fmt: skip
                out.put(f"if (T > {t}) for (long j = 0; j < B * {w}; j++)")
                out.put(f"    {target}[{slot} * B * {w} + j] += ({source})[j];")

    # -- the whole file -------------------------------------------------------------------------

    def _memory(self) -> list[tuple[str, str]]:
        """Blocks of the workspace with their sizes in doubles."""
        out = []
        for i, array in self.arrays.items():
            if i in self.unstored:
                continue
            w = self.width(array.shape)
            rows = {
                "static": "",
                "step": "B * ",
                "all": "T * B * ",
                "history": f"(T + {array.depth}) * B * ",
                "ring": f"{array.depth} * B * ",
            }[array.kind]
            out.append((array.name, f"{rows}{w}"))
        for (name, lag), copy in self.copies.items():
            w = self.width(self.p.shape(self.program.targets[name]))
            out.append((copy, f"(T + {lag}) * B * {w}"))
        for name, (shape, inside) in self.extra.items():
            out.append((name, f"{'B' if inside else 'T * B'} * {self.width(shape)}"))
        for name, k, n in self.packs.values():
            out.append((name, f"packed_size({k}, {n})"))
        for name in self.signature.inputs:
            if self.lags[name]:
                w = self.width(self._sequence_shape(name))
                out.append((self.sequence[name], f"(T + {self.lags[name]}) * B * {w}"))
        return out

    def _sequence_shape(self, name: str) -> Sizes:
        return next(
            op.shape for op in self.program.ops if op.kind == "read" and op.attr[0] == name
        )

    def _assemble(self, body: _Lines) -> str:
        sig = self.signature
        memory = self._memory()
        args = ["long T", "long B", *(f"long {self.dims[d]}" for d in sig.dims)]
        args += [f"const double *{self.param_names[n]}" for n in sig.params]
        for n in sig.inputs:
            args.append(f"const double *{self.sequence[n]}{'_in' if self.lags[n] else ''}")
        args += [f"const double *{self.initial_names[n]}" for n in sig.initial]
        args += [f"const double *d_{self.sequence[n]}_in" for n in sig.seeds]
        args += [f"double *{self.output_names[n]}" for n, _, _ in sig.outputs]
        sizes_only = args[: 2 + len(sig.dims)]
        out = ["/*", f" * Gradient of the recurrence {identifier(self.rec.name)!r}.", " *"]
        out += [f" *     {equation_text(e)}" for e in self.rec.equations]
        if self.loss is not None:
            out += [" *", f" *     loss = {text(self.loss)}, summed over the batch"]
        out += [" *", " * Row-major arrays: sequences (T, B, width), initial values (B, width);"]
        out += [" * outputs of sequences may be NULL. Compile with", " *"]
        out += [" *     cc -O3 -march=native -fno-math-errno -fno-trapping-math", " */", PRELUDE, ""]
        out += [f"size_t gradient_workspace({', '.join(sizes_only)})", "{"]
        out += ["    size_t total = 0;"]
        out += [f"    total += {size};" for _, size in memory]
        out += [f"    size_t scratch_{i} = {s};" for i, s in enumerate(self.scratch_sizes)]
        out += ["    size_t scratch = 0;"]
        out += [
            f"    if (scratch_{i} > scratch) scratch = scratch_{i};"
            for i in range(len(self.scratch_sizes))
        ]
        out += ["    return total + scratch;", "}", ""]
        inner = [*args, "double *work"]
        out += ["static inline __attribute__((always_inline)) void gradient_sized("]
        out += [f"    {', '.join(inner)})", "{"]
        for name, size in memory:
            out.append(f"    double *{name} = work;")
            out.append(f"    work += {size};")
        if self.scratch_sizes:
            out.append("    double *scratch = work;")
        out += self._beginnings()
        out += body.lines + ["}", ""]
        # Sizes that are known when this file is compiled make shorter loops.
        for d in sig.dims:
            ident = self.dims[d]
            out += [f"#ifndef FIXED_{ident}", f"#define FIXED_{ident} {ident}", "#endif"]
        names = [a.split()[-1].lstrip("*") for a in inner]
        fixed = {self.dims[d]: f"FIXED_{self.dims[d]}" for d in sig.dims}
        out += [f"void gradient({', '.join(inner)})", "{"]
        out += [f"    gradient_sized({', '.join(fixed.get(n, n) for n in names)});", "}", ""]
        return "\n".join(out)

    def _beginnings(self) -> list[str]:
        """Initial values into the histories, packed weights, zeros for what nothing sends."""
        out = []
        for name, i in self.program.targets.items():
            array = self.arrays.get(i)
            if array is None or array.kind != "history":
                continue
            w = self.width(array.shape)
            if name in self.program.initial:
                start = self.p.ops[self.program.initial[name]]
                if start.kind != "const":
                    raise NotSupported("an initial value that depends on parameters in C")
                out.append(f"    for (long j = 0; j < {array.depth} * B * {w}; j++)")
                out.append(f"        {array.name}[j] = {number(start.attr[0])};")
            else:
                source = self.initial_names[name]
                size = f"sizeof(double) * {array.depth} * B * {w}"
                out.append(f"    memcpy({array.name}, {source}, {size});")
        for name in self.signature.inputs:
            if self.lags[name]:
                w, ident = self.width(self._sequence_shape(name)), self.sequence[name]
                depth, start = self.lags[name], self.initial_names[name]
                out.append(f"    memcpy({ident}, {start}, sizeof(double) * {depth} * B * {w});")
                out.append(
                    f"    memcpy({ident} + {depth} * B * {w}, {ident}_in, "
                    f"sizeof(double) * T * B * {w});"
                )
        for array in self.arrays.values():
            if array.kind == "ring":
                size = f"{array.depth} * B * {self.width(array.shape)}"
                out.append(f"    memset({array.name}, 0, sizeof(double) * {size});")
        for (name, lag), copy in self.copies.items():
            w = self.width(self.p.shape(self.program.targets[name]))
            out.append(f"    memset({copy} + T * B * {w}, 0, sizeof(double) * {lag} * B * {w});")
        return out
