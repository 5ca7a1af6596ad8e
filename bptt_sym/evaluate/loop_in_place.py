"""Statements that write values where they are kept: no temporary, nothing joined."""

from __future__ import annotations

from bptt_sym.evaluate.loop_plan import LoopPlan, Place
from bptt_sym.evaluate.program import PER_STEP, Size


class InPlace(LoopPlan):
    """A plan with the statements that take the place of an assignment."""

    def _both(self, i: int, place: Place, done: set[int], lines: list[str]) -> bool:
        """An activation and its derivative, where both are kept, by one call."""
        op = self.p.ops[i]
        slope = self.slopes.get(op.args[0]) if op.kind == "fn" and op.attr[1] == 0 else None
        if slope is None or not self.dialect.rows or self.p.ops[slope].attr[0] != op.attr[0]:
            return False
        beside = self.place.get(slope)
        if beside is None or not (beside.stored and place.stored) or slope not in self.f.loop:
            return False
        name = {"tanh": "tangent", "sigma": "logistic"}[op.attr[0]]
        index = f"[t + {place.history}]" if place.history else "[t]"
        argument = self.w.use(op.args[0], 1)
        lines.append(f"{name}({argument}, {place.name}{index}, {beside.name}[t])")
        done.update((i, slope))
        return True

    def _free_rows(self, i: int) -> str | None:
        """Rows that nobody reads once activation ``i``, which has a slope, is computed there."""
        op = self.p.ops[i]
        if op.kind != "fn" or op.attr[1] != 0 or not self.dialect.rows:
            return None
        (a,) = op.args
        slope = self.slopes.get(a)
        kept = a in self.program.targets.values() or a == self.program.loss
        if slope is None or kept or a not in self.added_to or slope not in self.f.loop:
            return None
        groups = [
            k for g in (self.f, self.b) for part in (g.fixed, g.before, g.loop, g.after, g.end)
            for k in part
        ]  # fmt: skip
        return self.place[a].name if {*self._users(groups, a)} == {i, slope} else None

    def _in_place(self, i: int, place: Place, lines: list[str]) -> bool:
        """A sum over all steps that starts from a product is added up where the product stands.

        Memory for all steps is what costs: a temporary as large is touched for the first time.
        """
        p = self.p
        if (
            self.dialect.module != "np"
            or place.history
            or p.ops[i].kind != "add"
            or p.ops[i].lead < PER_STEP
        ):
            return False
        terms, stack = [], [(i, True)]
        while stack:
            k, plus = stack.pop()
            op = p.ops[k]
            unnamed = k == i or self.w.reference(k) is None
            if op.kind == "add" and unnamed:
                stack += [(a, plus) for a in reversed(op.args)]
            elif op.kind == "neg" and unnamed:
                stack.append((op.args[0], not plus))
            else:
                terms.append((k, plus))
        first = next(
            (
                k for k, plus in terms
                if plus and p.ops[k].kind == "matvec" and self.w.reference(k) is None
            ),
            None,
        )  # fmt: skip
        if first is None:
            return False
        lines.append(f"{place.name} = {self.w.use(first, 1)}")
        terms.remove((first, True))
        lines += [f"{place.name} {'+' if plus else '-'}= {self.w.use(k, 1)}" for k, plus in terms]
        return True

    def _in_parts(self, i: int, place: Place, lines: list[str]) -> bool:
        """Write a concatenation part by part where it is stored: no temporary is joined."""
        op = self.p.ops[i]
        if not self._parts(i):
            return False
        at = Size()
        for a in op.args:
            end = at + self.p.shape(a)[0]
            first = "" if at == Size() else self.w.size(at)
            last = "" if end == op.shape[0] else self.w.size(end)
            self._into_part(place, a, at, f"{place.name}[t, :, {first}:{last}]", lines)
            at = end
        return True

    def _into_part(self, place: Place, a: int, at: Size, target: str, lines: list[str]) -> None:
        """One part of a stored row; what is put together itself is written part by part too."""
        if a not in self.unfolded:
            lines.append(self._assigned(a, target))
            return
        inner = self.unfolded[a]
        for part in self.p.ops[inner].args:
            end = at + self.p.shape(part)[0]
            first = "" if at == Size() else self.w.size(at)
            lines.append(self._assigned(part, f"{place.name}[t, :, {first}:{self.w.size(end)}]"))
            at = end
        (other,) = (k for k in self.p.ops[a].args if k != inner)
        slope = self.w.slope(other)
        lines.append(f"{target} /= {slope}" if slope else f"{target} *= {self.w.use(other, 1)}")

    def _assigned(self, i: int, target: str) -> str:
        into = None if self.w.reference(i) is not None else self.w.into(i, target)
        return into or f"{target} = {self.w.use(i, 1)}"
