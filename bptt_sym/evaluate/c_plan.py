"""What generated C keeps in memory, and where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.c_kernels import Precision
from bptt_sym.evaluate.c_order import c_schedules
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.names import Names
from bptt_sym.evaluate.program import EXAMPLE, PER_STEP, STATIC, Program, Size, Sizes
from bptt_sym.evaluate.value_names import wish
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence

ELEMENTWISE = {"add", "mul", "div", "neg", "fn", "pow", "expand", "slice", "unit", "const"}
LEAVES = {"param", "context", "read", "seed", "later", "start"}

_TAKEN = frozenset(
    "one row j rows real part vec places matrix product product_few product_once product_turned "
    "dots lane_sums transpose pack pack_panel pack_rows pack_strips panel_product outer_sum "
    "padded column_sum softmax logsoftmax packed_size outer_scratch scratch AT_ONCE BLOCK BYTES "
    "FAR FEW NEAR LINE WIDTH LANES".split()
)


@final
@dataclass(frozen=True)
class CSignature:
    """The arguments of the generated function, in order.

    ``dims`` are longs after the part, T and B; then come, as ``const real *``, ``params``,
    ``contexts``, ``inputs``, ``initial`` and ``seeds``; then, as ``real *``, ``outputs`` (loss
    first, sequences, then gradients under the name that Python uses); last the workspace.
    """

    dims: list[str]
    params: list[str]
    contexts: list[str]
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
    """Names and places of the values of one program."""

    def __init__(
        self,
        rec: Recurrence,
        program: Program,
        adj: Adjoint,
        loss: Node | None,
        precision: Precision,
    ) -> None:
        self.rec, self.program, self.adj, self.loss = rec, program, adj, loss
        self.precision = precision
        self.p = adj.program
        self.f, self.b = c_schedules(program, adj)
        self.names = Names(_TAKEN)
        self.dims: dict[str, str] = {}
        self.arrays: dict[int, Block] = {}
        #: A value that lives in a part of a larger one: which, and from which place of a row on.
        self.views: dict[int, tuple[int, Size]] = {}
        #: Sums of products added up as they are computed, and the products after the first.
        self.sums: set[int] = set()
        self.added: set[int] = set()
        self.copies: dict[tuple[str, int], str] = {}
        #: Names of the matrices that are multiplied by at every step, packed; their memory.
        self.packs: dict[int, str] = {}
        self.pack_memory: list[tuple[str, str]] = []
        #: Gradients that are sums over steps and are written where the caller wants their parts.
        self.direct: dict[int, list[str]] = {}
        self.extra: dict[str, tuple[Sizes, bool]] = {}
        self.scratch_sizes: list[str] = []
        self.lags: dict[str, int] = {}
        for op in program.ops:
            if op.kind == "read" and op.attr[0] != LAST:
                self.lags[op.attr[0]] = max(self.lags.get(op.attr[0], 0), op.attr[1])
        for _, group in self._order():
            for i in group:
                if self.p.ops[i].lead == PER_STEP and len(self.p.ops[i].shape) > 1:
                    raise NotSupported("matrix-valued sequences in C")
        self.signature = self._signature()
        for ident in self.sequence.values():  # what enters beside it
            self.names.used.update((f"d_{ident}_in", f"{ident}_in"))
        self.output_names = {n: self._output(n) for n, _, _ in self.signature.outputs}
        self.initial_names = {n: self.names.fresh(f"{n}0") for n in self.signature.initial}
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
        self.context_names: dict[str, str] = {}
        self.sequence: dict[str, str] = {}
        live = {*self.f.fixed, *self.f.before, *self.f.loop, *self.f.after}
        for i in sorted(live):
            op = self.p.ops[i]
            if op.kind == "param":
                self.param_names[op.attr[0]] = self.names.fresh(op.attr[0])
            elif op.kind == "context":
                self.context_names[op.attr[0]] = self.names.fresh(op.attr[0])
        for name in (*self.lags, *self.program.targets):
            if name not in self.sequence:
                self.sequence[name] = self.names.fresh(name)
        for name in (*self.param_names, *self.context_names, *self.sequence):
            for d in self.rec.shape(name):
                for term, _ in Size.of(d).terms:
                    self.dim(term)
        inputs = [n for n in self.lags if n not in self.program.targets]
        initial = [n for n, lag in self.lags.items() if lag and n not in self.program.initial]
        used = {op.attr[0] for op in self.p.ops if op.kind == "seed"}
        seeds = [n for n in self.program.targets if n in used]
        outputs: list[tuple[str, Sizes, int]] = []
        if self.program.loss is not None:
            outputs.append(("loss", (), 0))
        outputs += [(n, self.p.shape(i), PER_STEP) for n, i in self.program.targets.items()]
        for n in self.param_names:
            outputs.append((f"grad {n}", self._own_shape("param", n), STATIC))
        for n in self.context_names:
            outputs.append((f"grad {n}", self._own_shape("context", n), EXAMPLE))
        for n in initial:
            if n in self.program.targets:
                outputs.append((f"grad {n}0", self.p.shape(self.program.targets[n]), 1))
        for (n, lag), h in self.adj.reads.items():
            if n not in self.program.targets and lag == 0:
                outputs.append((f"grad d_{n}", self.p.shape(h), PER_STEP))
        groups = (list(self.dims), list(self.param_names), list(self.context_names))
        return CSignature(*groups, inputs, initial, seeds, outputs)

    def _output(self, name: str) -> str:
        if not name.startswith("grad "):
            return self.names.fresh("loss_out" if name == "loss" else f"{name}_out")
        of = name.removeprefix("grad ")
        mine = of in self.param_names or of in self.context_names
        return self.names.fresh(of if of.startswith("d_") and not mine else f"d_{of}")

    def _own_shape(self, kind: str, name: str) -> Sizes:
        return next(op.shape for op in self.program.ops if op.kind == kind and op.attr[0] == name)

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
        named |= {i for i in phase if self._written_out(i, users.get(i, []))}
        if self.program.loss is not None:
            named.add(self.program.loss)
        for key, h in self.adj.reads.items():
            if p.ops[h].kind not in LEAVES:
                named.add(h)
            del key
        totals = (*self.adj.params.values(), *self.adj.contexts.values())
        named |= {h for h in totals if p.ops[h].kind not in LEAVES}
        named |= {i for i in phase if self._grows(i)}
        again = {i for i in named if self._again(i, named, users.get(i, []))}
        named -= again
        named -= {i for i in named if self._only_packed(i)}
        for i in again:
            for a in self._arguments(i):
                users.setdefault(a, []).extend(users.get(i, ()))
        # A slice is looked through; what it is cut from has to have memory.
        for i in list(named) + list(phase):
            for a in self._arguments(i):
                if p.ops[a].kind == "slice":
                    root = self._root(a)
                    if p.ops[root].kind not in LEAVES and root not in again:
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
        self._add_up()
        self._share()
        for i in self.arrays:
            parts = self._handed_out(i)
            if parts:
                self.direct[i] = parts

    def _written_out(self, i: int, users: list[int]) -> bool:
        """Whether a transposed matrix is more than what vectors are multiplied by."""
        op = self.p.ops[i]
        if op.kind != "transpose" or op.lead != STATIC:
            return False
        return (
            any(
                self.p.ops[u].kind not in ("matvec", "transpose") or self.p.ops[u].args[0] != i
                for u in users
            )
            or i in self.adj.params.values()
        )

    def _only_packed(self, i: int) -> bool:
        """Whether stacked weights are only multiplied by: they are packed from their parts."""
        op = self.p.ops[i]
        if op.kind != "concat" or op.lead != STATIC or len(op.shape) != 2 or op.attr[0] != -2:
            return False

        def multiplies(u: int) -> bool:
            user = self.p.ops[u]
            m = user.args[0]
            turned = self.p.ops[m].kind == "transpose" and self.p.ops[m].args[0] == i
            return user.kind == "transpose" or (user.kind == "matvec" and (m == i or turned))

        return i not in self._roots() and all(multiplies(u) for u in self.users.get(i, ()))

    def _handed_out(self, i: int) -> list[str]:
        """The parameters, in order, whose gradients are all that the sum ``i`` consists of."""
        op = self.p.ops[i]
        if op.kind != "contract" or op.lead != STATIC:
            return []
        found: dict[Size, str] = {}
        for name in self.param_names:
            h = self.adj.params.get(name)
            part = None if h is None else self.p.ops[h]
            if h == i:
                offset = Size()
            elif part is not None and part.kind == "slice" and part.args[0] == i:
                if part.attr[0] != -2:
                    return []
                offset = part.attr[1]
            else:
                continue
            if offset in found:
                return []
            found[offset] = name
        handles = {self.adj.params[n] for n in found.values()}
        others = self.users.get(i, set()) - handles
        if others or any(self.users.get(h) for h in handles):
            return []
        at = Size()
        out: list[str] = []
        while at in found and len(out) < len(found):
            out.append(found[at])
            at = at + self._own_shape("param", found[at])[0]
        return out if len(out) == len(found) and at == op.shape[0] else []

    def _again(self, i: int, named: set[int], users: list[int]) -> bool:
        """Whether a value is computed anew where it is used: one sum, with a constant or a bias."""
        op, p = self.p.ops[i], self.p
        if op.kind != "add" or op.lead < PER_STEP or i in self._roots():
            return False
        rest = [a for a in op.args if p.constant(a) is None]
        if len(rest) == 2 and all(self.phase[u] == self.phase[i] for u in users):
            # In another phase it would be the sum's other part that had to be kept.
            rest = [a for a in rest if p.ops[a].lead > STATIC]
        if len(rest) != 1:
            return False
        (a,) = rest
        while p.ops[a].kind in ("neg", "slice"):
            a = p.ops[a].args[0]
        return a in named

    def _roots(self) -> set[int]:
        """What is handed out or carried from step to step: it has memory of its own."""
        out = {*self.program.targets.values(), *self.adj.reads.values()}
        return out | ({self.program.loss} if self.program.loss is not None else set())

    def _grows(self, i: int) -> tuple[int, int] | None:
        """A product made for all steps at once, and that of each step which is added to it.

        :func:`~bptt_sym.evaluate.c_order.c_schedules` saw to it that nothing else reads the two.
        """
        op = self.p.ops[i]
        if op.kind != "add" or op.lead < PER_STEP or self._order()[self.phase[i]][0] != "loop":
            return None
        for a, b in (op.args, op.args[::-1]):
            kinds = [(self.p.ops[k].kind, self._order()[self.phase.get(k, 0)][0]) for k in (a, b)]
            alone = all(self.users.get(k) == {i} for k in (a, b))
            if alone and kinds == [("matvec", "before"), ("matvec", "loop")]:
                return a, b
        return None

    def _add_up(self) -> None:
        """Products that are summed are added up in one place as they are computed."""
        p = self.p
        kept = self._roots()
        for i in self.phase:
            op = p.ops[i]
            if op.kind != "add" or op.lead < PER_STEP or i in kept or op.args[0] == op.args[1]:
                continue
            grown = self._grows(i)
            first, second = grown or sorted(op.args)
            if grown:
                self.arrays[i] = self.arrays[first]
                self.views[first] = self.views[second] = (i, Size())
                self.sums.add(i)
                self.added.add(second)
                continue
            if p.ops[second].kind != "matvec" or not (
                p.ops[first].kind == "matvec" or first in self.sums
            ):
                continue
            kinds = {self.arrays[a].kind for a in op.args if a in self.arrays}
            alone = all(self.users.get(a) == {i} and a in self.arrays for a in op.args)
            together = {self.phase[a] for a in (i, first, second)}
            if not alone or len(kinds) != 1 or len(together) != 1:
                continue
            self.arrays.setdefault(i, self.arrays[first])
            self.views[first] = self.views[second] = (i, Size())
            self.sums.add(i)
            self.added.add(second)

    def _share(self) -> None:
        """Parts of a vector that is put together are written into it where they are made."""
        roots = self._roots()
        for i, whole in self.arrays.items():
            op = self.p.ops[i]
            if op.kind != "concat" or op.lead < PER_STEP or i in roots:
                continue
            at = Size()
            for a in op.args:
                part = self.arrays.get(a)
                free = part is not None and a not in roots and a not in self.views
                if (
                    free
                    and part is not None
                    and self.p.ops[a].kind not in ("concat", "pad")
                    and a not in self.sums
                    and op.args.count(a) == 1
                    and (part.kind in ("step", whole.kind) and whole.kind in ("step", "all"))
                ):
                    self.views[a] = (i, at)
                at = at + self.p.shape(a)[0]

    def row(self, i: int) -> str:
        """How far apart two rows of a value are."""
        while i in self.views:
            i = self.views[i][0]
        return self.width(self.p.shape(i))

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
        found = wish(self.adj, self.program.targets, i, self._placed)
        if found is not None:
            taken = found in self.output_names.values()  # before it is put where it is wanted
            return self.names.fresh(f"{found}_sum" if taken else found)
        others = {"matvec": "z", "add": "a", "contract": "g", "accumulate": "g"}
        return self.names.fresh(others.get(self.p.ops[i].kind, "v"))

    def _placed(self, i: int) -> str | None:
        array = self.arrays.get(i)
        return array.name if array else None
