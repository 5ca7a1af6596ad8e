"""C statements for values of parameters alone: packed weights, stacked blocks, their gradients."""

from __future__ import annotations

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.c_expressions import CExpressions
from bptt_sym.evaluate.c_plan import ELEMENTWISE, Lines
from bptt_sym.evaluate.program import EXAMPLE, PER_STEP, STATIC, Size


class CStatics(CExpressions):
    """What happens once per call, outside the loops over time."""

    def element_of(self, i: int, phase: str, local: dict[int, str]) -> str:
        """The right-hand side of a value that has memory."""
        self.defining = i
        try:
            return self.element(i, phase, "", local)
        finally:
            self.defining = -1

    def _rows_of(self, v: int, phase: str, rows: str, out: Lines) -> tuple[str, str]:
        """The address of a vector that a product reads, and how far apart its rows are.

        A slice of a stored vector is read where it is; other expressions are written out first.
        """
        op, at = self.p.ops[v], Size()
        if v in self.arrays or op.kind in ("read", "seed", "later"):
            return self.pointer(v, phase), self.row(v)
        root = v
        while self.p.ops[root].kind == "slice" and len(self.p.shape(root)) == 1:
            at = at + self.p.ops[root].attr[1]
            root = self.p.ops[root].args[0]
        if root != v and (root in self.arrays or self.p.ops[root].kind in ("read", "seed")):
            moved = "" if at == Size() else f" + {self.size(at)}"
            return f"{self.pointer(root, phase)}{moved}", self.row(root)
        # A slice, a sign or an expansion: materialised in a block of its own.
        name = self.names.fresh("part")
        self.extra[name] = (op.shape, phase in ("loop", "back"))
        w = self.width(op.shape)
        out.put(f"for (long r = 0; r < {rows}; r++) for (long j = 0; j < {w}; j++)")
        out.put(f"    {name}[r * {w} + j] = {self.element(v, phase)};")
        return name, w

    def _panels(self, m: int) -> str:
        """The packed form of a matrix (or its transpose) that vectors are multiplied by.

        A matrix that differs from example to example is packed for each.
        """
        op = self.p.ops[m]
        root, transposed = (op.args[0], True) if op.kind == "transpose" else (m, False)
        if m not in self.packs:
            rows, cols = self.p.shape(m)
            # y = M v: K counts the columns of M, N its rows, and element (k, n) is M[n][k].
            name = self.names.fresh("packed")
            source = self.base(root, "fixed")
            k, n = self.width((cols,)), self.width((rows,))
            order = f"{n}, {k}, {n}, 0" if transposed else f"{k}, {k}, {n}, 1"
            size = f"packed_size({k}, {n})"
            if op.lead == EXAMPLE:
                own = self.width(op.shape)
                self.pack_lines.append("    for (long b = 0; b < B; b++)")
                self.pack_lines.append(
                    f"        pack({name} + b * {size}, {source} + b * {own}, {order});"
                )
                size = f"B * {size}"
            elif op.lead == STATIC:
                self.pack_lines.append(f"    pack({name}, {source}, {order});")
            else:
                raise NotSupported("matrix-valued sequences in C")
            self.packs[m] = (name, size)
        return self.packs[m][0]

    def _product(self, phase: str, i: int, rows: str, out: Lines) -> None:
        """Matrix times vector, for all rows at once; or example by example, each with its own."""
        m, v = self.p.ops[i].args
        panels = self._panels(m)
        k, n = self.width(self.p.shape(v)), self.width(self.p.ops[i].shape)
        source, apart = self._rows_of(v, phase, rows, out)
        target, row = self.pointer(i, phase), self.row(i)
        add = int(i in self.added)
        if self.p.ops[m].lead == STATIC:
            left = f"{target}, {row}, {rows}, {n}"
            out.put(f"product({left}, {source}, {apart}, 1, {panels}, {k}, {add});")
            return
        steps = "1" if phase in ("loop", "back") else "T"
        out.put("for (long b = 0; b < B; b++)")
        out.put(
            f"    product({target} + b * {row}, B * {row}, {steps}, {n}, {source} + b * {apart}, "
            f"B * {apart}, 1, {panels} + b * packed_size({k}, {n}), {k}, {add});"
        )

    def _static(self, phase: str, i: int, out: Lines) -> None:
        op = self.p.ops[i]
        name = self.arrays[i].name
        if op.kind in ("contract", "accumulate"):
            self._sum(phase, i, out)
            return
        if op.kind in ELEMENTWISE and op.lead == EXAMPLE:
            if any(self.p.ops[a].lead == STATIC and self.p.ops[a].shape for a in op.args):
                raise NotSupported("parameters beside per-example values in C")
            w = self.width(op.shape)
            out.put(f"for (long r = 0; r < B; r++) for (long j = 0; j < {w}; j++)")
            out.put(f"    {name}[r * {w} + j] = {self.element_of(i, 'loop', {})};")
            return
        if op.lead == EXAMPLE:
            raise NotSupported(f"{op.kind!r} of per-example values in C")
        if op.kind == "concat":
            axis = op.attr[0]
            if axis == -1 and len(op.shape) == 2:
                raise NotSupported("matrices side by side in C")
            at: list[str] = []
            for a in op.args:
                size = self.width(self.p.shape(a))
                offset = f" + {' + '.join(at)}" if at else ""
                source = self._static_address(a)
                out.put(f"memcpy({name}{offset}, {source}, sizeof(real) * {size});")
                at.append(size)
            return
        if op.kind in ELEMENTWISE:
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
            out.put(
                f"for (long j = 0; j < {self.width(self.p.shape(a))}; j++) "
                f"{name}[0] += {self.element(a, phase)};"
            )
            return
        raise NotSupported(f"{op.kind!r} of parameters in C")

    def _sum(self, phase: str, i: int, out: Lines) -> None:
        """Sums over steps and examples, or over steps for each example, of vectors or products."""
        op, name = self.p.ops[i], self.arrays[i].name
        if any(self.p.ops[a].lead < PER_STEP for a in op.args):
            raise NotSupported("sums over examples alone in C")
        own, each = self.width(op.shape), op.lead == EXAMPLE
        rows = "T" if each else "T * B"
        parts = [self._rows_of(a, phase, "T * B", out) for a in op.args]
        widths = [self.width(self.p.shape(a)) for a in op.args]
        moved, skip = ("", "") if not each else (" + b * {}", "B * ")
        given = [
            f"{address}{moved.format(apart)}, {skip}{apart}, {w}"
            for (address, apart), w in zip(parts, widths, strict=True)
        ]
        target = f"{name}{moved.format(own)}"
        if each:
            out.put("for (long b = 0; b < B; b++)")
        if op.kind == "contract":
            self.scratch_sizes.append(f"outer_scratch({widths[1]})")
            call = f"outer_sum({target}, {', '.join(given)}, {rows}, scratch);"
        else:
            call = f"column_sum({target}, {given[0]}, {rows});"
        out.put(f"    {call}" if each else call)

    def _static_pad(self, i: int, out: Lines) -> None:
        op = self.p.ops[i]
        name = self.arrays[i].name
        (a,) = op.args
        inner = self.p.shape(a)
        out.put(f"memset({name}, 0, sizeof(real) * {self.width(op.shape)});")
        source = self._static_address(a)
        offset = self.size(op.attr[1])
        if op.attr[0] == -1 and len(op.shape) == 2:
            out.put(f"for (long r = 0; r < {self.size(inner[0])}; r++)")
            out.put(
                f"    memcpy({name} + r * ({self.size(op.shape[1])}) + {offset}, "
                f"{source} + r * ({self.size(inner[1])}), "
                f"sizeof(real) * ({self.size(inner[1])}));"
            )
        else:
            row = f" * ({self.size(op.shape[1])})" if len(op.shape) == 2 else ""
            out.put(
                f"memcpy({name} + ({offset}){row}, {source}, sizeof(real) * {self.width(inner)});"
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
