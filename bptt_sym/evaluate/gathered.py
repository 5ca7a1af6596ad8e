r"""What a cotangent is multiplied by on its way through a step, put together before the loop.

The way back is linear in the cotangents: most of what they meet, activations and their slopes, is
known for all steps once the forward pass is done. Of :math:`\bar h\odot o\odot\tanh'(c)` only the
first factor waits for its step, so that :math:`o\odot\tanh'(c)` is computed for all steps at once,
and one product is left in the loop; with few entries a step, its calls are what takes the time.
Likewise :math:`\bar h\odot h - \bar h\odot g = \bar h\odot(h-g)`.
"""

from __future__ import annotations

from typing import final

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.moving import moved
from bptt_sym.evaluate.program import PER_STEP, Program, Size


def gathered(adj: Adjoint, *, products: bool) -> Adjoint:
    """The same gradient with fewer operations in the loop.

    Without ``products`` only sums that share a cotangent are put together: where a step has many
    entries, an array more for all steps costs as much as the operation that it saves.
    """
    work = _Gathering(adj, products)
    for i in range(len(adj.program.ops)):
        work.place.append(work.copied(i) if i < adj.forward else work.made(i))
    return moved(adj, work.new, dict(enumerate(work.place)), adj.forward)


@final
class _Gathering:
    def __init__(self, adj: Adjoint, products: bool) -> None:
        self.old, self.forward, self.products = adj.program, adj.forward, products
        self.new = Program()
        self.place: list[int] = []
        #: What uses each value, as an argument or (-1) as a result.
        self.users: list[list[int]] = [[] for _ in self.old.ops]
        for i, op in enumerate(self.old.ops):
            for a in op.args:
                self.users[a].append(i)
        for table in (adj.params, adj.contexts, adj.reads):
            for handle in table.values():
                self.users[handle].append(-1)
        #: In the new program: what waits for the step after it, and what has a use that is left.
        self.late: set[int] = set()
        self.single: set[int] = set()

    def copied(self, i: int) -> int:
        op = self.old.ops[i]
        args = [self.place[a] for a in op.args]
        return self.new.emit(op.kind, args, op.shape, attr=op.attr, lead=op.lead)

    def made(self, i: int) -> int:
        op = self.old.ops[i]
        args = [self.place[a] for a in op.args]
        out: int | None = None
        if op.kind == "mul":
            late = [a for a in args if a in self.late]
            if len(late) == 1 and late[0] in self.single and not self.as_it_is(i, late[0]):
                (other,) = (a for a in args if a != late[0])
                out = self.scaled(late[0], other)
        elif op.kind == "add":
            out = self.shared(*args)
        elif op.kind == "concat" and len(op.shape) == 1:
            out = self.joined(args)
        if out is None:
            out = self.copied(i)
        if op.kind == "later" or any(a in self.late for a in self.new.ops[out].args):
            self.late.add(out)
        self.single.discard(out)
        if len(self.users[i]) == 1:
            self.single.add(out)
        return out

    def as_it_is(self, i: int, late: int) -> bool:
        """Whether the product ``i`` had better be left: a part of a row is scaled where it is."""
        if self.products:
            return False
        user = self.users[i][0]
        within = len(self.users[i]) == 1 and user >= 0 and self.old.ops[user].kind == "concat"
        return within or self.new.ops[late].kind != "concat"

    def scaled(self, late: int, factor: int) -> int | None:
        """``late`` times ``factor``, which is known before, if that is something else."""
        op = self.new.ops[late]
        if op.kind == "mul" and self.products:
            for inner, known in (op.args, op.args[::-1]):
                if inner in self.late and known not in self.late:
                    both = self.new.mul(known, factor)
                    return self.noted(self.new.mul(inner, both))
        if op.kind == "neg":
            part = self.product(op.args[0], factor)
            return self.noted(self.new.neg(part))
        if op.kind == "concat" and len(op.shape) == 1:
            at, parts = Size(), []
            for a in op.args:
                size = self.new.shape(a)[0]
                parts.append(self.product(a, self.new.slice(factor, at, size)))
                at = at + size
            return self.noted(self.new.concat(parts))
        return None

    def product(self, late: int, factor: int) -> int:
        made = self.scaled(late, factor) if late in self.late else None
        return self.noted(self.new.mul(late, factor)) if made is None else made

    def noted(self, made: int) -> int:
        """``made``, known to wait for its step if something of it does."""
        if any(a in self.late for a in self.new.ops[made].args):
            self.late.add(made)
        return made

    def shared(self, a: int, b: int) -> int | None:
        """A sum or difference of two products with the same cotangent, as one product."""
        p = self.new
        minus = p.ops[b].kind == "neg" and b in self.single
        inner = p.ops[b].args[0] if minus else b
        alone = a in self.single and (minus or b in self.single)
        if not alone or p.ops[a].kind != "mul" or p.ops[inner].kind != "mul":
            return None
        for x, u in (p.ops[a].args, p.ops[a].args[::-1]):
            for y, v in (p.ops[inner].args, p.ops[inner].args[::-1]):
                if x == y and x in self.late and u not in self.late and v not in self.late:
                    if PER_STEP not in (p.ops[u].lead, p.ops[v].lead):
                        continue
                    return self.noted(p.mul(x, p.add(u, p.neg(v) if minus else v)))
        return None

    def joined(self, args: list[int]) -> int | None:
        """Parts of parts side by side, where only they use them."""
        inner = [
            a for a in args
            if self.new.ops[a].kind == "concat" and a in self.single and a in self.late
        ]  # fmt: skip
        if not inner:
            return None
        parts = [k for a in args for k in (self.new.ops[a].args if a in inner else (a,))]
        return self.noted(self.new.concat(parts))
