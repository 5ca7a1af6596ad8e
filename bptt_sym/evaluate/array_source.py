"""Expressions of array source: what NumPy, PyTorch and JAX have in common.

A :class:`Writer` names the operations of a program and writes each as an expression; how
statements are arranged around the loop over time is each emitter's own affair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import final

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.names import Names
from bptt_sym.evaluate.program import PER_STEP, Program, Size

_SUM, _PRODUCT, _UNARY, _ATOM = 1, 2, 3, 4


@final
@dataclass(frozen=True)
class Dialect:
    """How one array library spells things."""

    module: str
    concat: str
    """Format with ``parts`` and ``axis``."""
    full: str
    """Format with ``shape`` and ``value``."""
    broadcast: str
    """Format with ``a`` and ``shape``."""
    einsum: str
    step: str
    """Format with ``a``: 1 where a > 0, else 0."""
    pad: str
    """Format with ``a``, ``before``, ``after``, ``axis`` (from the end)."""
    diag: str
    empty: str
    """The function that makes an array of every step's values."""
    product: str = "{a} @ {b}"
    """One product for all steps; format with ``a`` and ``b``."""
    stack: str = ""
    """Parameters stacked, formatted like ``concat``, which it is if empty."""
    rows: bool = False
    """Whether loops run over rows, see :mod:`~bptt_sym.evaluate.loop_rows`."""


NUMPY = Dialect(
    "np",
    "np.concatenate([{parts}], {axis})",
    "np.full({shape}, {value}, dtype=dtype)",
    "np.broadcast_to({a}, {shape})",
    "np.einsum({spec!r}, {a}, {b})",
    "({a} > 0).astype({a}.dtype)",
    "np.pad({a}, [(0, 0)] * ({a}.ndim - {back}) + [({before}, {after})] + [(0, 0)] * ({back} - 1))",
    "({a}[..., :, None] * np.eye({a}.shape[-1], dtype={a}.dtype))",
    "np.empty",
)
#: NumPy source with functions of :mod:`~bptt_sym.evaluate.pooled` for what needs fresh memory.
POOLED = replace(
    NUMPY,
    empty="empty",
    product="product({a}, {b})",
    stack="stacked([{parts}], {axis})",
    rows=True,
)
TORCH = Dialect(
    "torch",
    "torch.cat([{parts}], {axis})",
    "torch.full({shape}, {value}, dtype=dtype, device=device)",
    "torch.broadcast_to({a}, {shape})",
    "torch.einsum({spec!r}, {a}, {b})",
    "({a} > 0).to(dtype)",
    "torch.nn.functional.pad({a}, {zeros}({before}, {after}))",
    "torch.diag_embed({a})",
    "torch.empty",
)
JAX = Dialect(
    "jnp",
    "jnp.concatenate([{parts}], {axis})",
    "jnp.full({shape}, {value}, dtype=dtype)",
    "jnp.broadcast_to({a}, {shape})",
    "jnp.einsum({spec!r}, {a}, {b})",
    "({a} > 0).astype({a}.dtype)",
    "jnp.pad({a}, [(0, 0)] * ({a}.ndim - {back}) + [({before}, {after})]"
    " + [(0, 0)] * ({back} - 1))",
    "({a}[..., :, None] * jnp.eye({a}.shape[-1], dtype={a}.dtype))",
    "jnp.empty",
)

#: What source begins with.
IMPORTS = {
    "np": ["import numpy as np"],
    "torch": ["import torch"],
    "jnp": ["import jax", "import jax.numpy as jnp"],
}

#: Functions that NumPy source may call.
NUMPY_FUNCTIONS = {
    "finite": [
        "",
        "def finite(e):",
        "    if not e.size or e.max() < np.inf:",
        "        return e",
        "    return np.minimum(e, np.finfo(e.dtype).max)",
        "",
    ],
    "softmax": [
        "",
        "def softmax(z):",
        "    e = np.exp(z - z.max(-1, keepdims=True))",
        "    return e / e.sum(-1, keepdims=True)",
        "",
    ],
    "logsoftmax": [
        "",
        "def logsoftmax(z):",
        "    z = z - z.max(-1, keepdims=True)",
        "    return z - np.log(np.exp(z).sum(-1, keepdims=True))",
        "",
    ],
}


def number(value: Fraction) -> str:
    """A rational as source, exact where a float is."""
    if value.denominator == 1 and abs(value.numerator) < 2**53:
        return f"{value.numerator}.0"
    if Fraction(float(value)) == value:
        return repr(float(value))
    return f"({value.numerator}.0 / {value.denominator}.0)"


class Writer:
    """Names and expressions for the operations of one program.

    ``reference(i)`` says how a named value is written at the point of use; it is set by the
    emitter as it moves from phase to phase.
    """

    def __init__(self, program: Program, dialect: Dialect, taken: Names) -> None:
        self.program = program
        self.dialect = dialect
        self.names = taken
        self.dim_names: dict[str, str] = {}
        self.reference: Callable[[int], str | None] = lambda i: None
        self.inside = False

    # -- dimensions -----------------------------------------------------------------------------

    def size(self, size: Size) -> str:
        return size.text(self.dim)

    def dim(self, name: str) -> str:
        if name not in self.dim_names:
            self.dim_names[name] = self.names.fresh(name)
        return self.dim_names[name]

    def lead(self, lead: int) -> list[str]:
        if lead == PER_STEP:
            return ["B"] if self.inside else ["T", "B"]
        return ["B"] if lead else []

    def array_shape(self, i: int) -> str:
        op = self.program.ops[i]
        parts = [*self.lead(op.lead), *(self.size(s) for s in op.shape)]
        return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"

    # -- expressions ----------------------------------------------------------------------------

    def expression(self, i: int) -> str:
        """The right-hand side of operation ``i``."""
        return self.write(i, top=True)[0]

    def use(self, i: int, at_least: int, *, full: bool = False) -> str:
        """``i`` where it is used, in parentheses if it binds less than ``at_least``."""
        text, level = self.write(i, full=full)
        return text if level >= at_least else f"({text})"

    def write(self, i: int, *, top: bool = False, full: bool = False) -> tuple[str, int]:
        if not top:
            name = self.reference(i)
            if name is not None:
                return name, _ATOM
        op, p = self.program.ops[i], self.program
        a = op.args
        match op.kind:
            case "const":
                if full or (top and op.shape):
                    return self.fill(i, number(op.attr[0])), _ATOM
                text = number(op.attr[0])
                return text, _UNARY if text.startswith("-") else _ATOM
            case "unit":
                return self.fill(i, number(op.attr[0])), _ATOM
            case "add":
                if p.ops[a[0]].kind == "neg" and p.ops[a[1]].kind != "neg":
                    a = (a[1], a[0])
                if p.ops[a[1]].kind == "neg" and self.reference(a[1]) is None:
                    inner = p.ops[a[1]].args[0]
                    return f"{self.use(a[0], _SUM)} - {self.use(inner, _PRODUCT)}", _SUM
                return f"{self.use(a[0], _SUM)} + {self.use(a[1], _SUM)}", _SUM
            case "mul":
                slope = self.slope(a[1])
                if slope is not None:
                    return f"{self.use(a[0], _PRODUCT)} / {slope}", _PRODUCT
                return f"{self.use(a[0], _PRODUCT)} * {self.use(a[1], _UNARY)}", _PRODUCT
            case "div":
                return f"{self.use(a[0], _PRODUCT)} / {self.use(a[1], _UNARY)}", _PRODUCT
            case "neg":
                return f"-{self.use(a[0], _UNARY)}", _UNARY
            case "fn":
                return self.function(op.attr[0], op.attr[1], a[0])
            case "pow":
                (e,) = op.attr
                power = (
                    str(e.numerator) if e.denominator == 1 else f"({e.numerator} / {e.denominator})"
                )
                return f"{self.use(a[0], _ATOM)} ** {power}", _UNARY
            case "matvec":
                return self.matvec(a[0], a[1])
            case "matmul":
                return f"{self.use(a[0], _UNARY)} @ {self.use(a[1], _UNARY)}", _PRODUCT
            case "transpose":
                suffix = ".T" if p.ops[a[0]].lead == 0 else ".swapaxes(-1, -2)"
                return f"{self.use(a[0], _ATOM)}{suffix}", _ATOM
            case "outer":
                u, v = self.use(a[0], _ATOM, full=True), self.use(a[1], _ATOM, full=True)
                return f"{u}[..., :, None] * {v}[..., None, :]", _PRODUCT
            case "dot" if self.dialect.rows:
                return f"dots({self.use(a[0], _SUM)}, {self.use(a[1], _SUM)})", _ATOM
            case "dot":
                return f"({self.use(a[0], _PRODUCT)} * {self.use(a[1], _UNARY)}).sum(-1)", _ATOM
            case "diag":
                return self.dialect.diag.format(a=self.use(a[0], _ATOM, full=True)), _ATOM
            case "diagpart":
                spec = "...ii->...i"
                return f"{self.dialect.module}.einsum({spec!r}, {self.use(a[0], _SUM)})", _ATOM
            case "expand":
                return self.expand(i, full=full or top)
            case "reduce":
                axes = "-1" if len(p.ops[a[0]].shape) == 1 else "(-2, -1)"
                return f"{self.use(a[0], _ATOM, full=True)}.sum({axes})", _ATOM
            case "concat":
                return self.concat(i), _ATOM
            case "slice":
                whole = self.use(a[0], _ATOM, full=True)
                if self.inside and whole.endswith("[t]"):
                    return f"{whole[:-1]}, {self.span(i)}]", _ATOM
                return f"{whole}[{self.span(i)}]", _ATOM
            case "pad":
                return self.pad(i), _ATOM
            case "softmax" | "logsoftmax":
                return self.softmax(op.kind, a[0])
            case "accumulate":
                both = p.ops[a[0]].lead - op.lead == 2
                summed = self.use(a[0], _ATOM, full=True)
                if both and len(op.shape) == 1 and self.dialect.rows:
                    return f"total({summed}.reshape(T * B, -1))", _ATOM
                if both and len(op.shape) == 1 and self.dialect.module == "np":
                    # As a product it is twice as fast: sums over leading axes are not BLAS's.
                    return f"np.ones(T * B, dtype) @ {summed}.reshape(T * B, -1)", _PRODUCT
                return f"{summed}.sum({'(0, 1)' if both else '0'})", _ATOM
            case "contract":
                return self.contract(i)
            case _:
                raise NotSupported(f"source for {op.kind!r}")

    def fill(self, i: int, value: str) -> str:
        return self.dialect.full.format(shape=self.array_shape(i), value=value)

    def slope(self, a: int) -> str | None:
        """The reciprocal of tanh' as source, if ``a`` is that and has no name."""
        op = self.program.ops[a]
        if self.reference(a) is not None or op.kind != "fn":
            return None
        if op.attr == ("tanh", 1):
            return f"{self.dialect.module}.cosh({self.use(op.args[0], _SUM)}) ** 2"
        return None

    def into(self, i: int, target: str) -> str | None:
        """The statement that computes ``i`` where it is kept, without a temporary; NumPy only.

        ``None`` for operations that are not one call.
        """
        op = self.program.ops[i]
        m, a = self.dialect.module, op.args
        if m != "np":
            return None
        match op.kind:
            case "fn" if op.attr[1] == 0 and op.attr[0] in ("tanh", "exp", "sinh", "cosh", "sqrt"):
                return f"np.{op.attr[0]}({self.use(a[0], _SUM)}, out={target})"
            case "fn" if op.attr == ("exp_minus", 0):
                return f"np.exp(-{self.use(a[0], _UNARY)}, out={target})"
            case "fn" if op.attr == ("inverse_1p", 0) and self.dialect.rows:
                return f"np.add({self.use(a[0], _SUM)}, 1.0, out={target})\n" + (
                    f"np.reciprocal({target}, out={target})"
                )
            case "fn" if op.attr == ("inverse_1p", 0):
                return f"np.divide(1.0, 1.0 + {self.use(a[0], _SUM)}, out={target})"
            case "mul" if (slope := self.slope(a[1])) is not None:
                return f"np.divide({self.use(a[0], _SUM)}, {slope}, out={target})"
            case "add" if all(self.program.ops[k].kind != "neg" for k in a):
                return f"np.add({self.use(a[0], _SUM)}, {self.use(a[1], _SUM)}, out={target})"
            case "add" if self.dialect.rows and self.program.ops[a[1]].kind == "neg":
                if self.reference(a[1]) is None and self.program.ops[a[0]].kind != "neg":
                    inner = self.use(self.program.ops[a[1]].args[0], _SUM)
                    return f"np.subtract({self.use(a[0], _SUM)}, {inner}, out={target})"
                return None
            case "mul":
                return f"np.multiply({self.use(a[0], _SUM)}, {self.use(a[1], _SUM)}, out={target})"
            case _:
                return None

    def function(self, name: str, order: int, a: int) -> tuple[str, int]:
        m = self.dialect.module
        arg = self.use(a, _SUM)
        atom = self.use(a, _ATOM)
        match name, order:
            case (("tanh" | "exp" | "log" | "sinh" | "cosh" | "sqrt" | "abs"), 0):
                return f"{m}.{name}({arg})", _ATOM
            case "sigma", 0:
                if m == "torch":
                    return f"torch.sigmoid({arg})", _ATOM
                return f"1.0 / (1.0 + {m}.exp(-{self.use(a, _UNARY)}))", _PRODUCT
            case "exp_minus", 0:
                return f"{m}.exp(-{self.use(a, _UNARY)})", _ATOM
            case "finite", 0:
                return f"finite({arg})", _ATOM
            case "inverse_1p", 0:
                return f"1.0 / (1.0 + {self.use(a, _SUM)})", _PRODUCT
            case "tanh", 1:
                return f"1.0 / {m}.cosh({arg}) ** 2", _PRODUCT
            case "tanh", 2:
                return f"-2.0 * {m}.tanh({arg}) / {m}.cosh({arg}) ** 2", _PRODUCT
            case "sigma", 1:
                return f"0.25 / {m}.cosh(0.5 * {self.use(a, _UNARY)}) ** 2", _PRODUCT
            case "sigma", 2:
                half = f"0.5 * {self.use(a, _UNARY)}"
                return f"-0.25 * {m}.tanh({half}) / {m}.cosh({half}) ** 2", _PRODUCT
            case "sech", 0:
                return f"1.0 / {m}.cosh({arg})", _PRODUCT
            case "sech", 1:
                return f"-{m}.tanh({arg}) / {m}.cosh({arg})", _PRODUCT
            case "coth", 0:
                return f"1.0 / {m}.tanh({arg})", _PRODUCT
            case "coth", 1:
                return f"-({m}.sinh({arg}) ** -2.0)", _UNARY
            case "sinh", 1:
                return f"{m}.cosh({arg})", _ATOM
            case "cosh", 1:
                return f"{m}.sinh({arg})", _ATOM
            case "log", 1:
                return f"1.0 / {self.use(a, _UNARY)}", _PRODUCT
            case "sqrt", 1:
                return f"0.5 / {m}.sqrt({arg})", _PRODUCT
            case "relu", 0:
                return f"{atom} * {self.dialect.step.format(a=atom)}", _PRODUCT
            case "relu", 1:
                return self.dialect.step.format(a=atom), _ATOM
            case "abs", 1:
                return f"(2.0 * {self.dialect.step.format(a=atom)} - 1.0)", _ATOM
            case _:
                raise NotSupported(f"source for {name!r} differentiated {order} times")

    def matvec(self, m: int, v: int) -> tuple[str, int]:
        p = self.program
        vector = self.use(v, _UNARY, full=True)
        if p.ops[m].lead:
            matrix = self.use(m, _UNARY)
            return f"({matrix} @ {self.use(v, _ATOM, full=True)}[..., None])[..., 0]", _ATOM
        if p.ops[m].kind == "transpose" and self.reference(m) is None:
            matrix = self.use(p.ops[m].args[0], _ATOM)
        else:
            matrix = f"{self.use(m, _ATOM)}.T"
        if p.ops[v].lead == PER_STEP and not self.inside:
            # One product for all steps: NumPy would make T small ones of a 3-D array.
            flat = f"{self.use(v, _ATOM, full=True)}.reshape(T * B, -1)"
            product = self.dialect.product.format(a=flat, b=matrix)
            product = f"({product})" if " @ " in product else product
            return f"{product}.reshape(T, B, -1)", _ATOM
        if self.dialect.rows and self.inside:
            return f"{self.use(v, _ATOM, full=True)}.dot({matrix})", _ATOM
        return f"{vector} @ {matrix}", _PRODUCT

    def expand(self, i: int, *, full: bool) -> tuple[str, int]:
        op = self.program.ops[i]
        (a,) = op.args
        if self.program.ops[a].lead == 0:
            if not full:
                return self.write(a)
            return self.dialect.broadcast.format(
                a=self.use(a, _SUM), shape=self.array_shape(i)
            ), _ATOM
        lazy = f"{self.use(a, _ATOM)}[..., {', '.join(['None'] * len(op.shape))}]"
        if not full:
            return lazy, _ATOM
        return self.dialect.broadcast.format(a=lazy, shape=self.array_shape(i)), _ATOM

    def concat(self, i: int) -> str:
        op = self.program.ops[i]
        leads = {self.program.ops[a].lead for a in op.args}
        parts = []
        for a in op.args:
            text = self.use(a, _SUM, full=True)
            if len(leads) > 1 and self.program.ops[a].lead < op.lead:
                shape = [*self.lead(op.lead), *(self.size(s) for s in self.program.shape(a))]
                text = self.dialect.broadcast.format(a=text, shape=f"({', '.join(shape)})")
            parts.append(text)
        form = self.dialect.stack if op.lead == 0 and self.dialect.stack else self.dialect.concat
        return form.format(parts=", ".join(parts), axis=op.attr[0])

    def span(self, i: int) -> str:
        op = self.program.ops[i]
        axis, offset = op.attr
        start = "" if offset == Size() else self.size(offset)
        end = offset + op.shape[axis]
        whole = self.program.shape(op.args[0])[axis]
        stop = "" if end == whole else self.size(end)
        cut = f"{start}:{stop}"
        if axis == -2:
            return f"..., {cut}, :"
        rank = len(self.program.shape(op.args[0])) + len(self.lead(op.lead))
        return cut if rank == 1 else f"..., {cut}"

    def pad(self, i: int) -> str:
        op = self.program.ops[i]
        axis, offset = op.attr
        whole = self.size(op.shape[axis])
        a = self.use(op.args[0], _ATOM, full=True)
        before = self.size(offset)
        after = f"{whole} - ({before}) - {a}.shape[{axis}]"
        return self.dialect.pad.format(
            a=a, before=before, after=after, back=-axis, zeros="(0, 0) + " * (-axis - 1)
        )

    def softmax(self, kind: str, a: int) -> tuple[str, int]:
        m, arg = self.dialect.module, self.use(a, _ATOM)
        if m == "torch":
            name = "softmax" if kind == "softmax" else "log_softmax"
            return f"torch.{name}({arg}, -1)", _ATOM
        if m == "jnp":
            name = "softmax" if kind == "softmax" else "log_softmax"
            return f"jax.nn.{name}({arg}, -1)", _ATOM
        return f"{kind}({arg})", _ATOM

    def contract(self, i: int) -> tuple[str, int]:
        op = self.program.ops[i]
        u, v = (self.use(a, _ATOM, full=True) for a in op.args)
        leads = [self.program.ops[a].lead for a in op.args]
        if op.lead or leads != [PER_STEP, PER_STEP]:
            axes = ("", "b", "tb")
            spec = f"{axes[leads[0]]}i,{axes[leads[1]]}j->{axes[op.lead]}ij"
            return self.dialect.einsum.format(spec=spec, a=u, b=v), _ATOM
        product = self.dialect.product.format(
            a=f"{u}.reshape(T * B, -1).T", b=f"{v}.reshape(T * B, -1)"
        )
        return product, _PRODUCT
