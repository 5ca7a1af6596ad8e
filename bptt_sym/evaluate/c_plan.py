"""What generated C keeps in memory, and how each value is written where it is used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.array_source import number
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.names import Names, identifier
from bptt_sym.evaluate.program import PER_STEP, Program, Size, Sizes
from bptt_sym.evaluate.schedule import adjoint_schedule, forward_schedule
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

ELEMENTWISE = {"add", "mul", "div", "neg", "fn", "pow", "expand", "slice", "unit", "const"}
LEAVES = {"param", "read", "seed", "later", "start"}


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
class Block:
    """A block of the workspace: ``rows`` is ``1``, ``B``, ``T * B`` or a ring."""

    name: str
    shape: Sizes
    kind: str  # static | step | all | history | ring | output
    depth: int = 0


@dataclass
class Lines:
    lines: list[str] = field(default_factory=list)
    indent: int = 1

    def put(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)


class CPlan:
    """Names, places and expressions of one program; :mod:`c_source` adds the statements."""

    def __init__(
        self, rec: Recurrence, program: Program, adj: Adjoint, loss: Node | None, seeds: bool
    ) -> None:
        self.rec, self.program, self.adj, self.loss, self.seeds = rec, program, adj, loss, seeds
        self.p = adj.program
        self.f = forward_schedule(program)
        self.b = adjoint_schedule(adj, sink=True)
        self.names = Names(frozenset("i j r k rows BLOCK WIDTH LANES vec pack product".split()))
        self.dims: dict[str, str] = {}
        self.arrays: dict[int, Block] = {}
        self.packed: dict[int, tuple[str, int, bool]] = {}
        self.copies: dict[tuple[str, int], str] = {}
        self.packs: dict[int, tuple[str, str, str]] = {}
        self.extra: dict[str, tuple[Sizes, bool]] = {}
        self.scratch_sizes: list[str] = []
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
        return CSignature(list(self.dims), list(self.param_names), inputs, initial, seeds, outputs)

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
        self.pointers: dict[str, str] = {}
        self.pack_lines: list[str] = []
        self.pointer_lines = Lines()
        named: set[int] = set(self.program.targets.values())
        for i in phase:
            op = p.ops[i]
            if op.kind in LEAVES or op.kind in (
                "neg",
                "slice",
                "expand",
                "transpose",
                "const",
                "unit",
            ):
                continue
            if (
                op.kind not in ELEMENTWISE
                or len(users.get(i, ())) > 1
                or any(
                    phase[u] != phase[i] or p.ops[u].kind not in ELEMENTWISE
                    for u in users.get(i, ())
                )
            ):
                named.add(i)
        if self.program.loss is not None:
            named.add(self.program.loss)
        for key, h in self.adj.reads.items():
            if p.ops[h].kind not in LEAVES:
                named.add(h)
            del key
        named |= {h for h in self.adj.params.values() if p.ops[h].kind not in LEAVES}
        # A slice is looked through; what it is cut from has to have memory.
        for i in list(named) + list(phase):
            for a in self._arguments(i):
                if p.ops[a].kind == "slice":
                    root = self._root(a)
                    if p.ops[root].kind not in LEAVES:
                        named.add(root)
        carried = {h: key for key, h in self.adj.reads.items() if key[0] in self.program.targets}
        for i in sorted(named, key=lambda i: (phase.get(i, -1), i)):
            if i not in phase and i not in self.program.targets.values():
                continue
            op = p.ops[i]
            history = self._history(i)
            if op.kind in LEAVES or (op.kind == "slice" and not history):
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
            elif (
                self._order()[where][0] in ("loop", "back")
                and all(phase[u] == where for u in users.get(i, ()))
                and i not in self.program.targets.values()
                and i != self.program.loss
                and i not in carried
            ):
                kind, depth = "step", 0
            else:
                kind, depth = "all", 0
            self.arrays[i] = Block(name, op.shape, kind, depth)

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

    def element(
        self, i: int, phase: str, offset: str = "", local: dict[int, str] | None = None
    ) -> str:
        """The value at (row ``r``, unit ``j``) as a C expression."""
        op = self.p.ops[i]
        if local and i in local and not offset:
            return local[i]
        if (i in self.arrays and i != self.defining) or op.kind in LEAVES:
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
                return self.function(
                    op.attr[0], op.attr[1], self.element(a[0], phase, offset, local)
                )
            case "pow":
                (e,) = op.attr
                x = self.element(a[0], phase, offset, local)
                return f"pow({x}, {number(e)})"
            case _:
                raise NotSupported(f"{op.kind!r} inside a C loop")

    def function(self, name: str, order: int, a: str) -> str:
        match name, order:
            case (("tanh" | "sigma" | "relu"), (0 | 1)):
                return f"act_{name}{'_d1' if order else ''}({a})"
            case (("exp" | "log" | "sinh" | "cosh" | "sqrt"), 0):
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
            base = (
                array.name if array else self.sequence.get(str(op.attr[0]), "p") if op.attr else "p"
            )
            self.pointers[address] = self.names.fresh(
                f"{base}_t" if phase in ("loop", "back") else f"{base}_all"
            )
            const = "" if array else "const "
            self.pointer_lines.put(f"{const}double *{self.pointers[address]} = {address};")
        return self.pointers[address]
