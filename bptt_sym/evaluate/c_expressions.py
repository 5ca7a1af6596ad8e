"""How the values of generated C are written where they are used: addresses, elements, functions."""

from __future__ import annotations

from fractions import Fraction

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.array_source import number
from bptt_sym.evaluate.c_plan import LEAVES, CPlan
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.names import identifier
from bptt_sym.evaluate.program import EXAMPLE, STATIC, Size


class CExpressions(CPlan):
    """References to the values of one program; :mod:`c_source` adds the statements."""

    def base(self, i: int, phase: str) -> str:
        """The address of the first row of a value in this phase."""
        op = self.p.ops[i]
        inside = phase in ("loop", "back")
        if op.kind == "param":
            return self.param_names[op.attr[0]]
        if op.kind == "context":
            return self.context_names[op.attr[0]]
        if i in self.views:
            whole, at = self.views[i]
            address = self.base(whole, phase)
            return address if at == Size() else f"{address} + {self.size(at)}"
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
        """The value at (row ``row``, unit ``j``) as a C expression."""
        op = self.p.ops[i]
        if local and i in local and not offset:
            return local[i]
        if (i in self.arrays and i != self.defining) or op.kind in LEAVES:
            if op.kind == "read" and op.attr[0] == LAST:
                return "(t == T - 1)" if phase in ("loop", "back") else "(row >= (T - 1) * B)"
            if op.kind == "later" and self.p.ops[self.adj.reads[op.attr]].kind == "const":
                return self.number(Fraction(0))
            name = self.pointer(i, phase)
            if op.lead == STATIC:
                return f"{name}[{'j' + offset if op.shape else '0'}]"
            if op.lead == EXAMPLE:
                b = "row" if phase in ("loop", "back") else "row % B"
                return f"{name}[{b} * {self.row(i)} + j{offset}]" if op.shape else f"{name}[{b}]"
            return f"{name}[row * {self.row(i)} + j{offset}]" if op.shape else f"{name}[row]"
        a = op.args
        match op.kind:
            case "const" | "unit":
                return self.number(op.attr[0])
            case "slice":
                axis, first = op.attr
                moved = "" if first == Size() else f" + {self.width((first,))}"
                if len(op.shape) == 2:
                    # The entries of a matrix are counted through: a row further is a width more.
                    if axis == -1:
                        raise NotSupported("a block of columns in C")
                    moved += f" * {self.width(op.shape[1:])}" if moved else ""
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
                return f"pow{self.precision.suffix}({x}, {self.number(e)})"
            case _:
                raise NotSupported(f"{op.kind!r} inside a C loop")

    def number(self, value: Fraction) -> str:
        """A constant in the module's precision: a double would widen all that it touches."""
        text = number(value)
        return f"((real){text})" if self.precision.suffix else text

    def function(self, name: str, order: int, a: str) -> str:
        f = self.precision.suffix

        def c(value: str) -> str:
            return self.number(Fraction(value))

        match name, order:
            case (("tanh" | "sigma" | "relu"), (0 | 1)):
                return f"act_{name}{'_d1' if order else ''}({a})"
            case (("exp" | "log" | "sinh" | "cosh" | "sqrt"), 0):
                return f"{name}{f}({a})"
            case "abs", 0:
                return f"fabs{f}({a})"
            case "abs", 1:
                return f"act_abs_d1({a})"
            case "tanh", 2:
                return f"(-{c('2')} * act_tanh({a}) * act_tanh_d1({a}))"
            case "sigma", 2:
                return f"(-act_tanh({c('1/2')} * ({a})) * act_sigma_d1({a}))"
            case "sech", 0:
                return f"({c('1')} / cosh{f}({a}))"
            case "sech", 1:
                return f"(-act_tanh({a}) / cosh{f}({a}))"
            case "coth", 0:
                return f"({c('1')} / tanh{f}({a}))"
            case "coth", 1:
                return f"(-{c('1')} / (sinh{f}({a}) * sinh{f}({a})))"
            case "sinh", 1:
                return f"cosh{f}({a})"
            case "cosh", 1:
                return f"sinh{f}({a})"
            case "log", 1:
                return f"({c('1')} / ({a}))"
            case "sqrt", 1:
                return f"({c('1/2')} / sqrt{f}({a}))"
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
            base = {"seed": f"d_{base}_in", "later": f"d_{base}_next"}.get(op.kind, base)
            self.pointers[address] = self.names.fresh(
                f"{base}_t" if phase in ("loop", "back") else f"{base}_all"
            )
            const = "" if array else "const "
            self.pointer_lines.put(f"{const}real *{self.pointers[address]} = {address};")
        return self.pointers[address]
