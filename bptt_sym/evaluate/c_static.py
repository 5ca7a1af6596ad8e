"""C statements for values of parameters alone: packed weights, stacked blocks, their gradients."""

from __future__ import annotations

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.c_plan import ELEMENTWISE, CPlan, Lines


class CStatics(CPlan):
    """What happens once per call, outside the loops over time."""

    def element_of(self, i: int, phase: str, local: dict[int, str]) -> str:
        """The right-hand side of a value that has memory."""
        self.defining = i
        try:
            return self.element(i, phase, "", local)
        finally:
            self.defining = -1

    def _rows_of(self, v: int, phase: str, rows: str, out: Lines) -> str:
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

    def _panels(self, m: int) -> tuple[str, str, str]:
        """The packed form of a static matrix (or its transpose) that vectors are multiplied by."""
        op = self.p.ops[m]
        root, transposed = (op.args[0], True) if op.kind == "transpose" else (m, False)
        if m not in self.packs:
            rows, cols = self.p.shape(m)
            # y = M v: K counts the columns of M, N its rows, and element (k, n) is M[n][k].
            name = self.names.fresh("packed")
            self.packs[m] = (name, self.width((cols,)), self.width((rows,)))
            source = self.base(root, "fixed")
            k, n = self.width((cols,)), self.width((rows,))
            self.pack_lines.append(
                f"    pack({name}, {source}, {k}, {n}, {0 if transposed else 1});"
            )
        return self.packs[m]

    def _static(self, phase: str, i: int, out: Lines) -> None:
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

    def _static_pad(self, i: int, out: Lines) -> None:
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
                f"{source} + r * ({self.size(inner[1])}), "
                f"sizeof(double) * ({self.size(inner[1])}));"
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
