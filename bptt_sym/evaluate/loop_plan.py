"""Which values of array source get a name and are kept, and how each is referred to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.array_source import Dialect, Writer, number
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.names import Names, identifier
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.evaluate.schedule import Schedule, adjoint_schedule, forward_schedule
from bptt_sym.evaluate.value_names import wish
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
class Place:
    """Where a value lives. ``history`` > 0: an array with that many initial steps in front."""

    name: str
    history: int = 0
    stored: bool = False


class LoopPlan:
    """The plan of a module; :mod:`loop_source` and :mod:`jax_source` write its statements."""

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
        self.dialect, self.loss, self.sink = dialect, loss, sink
        self.p = adj.program
        self.names = Names()
        self.w = Writer(self.p, dialect, self.names)
        back = {a for op in self.p.ops[adj.forward :] for a in op.args}
        #: Derivatives that the forward pass computes, by their arguments.
        self.slopes = {
            op.args[0]: i for i, op in enumerate(program.ops)
            if i in back and op.kind == "fn" and op.attr in (("tanh", 1), ("sigma", 1))
        }  # fmt: skip
        self.f = forward_schedule(program, kept=list(self.slopes.values()))
        self.b = self._carried_rows(adjoint_schedule(adj, sink=sink))
        self.lags = self._lags()
        self.sequence_names: dict[str, str] = {}
        self.signature = self._signature()
        self.place: dict[int, Place] = {}
        self.carry: dict[tuple[str, int], str] = {}
        self.going_back = False
        #: Whether it was said why parameters are stacked, and how slopes are computed.
        self.stacked = self.sloped = False
        self.added_to: dict[int, int] = {}
        #: Parts of a stored row that are a product with a value put together from parts.
        self.unfolded: dict[int, int] = {}
        self._plan()

    # -- what there is --------------------------------------------------------------------------

    def _carried_rows(self, back: Schedule) -> Schedule:
        """The schedule in which carried cotangents that are used after the loop are kept in it.

        A carry with lag 1 is one row, and what JAX carries is no array of all steps.
        """
        #: The carried cotangents of which every step's value is kept.
        self.kept_carries = {
            i for i in range(self.adj.forward, len(self.p.ops))
            if self.p.ops[i].kind == "later"
            and (self.p.ops[i].attr[1] == 1 or self.dialect.module == "jnp")
            and self._users([*back.after, *back.end], i)
        }  # fmt: skip
        loop = sorted({*back.loop, *self.kept_carries})
        after = [i for i in back.after if i not in self.kept_carries]
        return replace(back, loop=loop, after=after)

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
        self.names.used.update(f"d_{ident}_in" for ident in self.sequence_names.values())
        used = {op.attr[0] for op in self.p.ops if op.kind == "seed"}
        sequences = [(n, self.sequence_names[n]) for n in self.program.targets if n in used]
        return Signature(params, contexts, inputs, initial, sequences)

    def _plan(self) -> None:
        """Give a name to every value that is used twice, in another phase, or later on."""
        p = self.p
        forward = {**self.f.phase()}
        back = {**self.b.phase()}
        for i, op in enumerate(self.program.ops):
            if op.kind == "fn" and op.args[0] in self.slopes:
                self._name(i)
        self._name_shared(self.f)
        for name, i in self.program.targets.items():
            self._name(i)
            if self.lags.get(name):
                base = self.place[i]
                if base.history == 0:
                    self.place[i] = Place(self.sequence_names[name], self.lags[name], True)
            if forward.get(i) == "loop":
                self._store(i)
        #: A number in front of the loss, as source, and what is summed then.
        self.factored_loss = ("", -1)
        if self.program.loss is not None:
            self.factored_loss = self._factored(self.program.loss)
            summed = self.factored_loss[1]
            self._name(summed, "losses")
            if forward.get(summed) == "loop":
                self._store(summed)
        # What the adjoint needs of the forward pass is saved.
        for i in [*self.b.fixed, *self.b.before, *self.b.loop, *self.b.after, *self.b.end]:
            for a in self._arguments(i):
                if a < self.adj.forward and p.ops[a].kind not in _NEVER_NAMED:
                    self._name(a)
                    if forward.get(a) == "loop":
                        self._store(a)
        self._name_shared(self.b)
        for handle in self.adj.reads.values():
            if p.ops[handle].kind == "const":
                continue
            early = back.get(handle) in ("loop", "before")
            if early and p.ops[handle].kind not in _NEVER_NAMED:
                self._name(handle)
        if self.dialect.module != "jnp":
            self._reuse_memory()
        if self.dialect.module == "np":
            self._unfold()
        for (name, lag), handle in self.adj.reads.items():
            if name in self.program.targets and p.ops[handle].kind != "const":
                self.carry[name, lag] = self.names.fresh(
                    f"d_{identifier(name)}_next" if lag == 1 else f"d_{identifier(name)}_next{lag}"
                )

    def _factored(self, loss: int) -> tuple[str, int]:
        """A number that is a factor of the losses is taken to their sum: one array less."""
        op = self.p.ops[loss]
        value = self.p.constant(op.args[0]) if op.kind == "mul" else None
        if value is None or not self.dialect.rows or loss in self.program.targets.values():
            return "", loss
        if self.p.ops[op.args[1]].lead < PER_STEP or self.p.ops[op.args[1]].kind == "unit":
            return "", loss
        return f"{number(value)} * ", op.args[1]

    def _name_shared(self, groups: Schedule) -> None:
        """Names for values that are used twice or in another phase, or whose terms are many."""
        p, phase = self.p, groups.phase()
        own = [*groups.fixed, *groups.before, *groups.loop, *groups.after, *groups.end]
        for i in own:
            op = p.ops[i]
            if i in self.kept_carries:
                self._name(i)
                self._store(i)
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

    def _reuse_memory(self) -> None:
        """A sum over what was computed before the loop takes its place: less memory to touch."""
        groups = (self.f, self.b)
        every = [
            i
            for g in groups
            for part in (g.fixed, g.before, g.loop, g.after, g.end)
            for i in part
        ]  # fmt: skip
        roots = {*self.program.targets.values(), self.program.loss}
        before = set(self.f.before)
        for i in self.f.loop:
            op, place = self.p.ops[i], self.place.get(i)
            if op.kind != "add" or place is None or place.history:
                continue
            if not place.stored and not self.dialect.rows:
                continue  # in rows, what a step adds to needs no memory of its own
            for a in op.args:
                made = self.p.ops[a].kind in ("add", "matvec") and self.p.ops[a].lead == PER_STEP
                free = a in before and made and a in self.place and a not in roots
                if free and self._users(every, a) == [i] and op.args[0] != op.args[1]:
                    self.added_to[i] = a
                    was, now = place.name, self.place[a].name
                    self.place[i] = Place(now, 0, True)
                    for other in self.place.values():
                        if other.name == f"d_{was}":
                            other.name = self.names.fresh(f"d_{now}")
                    break

    def _parts(self, i: int) -> bool:
        """Whether ``i`` is stored in the loop and put together from parts that are there."""
        op, place = self.p.ops[i], self.place.get(i)
        return (
            place is not None
            and place.stored
            and not place.history
            and op.kind == "concat"
            and len(op.shape) == 1
            and all(self.p.ops[a].lead == PER_STEP for a in op.args)
        )

    def _unfold(self) -> None:
        """Where a row's part is (parts, put together) times something, no temporary is joined."""
        p = self.p
        own = [i for g in (self.b.before, self.b.loop, self.b.after, self.b.end) for i in g]
        for i in [i for i in self.b.loop if self._parts(i)]:
            for a in p.ops[i].args:
                if p.ops[a].kind != "mul" or self._users(own, a) != [i]:
                    continue
                for inner in p.ops[a].args:
                    together = p.ops[inner].kind == "concat" and len(p.ops[inner].shape) == 1
                    steps = all(p.ops[k].lead == PER_STEP for k in p.ops[inner].args)
                    if together and steps and self._users(own, inner) == [a]:
                        self.unfolded[a] = inner
                        for k in (a, inner, *p.ops[inner].args):
                            if k in (a, inner) or self._users(own, k) == [inner]:
                                self.place.pop(k, None)  # what is written there needs no name
                        break

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
        self.place[i] = Place(self.names.fresh(wish) if wish else self._wish(i))

    def _wish(self, i: int) -> str:
        p = self.p
        for name, target in self.program.targets.items():
            if target == i:
                return self.sequence_names[name]
        found = wish(self.adj, self.program.targets, i, self._placed)
        if found is not None:
            return self.names.fresh(found)
        op = p.ops[i]
        if op.kind == "concat" and op.lead < PER_STEP:
            inner_op = p.ops[op.args[0]]
            if inner_op.kind == "param":
                return self.names.fresh(f"{identifier(inner_op.attr[0])[:1]}_all")
        return self.names.fresh("z" if op.kind in ("add", "matvec") else "v")

    def _placed(self, i: int) -> str | None:
        place = self.place.get(i)
        return place.name if place else None

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
            if op.kind == "later" and (loop or i not in self.kept_carries):
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
            if (
                home == "loop"
                and not place.stored
                and (not loop or (self.going_back and i < self.adj.forward))
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
        ident = (
            self.place[self.program.targets[name]].name if name in self.program.targets else ident
        )
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
