"""Stand-alone C: one function that computes the loss, the states and the gradient.

The arithmetic of one step is fused into few loops over (example, unit), which compilers turn into
vector instructions; products with weights go through one packed kernel. Only the C library is
needed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from textwrap import fill

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.c_kernels import DOUBLE, Precision, prelude
from bptt_sym.evaluate.c_plan import ELEMENTWISE, LEAVES, CSignature, Lines
from bptt_sym.evaluate.c_static import CStatics
from bptt_sym.evaluate.formula import equation_text, text
from bptt_sym.evaluate.names import identifier
from bptt_sym.evaluate.program import EXAMPLE, PER_STEP, Program, Size, Sizes
from bptt_sym.notation import Node
from bptt_sym.recurrence import Recurrence


def c_source(
    rec: Recurrence,
    program: Program,
    *,
    loss: Node | None = None,
    seeds: bool | Collection[str] = False,
    wrt_inputs: bool | Collection[str] = False,
    precision: Precision = DOUBLE,
) -> tuple[str, CSignature]:
    """The source of a C file with functions ``gradient`` and ``gradient_workspace``.

    ``seeds`` and ``wrt_inputs`` are true, or name the sequences that receive cotangents from
    outside and the inputs whose gradients are wanted.

    Raises
    ------
    NotSupported
        Matrix-valued sequences, which this backend does not have.
    """
    adj = adjoint(rec, program, seeds=seeds)
    adj.forget_inputs(wrt_inputs)
    module = _Module(rec, program, adj, loss, precision)
    return module.source(), module.signature


def _folded(arguments: Iterable[str], indent: int = 4) -> str:
    """Arguments in lines that a person reads."""
    blank = " " * indent
    whole = ", ".join(a.replace(" ", "\0") for a in arguments)  # a type stays with its name
    return fill(whole, 96, initial_indent=blank, subsequent_indent=blank).replace("\0", " ")


#: How many of the phases belong to the forward pass.
FORWARD_PHASES = 4


class _Module(CStatics):
    """The statements of every phase, and the file around them."""

    def source(self) -> str:
        self.copies = {}
        for key, h in self.adj.reads.items():
            if key[0] in self.program.targets and self.p.ops[h].kind != "const":
                array = self.arrays.get(h)
                if array is None or array.kind != "ring" or array.depth != key[1] + 1:
                    self.copies[key] = self.names.fresh(f"d_{identifier(key[0])}_back{key[1]}")
        body = Lines()
        body.put("if (part & 1) {")
        body.lines += self._beginnings()
        for k, (phase, group) in enumerate(self._order()):
            if k == FORWARD_PHASES:
                self._sequences(body)
                body.put("}")
                body.put("if (!(part & 2)) return;")
                body.put("// The way back: d_x is the derivative of the loss by x.")
                body.lines += self._endings()
            self._phase(phase, group, body)
        self.pointers, self.pointer_lines = {}, Lines()
        self._finish(body)
        return self._assemble(body)

    def _phase(self, phase: str, group: list[int], body: Lines) -> None:
        inside = phase in ("loop", "back")
        if phase == "end":
            self._starts(body)
        self.pointers = {}
        self.pack_lines = []
        inner = Lines(indent=2 if inside else 1)
        self.pointer_lines = Lines(indent=2 if inside else 1)
        rows = "B" if inside else "T * B"
        pending: list[int] = []

        def flush() -> None:
            if pending:
                self._loop(phase, list(pending), rows, inner)
                pending.clear()

        for i in group:
            op = self.p.ops[i]
            if i not in self.arrays or op.kind in LEAVES or i in self.sums:
                continue
            if op.kind in ELEMENTWISE and op.lead == PER_STEP:
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
                inner.put(f"for (long row = 0; row < B; row++) for (long j = 0; j < {w}; j++)")
                inner.put(f"    {name}[(t * B + row) * {w} + j] = {self.element(h, phase)};")
        if not inner.lines and not self.pointer_lines.lines:
            return
        body.lines += self.pack_lines
        if inside:
            header = (
                "for (long t = 0; t < T; t++) {"
                if phase == "loop"
                else "for (long t = T - 1; t >= 0; t--) {"
            )
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
            if a in self.arrays or op.kind in LEAVES:
                continue
            moved_here = moved or op.kind in ("slice", "expand")
            stack.extend((b, moved_here) for b in op.args)
        return False

    def _loop(self, phase: str, group: list[int], rows: str, out: Lines) -> None:
        shape = self.p.ops[group[0]].shape
        local: dict[int, str] = {}
        body: list[str] = []
        stores: list[str] = []  # last: after one, what is in memory would be read again
        for i in group:
            body += [f"// {formula}" for formula in self._formulas(i)]
            value = self.element_of(i, phase, local)
            name = self.names.fresh(f"{self.arrays[i].name}_rj")
            body.append(f"const real {name} = {value};")
            if self.arrays[i].kind == "step" and self.users.get(i, set()) <= set(group):
                self.unstored.add(i)
            else:
                stores.append(f"{self._target(i, phase)} = {name};")
            local[i] = name
        body += stores
        if shape:
            w = self.width(shape)
            out.put(f"for (long row = 0; row < {rows}; row++)")
            out.put('    _Pragma("GCC ivdep")')
            out.put(f"    for (long j = 0; j < {w}; j++) {{")
            for line in body:
                out.put(f"        {line}")
            out.put("    }")
        else:
            out.put(f"for (long row = 0; row < {rows}; row++) {{")
            for line in body:
                out.put(f"    {line}")
            out.put("}")

    def _formulas(self, i: int) -> list[str]:
        """Those of the sequences that value ``i`` is, or that are parts of it, side by side."""
        p, here = self.p, []
        for e in self.rec.equations:
            target = self.program.targets.get(e.target)
            part = target is not None and p.ops[target].kind == "slice" and i in p.ops[target].args
            here += [equation_text(e)] if part or target == i else []
        return here

    def _target(self, i: int, phase: str) -> str:
        op = self.p.ops[i]
        name = self.pointer(i, phase)
        return f"{name}[row * {self.row(i)} + j]" if op.shape else f"{name}[row]"

    def _operation(self, phase: str, i: int, rows: str, out: Lines) -> None:
        op = self.p.ops[i]
        if op.lead < PER_STEP:
            self._static(phase, i, out)
            return
        match op.kind:
            case "matvec":
                self._product(phase, i, rows, out)
            case "dot" | "reduce":
                w = self.width(self.p.shape(op.args[0]))
                terms = " * ".join(self.element(a, phase) for a in op.args)
                out.put(f"for (long row = 0; row < {rows}; row++) {{")
                out.put(f"    real total = {self.number(Fraction(0))};")
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

    def _concat(self, phase: str, i: int, rows: str, out: Lines) -> None:
        op = self.p.ops[i]
        w = self.width(op.shape)
        name = self.pointer(i, phase)
        at = Size()
        for a in op.args:
            part = self.p.shape(a)[0]
            if a in self.views and self.views[a][0] == i:
                at = at + part
                continue
            moved = "" if at == Size() else f" + {self.size(at)}"
            out.put(f"for (long row = 0; row < {rows}; row++)")
            out.put('    _Pragma("GCC ivdep")')
            out.put(f"    for (long j = 0; j < {self.size(part)}; j++)")
            out.put(f"        {name}[row * {w} + j{moved}] = {self.element(a, phase)};")
            at = at + part

    def _pad(self, phase: str, i: int, rows: str, out: Lines) -> None:
        op = self.p.ops[i]
        w = self.width(op.shape)
        name = self.pointer(i, phase)
        (a,) = op.args
        out.put(f"memset({name}, 0, sizeof(real) * {rows} * {w});")
        out.put(
            f"for (long row = 0; row < {rows}; row++) "
            f"for (long j = 0; j < {self.width(self.p.shape(a))}; j++)"
        )
        out.put(f"    {name}[row * {w} + j + {self.size(op.attr[1])}] = {self.element(a, phase)};")

    def _softmax(self, phase: str, i: int, rows: str, out: Lines) -> None:
        op = self.p.ops[i]
        w = self.width(op.shape)
        row = f"{self.pointer(i, phase)} + row * {self.row(i)}"
        (a,) = op.args
        out.put(f"for (long row = 0; row < {rows}; row++) {{")
        if a in self.arrays:
            source = f"{self.pointer(a, phase)} + row * {self.row(a)}"
        else:
            out.put(f"    for (long j = 0; j < {w}; j++)")
            out.put(f"        {self._target(i, phase)} = {self.element(a, phase)};")
            source = row
        out.put(f"    {op.kind}({row}, {source}, {w});")
        out.put("}")

    def _starts(self, out: Lines) -> None:
        for i in self.b.end:
            op = self.p.ops[i]
            if op.kind == "start":
                raise NotSupported("an initial value that depends on parameters in C")

    def _sequences(self, out: Lines) -> None:
        """Loss and sequences, which end the forward part."""
        p = self.p
        if self.program.loss is not None:
            array = self.arrays[self.program.loss]
            out.put("double loss_sum = 0.0;")
            out.put("for (long row = 0; row < T * B; row++)")
            out.put(f"    loss_sum += (double){array.name}[row];")
            out.put("*loss_out = loss_sum;")
        for name, i in self.program.targets.items():
            target = self.output_names[name]
            w = self.width(p.shape(i))
            op = p.ops[i]
            if op.kind == "slice":
                self.pointers, self.pointer_lines = {}, Lines()
                value = self.element(i, "after")
                out.lines += self.pointer_lines.lines
                out.put(f"if ({target}) for (long row = 0; row < T * B; row++)")
                out.put(f"    for (long j = 0; j < {w}; j++)")
                out.put(f"        {target}[row * {w} + j] = {value};")
            else:
                out.put(
                    f"if ({target}) memcpy({target}, {self.base(i, 'after')}, "
                    f"sizeof(real) * T * B * {w});"
                )
        self.pointers, self.pointer_lines = {}, Lines()

    def _finish(self, out: Lines) -> None:
        p = self.p
        totals = [("param", n, self.adj.params.get(n)) for n in self.param_names]
        totals += [("context", n, self.adj.contexts.get(n)) for n in self.context_names]
        for kind, name, handle in totals:
            if any(name in parts for parts in self.direct.values()):
                continue
            target = self.output_names[f"grad {name}"]
            size = self.width(self._own_shape(kind, name))
            if kind == "context":
                size = f"B * {size}"
                if handle is not None and handle not in self.arrays:
                    raise NotSupported("the gradient of a context without memory in C")
            if handle is None:
                out.put(f"memset({target}, 0, sizeof(real) * {size});")
            elif (
                p.ops[handle].kind == "slice"
                and p.ops[handle].attr[0] == -1
                and len(p.ops[handle].shape) == 2
            ):
                raise NotSupported("a block of columns in C")
            elif p.ops[handle].kind in ("slice", *LEAVES) or handle in self.arrays:
                out.put(f"memcpy({target}, {self._static_address(handle)}, sizeof(real) * {size});")
            else:
                out.put(
                    f"for (long j = 0; j < {size}; j++) "
                    f"{target}[j] = {self.element(handle, 'end')};"
                )
        for name in self.signature.initial:
            if name in self.program.targets:
                self._initial_gradient(name, out)
        for (name, lag), h in self.adj.reads.items():
            if name not in self.program.targets and lag == 0:
                target = self.output_names[f"grad d_{name}"]
                w = self.width(p.shape(h))
                self.pointers, self.pointer_lines = {}, Lines()
                value = self.element(h, "after")
                out.lines += self.pointer_lines.lines
                out.put(f"for (long row = 0; row < T * B; row++) for (long j = 0; j < {w}; j++)")
                out.put(f"    {target}[row * {w} + j] = {value};")

    def _initial_gradient(self, name: str, out: Lines) -> None:
        target = self.output_names[f"grad {name}0"]
        w = self.width(self.p.shape(self.program.targets[name]))
        longest = self.lags[name]
        out.put(f"memset({target}, 0, sizeof(real) * {longest} * B * {w});")
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
            if i in self.unstored or i in self.views or i in self.direct:
                continue
            w = self.width(array.shape)
            rows = {
                "static": "B * " if self.p.ops[i].lead == EXAMPLE else "",
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
        out += self.pack_memory
        for name in self.signature.inputs:
            if self.lags[name]:
                w = self.width(self._sequence_shape(name))
                out.append((self.sequence[name], f"(T + {self.lags[name]}) * B * {w}"))
        return out

    def _sequence_shape(self, name: str) -> Sizes:
        return next(op.shape for op in self.program.ops if op.kind == "read" and op.attr[0] == name)

    def _assemble(self, body: Lines) -> str:
        sig = self.signature
        memory = self._memory()
        args = ["long T", "long B", *(f"long {self.dims[d]}" for d in sig.dims)]
        sizes_only = list(args)
        args.insert(0, "int part")
        args += [f"const real *{self.param_names[n]}" for n in sig.params]
        args += [f"const real *{self.context_names[n]}" for n in sig.contexts]
        for n in sig.inputs:
            args.append(f"const real *{self.sequence[n]}{'_in' if self.lags[n] else ''}")
        args += [f"const real *{self.initial_names[n]}" for n in sig.initial]
        args += [f"const real *d_{self.sequence[n]}_in" for n in sig.seeds]
        args += [f"real *{self.output_names[n]}" for n, _, _ in sig.outputs]
        out = ["/*", f" * Gradient of the recurrence {identifier(self.rec.name)!r}.", " *"]
        out += [f" *     {equation_text(e)}" for e in self.rec.equations]
        if self.loss is not None:
            out += [" *", f" *     loss = {text(self.loss)}, summed over the batch"]
        out += [" *", " * Row-major arrays: sequences (T, B, width), initial values (B, width);"]
        out += [" * outputs of sequences may be NULL. gradient_workspace gives the size of work,"]
        out += [" * in numbers of type real."]
        out += [" * part is 1 for the forward pass, 2 for the way back with the workspace that the"]
        out += [" * forward pass has filled, 3 for both. Compile with", " *"]
        flags = "cc -O3 -march=native -fno-math-errno -fno-trapping-math"
        out += [f" *     {flags}", " */", prelude(self.precision), ""]
        out += [f"size_t gradient_workspace({', '.join(sizes_only)})", "{"]
        out += ["    size_t total = 0;"]
        out += [f"    total += padded({size});" for _, size in memory]
        out += [f"    size_t scratch_{i} = {s};" for i, s in enumerate(self.scratch_sizes)]
        out += ["    size_t scratch = 0;"]
        out += [
            f"    if (scratch_{i} > scratch) scratch = scratch_{i};"
            for i in range(len(self.scratch_sizes))
        ]
        out += ["    return LINE + total + scratch;", "}", ""]
        inner = [*args, "real *work"]
        out += ["static inline __attribute__((always_inline)) void gradient_sized("]
        out += [f"{_folded(inner)})", "{"]
        out.append("    work = (real *)(((uintptr_t)work + 63) & ~(uintptr_t)63);")
        for name, size in memory:
            out.append(f"    real *{name} = work;")
            out.append(f"    work += padded({size});")
        if self.scratch_sizes:
            out.append("    real *scratch = work;")
        out += body.lines + ["}", ""]
        # Sizes that are known when this file is compiled make shorter loops.
        for d in sig.dims:
            ident = self.dims[d]
            out += [f"#ifndef FIXED_{ident}", f"#define FIXED_{ident} {ident}", "#endif"]
        names = [a.split()[-1].lstrip("*") for a in inner]
        fixed = {self.dims[d]: f"FIXED_{self.dims[d]}" for d in sig.dims}
        out += ["void gradient(", f"{_folded(inner)})", "{"]
        passed = _folded([fixed.get(n, n) for n in names], 8)
        out += ["    gradient_sized(", f"{passed});", "}", ""]
        return "\n".join(out)

    def _beginnings(self) -> list[str]:
        """Initial values into the histories."""
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
                out.append(f"        {array.name}[j] = {self.number(start.attr[0])};")
            else:
                source = self.initial_names[name]
                size = f"sizeof(real) * {array.depth} * B * {w}"
                out.append(f"    memcpy({array.name}, {source}, {size});")
        for name in self.signature.inputs:
            if self.lags[name]:
                w, ident = self.width(self._sequence_shape(name)), self.sequence[name]
                depth, first = self.lags[name], self.initial_names[name]
                out.append(f"    memcpy({ident}, {first}, sizeof(real) * {depth} * B * {w});")
                out.append(
                    f"    memcpy({ident} + {depth} * B * {w}, {ident}_in, "
                    f"sizeof(real) * T * B * {w});"
                )
        return out

    def _endings(self) -> list[str]:
        """Zeros for what no later step passes back."""
        out = []
        for array in self.arrays.values():
            if array.kind == "ring":
                size = f"{array.depth} * B * {self.width(array.shape)}"
                out.append(f"    memset({array.name}, 0, sizeof(real) * {size});")
        for (name, lag), copy in self.copies.items():
            w = self.width(self.p.shape(self.program.targets[name]))
            out.append(f"    memset({copy} + T * B * {w}, 0, sizeof(real) * {lag} * B * {w});")
        return out
