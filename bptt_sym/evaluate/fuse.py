"""Horizontal fusion: gates that read the same vector share one matrix product.

``W_f x``, ``W_i x``, … become one product with the stacked matrix, the sums and activations that
follow become sums and activations of the stacked vector, and each gate is a slice of it. This is
what a person does who writes ``z = W @ x + U @ h + b; f, i, o = sigmoid(z[:3*n])``. The adjoint of
the fused program is fused by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import final

from bptt_sym.evaluate.program import STATIC, Program, Size, check


@final
@dataclass
class _Pack:
    """Operations of the old program that are computed as one, in the order of stacking."""

    members: tuple[int, ...]
    offsets: list[Size] = field(default_factory=list)
    value: int | None = None


def fuse(program: Program) -> Program:
    """An equal program with fewer and larger operations."""
    packs, place = _packs(program)
    if not packs:
        return program
    new = Program()
    done: dict[int, int] = {}

    def build(i: int) -> int:
        if i in done:
            return done[i]
        op = program.ops[i]
        if i in place:
            pack, position = packs[place[i][0]], place[i][1]
            fused = build_pack(pack)
            done[i] = new.slice(fused, pack.offsets[position], op.shape[0])
        else:
            args = [build(a) for a in op.args]
            done[i] = new.emit(op.kind, args, op.shape, attr=op.attr, lead=op.lead)
        return done[i]

    def build_pack(pack: _Pack) -> int:
        if pack.value is not None:
            return pack.value
        at = Size()
        for m in pack.members:
            pack.offsets.append(at)
            at = at + program.shape(m)[0]
        ops = [program.ops[m] for m in pack.members]
        if ops[0].kind == "matvec":
            matrix = new.concat([build(op.args[0]) for op in ops], -2)
            pack.value = new.matvec(matrix, build(ops[0].args[1]))
        else:
            args = [build_stack([op.args[k] for op in ops]) for k in range(len(ops[0].args))]
            pack.value = new.emit(ops[0].kind, args, (at,), attr=ops[0].attr)
        return pack.value

    def build_stack(values: list[int]) -> int:
        """Values side by side; a run of another pack is a slice of it."""
        if all(v in place for v in values):
            which, first = place[values[0]]
            pack = packs[which]
            fused = build_pack(pack)
            size = Size()
            for v in values:
                size = size + program.shape(v)[0]
            return new.slice(fused, pack.offsets[first], size)
        return new.concat([build(v) for v in values])

    for i, op in enumerate(program.ops):
        if op.lead == STATIC:
            build(i)
    new.targets = {name: build(i) for name, i in program.targets.items()}
    new.initial = {name: build(i) for name, i in program.initial.items()}
    new.loss = None if program.loss is None else build(program.loss)
    check(new)
    return new


def _packs(p: Program) -> tuple[list[_Pack], dict[int, tuple[int, int]]]:
    uses: dict[int, list[int]] = {}
    above: list[int] = []
    for i, op in enumerate(p.ops):
        mask = 1 << i
        for a in op.args:
            uses.setdefault(a, []).append(i)
            mask |= above[a]
        above.append(mask)

    def independent(members: list[int]) -> bool:
        """Whether no member needs another."""
        return not any(above[b] >> a & 1 for a in members for b in members if a != b)

    packs: list[_Pack] = []
    place: dict[int, tuple[int, int]] = {}

    def add(members: list[int]) -> None:
        for position, m in enumerate(members):
            place[m] = (len(packs), position)
        packs.append(_Pack(tuple(members)))

    products: dict[int, list[int]] = {}
    for i, op in enumerate(p.ops):
        if op.kind == "matvec" and op.lead > STATIC and p.ops[op.args[0]].lead == STATIC:
            products.setdefault(op.args[1], []).append(i)
    for group in products.values():
        if len(group) > 1 and independent(group):
            names = [_activation(p, uses, i) for i in group]
            add(sorted(group, key=lambda i: names.index(_activation(p, uses, i))))

    at = 0
    while at < len(packs):
        members = packs[at].members
        followers = [uses.get(m, []) for m in members]
        at += 1
        run: list[int] = []
        for follower in [*followers, []]:
            user = follower[0] if len(follower) == 1 else None
            if user is not None and user not in place and _joins(p, place, run, user):
                run.append(user)
                continue
            if len(run) > 1 and independent(run):
                add(run)
            fresh = user is not None and user not in place and _joins(p, place, [], user)
            run = [user] if fresh and user is not None else []
    return packs, place


def _joins(p: Program, place: dict[int, tuple[int, int]], run: list[int], user: int) -> bool:
    """Whether ``user`` can be stacked below the operations of ``run``."""
    op = p.ops[user]
    if op.kind not in ("add", "mul", "neg", "fn") or len(op.shape) != 1 or user in run:
        return False
    if not run:
        return True
    before = p.ops[run[-1]]
    if (before.kind, before.attr) != (op.kind, op.attr):
        return False
    for a, b in zip(before.args, op.args, strict=True):
        static = p.ops[a].lead == STATIC and p.ops[b].lead == STATIC
        adjacent = (
            a in place
            and b in place
            and place[a][0] == place[b][0]
            and place[a][1] + 1 == place[b][1]
        )
        if not static and not adjacent:
            return False
    return True


def _activation(p: Program, uses: dict[int, list[int]], i: int) -> str:
    """The function that a product ends up in, following single uses."""
    while len(uses.get(i, [])) == 1:
        i = uses[i][0]
        if p.ops[i].kind == "fn":
            return str(p.ops[i].attr[0])
        if p.ops[i].kind not in ("add", "mul", "neg"):
            break
    return ""
