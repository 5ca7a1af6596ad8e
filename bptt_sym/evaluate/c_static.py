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
        out.put(f"for (long row = 0; row < {rows}; row++) for (long j = 0; j < {w}; j++)")
        out.put(f"    {name}[row * {w} + j] = {self.element(v, phase)};")
        return name, w

    def _product(self, phase: str, i: int, rows: str, out: Lines) -> None:
        """Matrix times vector, for all rows at once; or example by example, each with its own."""
        m, v = self.p.ops[i].args
        each = self.p.ops[m].lead == EXAMPLE
        if self.p.ops[m].lead == PER_STEP:
            raise NotSupported("matrix-valued sequences in C")
        inside = phase in ("loop", "back")
        k, n = self.width(self.p.shape(v)), self.width(self.p.ops[i].shape)
        source, apart = self._rows_of(v, phase, rows, out)
        target, row = self.pointer(i, phase), self.row(i)
        add = int(i in self.added)
        left, right = f"{target}, {row}, {rows}", f"{source}, {apart}"
        own = ""
        if each:
            left = f"{target} + one * {row}, B * {row}, {'1' if inside else 'T'}"
            right = f"{source} + one * {apart}, B * {apart}"
            own = f" + one * packed_size({k}, {n})"
            out.put("for (long one = 0; one < B; one++)")
        indent = "    " if each else ""
        if not inside:
            self.scratch_sizes.append(f"packed_size({k}, {n})")
            call = f"product_once({left}, {right}, &{self._matrix(m)}, {add}, scratch);"
            out.put(f"{indent}{call}")
            return
        other = self._packed_turned(m) if phase == "back" else None
        few = "T * B < FEW"
        if other is not None:
            theirs = f"{other} + one * packed_size({n}, {k})" if each else other
            turned = f"product_turned({left}, {k}, {right}, {theirs}, {n}, {add}, t & 1);"
            out.put(f"{indent}{turned}" if each else f"{indent}if ({few}) {turned}")
            if each:
                return
            out.put(f"{indent}else")
            indent += "    "
        panels = self._panels(m, "" if other is None else f"if (!({few})) ")
        out.put(f"{indent}product({left}, {n}, {right}, 1, {panels}{own}, {k}, {add}, t & 1);")

    def _matrix(self, m: int) -> str:
        """The description of a matrix (of example ``one``, if each has its own) for packing.

        y = M v: K counts the columns of M, N its rows; column n of what is packed is row n of M.
        """
        op = self.p.ops[m]
        root, across = (op.args[0], 0) if op.kind == "transpose" else (m, 1)
        rows, cols = (self.width((s,)) for s in self.p.shape(m))
        stacked = root not in self.arrays and self.p.ops[root].kind == "concat"
        parts = self.p.ops[root].args if stacked else (root,)
        if op.lead == EXAMPLE:
            places = [f"{self.base(root, 'fixed')} + one * {self.width(op.shape)}"]
        else:
            places = [self._static_address(part) for part in parts]
        heights = ", ".join(self.size(self.p.shape(part)[0]) for part in parts)
        return (
            f"(const matrix){{{cols}, {rows}, {across}, {len(parts)}, "
            f"(const real *const[]){{{', '.join(places)}}}, (const long[]){{{heights}}}}}"
        )

    def _panels(self, m: int, where: str) -> str:
        """The packed form of a matrix; packed before the loop, under a condition.

        A matrix that differs from example to example is packed for each.
        """
        if m not in self.packs:
            rows, cols = self.p.shape(m)
            size = f"packed_size({self.width((cols,))}, {self.width((rows,))})"
            name = self.packs[m] = self.names.fresh("packed")
            each = self.p.ops[m].lead == EXAMPLE
            self.pack_memory.append((name, f"B * {size}" if each else size))
            loop = "for (long one = 0; one < B; one++) " if each else ""
            own = f" + one * {size}" if each else ""
            self.pack_lines.append(f"    {where}{loop}pack({name}{own}, &{self._matrix(m)});")
        return self.packs[m]

    def _packed_turned(self, m: int) -> str | None:
        """The panels of the transposed matrix, if the forward pass has packed it."""
        op = self.p.ops[m]
        if op.kind == "transpose":
            return self.packs.get(op.args[0])
        turned = (t for t in self.packs if self.p.ops[t].kind == "transpose")
        return next((self.packs[t] for t in turned if self.p.ops[t].args[0] == m), None)

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
            out.put(f"for (long row = 0; row < B; row++) for (long j = 0; j < {w}; j++)")
            out.put(f"    {name}[row * {w} + j] = {self.element_of(i, 'loop', {})};")
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
        if op.kind == "transpose":
            rows, cols = (self.width((s,)) for s in op.shape)
            source = self._static_address(op.args[0])
            out.put(f"for (long row = 0; row < {rows}; row++) for (long j = 0; j < {cols}; j++)")
            out.put(f"    {name}[row * {cols} + j] = ({source})[j * {rows} + row];")
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
        moved, skip = ("", "") if not each else (" + one * {}", "B * ")
        given = [
            f"{address}{moved.format(apart)}, {skip}{apart}, {w}"
            for (address, apart), w in zip(parts, widths, strict=True)
        ]
        target = f"{name}{moved.format(own)}"
        if each:
            out.put("for (long one = 0; one < B; one++)")
        if op.kind == "contract":
            self.scratch_sizes.append(f"outer_scratch({widths[0]}, {widths[1]})")
            places, heights = [target], [widths[0]]
            if i in self.direct:
                places = [self.output_names[f"grad {n}"] for n in self.direct[i]]
                heights = [self.size(self._own_shape("param", n)[0]) for n in self.direct[i]]
            left = given[0].rsplit(", ", 1)[0]
            call = (
                f"outer_sum({len(places)}, (real *const[]){{{', '.join(places)}}}, "
                f"(const long[]){{{', '.join(heights)}}}, {left}, {given[1]}, {rows}, scratch);"
            )
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
            out.put(f"for (long row = 0; row < {self.size(inner[0])}; row++)")
            out.put(
                f"    memcpy({name} + row * ({self.size(op.shape[1])}) + {offset}, "
                f"{source} + row * ({self.size(inner[1])}), "
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
