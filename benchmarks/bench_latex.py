r"""Printing a series of 1000 terms as LaTeX: this package beside ``sympy.latex``.

    python benchmarks/bench_latex.py [--terms N ...] [--check]

The object is the series of the source notes, term by term,

    sum_k  w^k  prod_{j=T-k+1}^{T} (1 - h_j^2)  [dh_{T-k}/dw],

once as an expression of this package and once, the same thing, in SymPy (an unevaluated sum, so
that neither library reorders or simplifies before it prints). The immediate derivative is a SymPy
symbol whose name is its LaTeX: SymPy has no derivative by a state to print.

Both texts are then brought to one form by the differences documented in :data:`DIFFERENCES`, and
compared; ``--check`` exits with 1 if they differ or 1000 terms take 50 ms or more.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction

from bptt_sym.notation import Add, At, D, Idx, Mul, Neg, Node, Num, Pow, Prod, Sym, index, num
from bptt_sym.render import latex

#: What differs between the two texts, and the rewriting that takes SymPy's to ours.
DIFFERENCES: tuple[tuple[str, str, str], ...] = (
    ("a sequence's name stands without braces, a subscript of one character too: h_j for {h}_{j}",
     r"\{h\}_\{([A-Za-z0-9])\}", r"h_\1"),
    ("an index is set without spaces, its variable first: T-1 for -1 + T (SymPy's order='none')",
     r"=-(\d+) \+ T\}", r"=T-\1}"),
    ("no space inside brackets: (a) for (a )",
     r" \\right", r"\\right"),
)  # fmt: skip


def ours(terms: int) -> Node:
    """The series as an expression of this package."""
    h, w, top = "h", Sym("w"), Idx("T")
    factor = Add((num(1), Neg(Pow(At(h, Idx("j")), num(2)))))
    return Add(
        tuple(
            Mul(
                (
                    Pow(w, Num(Fraction(k))),
                    Prod("j", index("T", 1 - k), top, factor),
                    D(At(h, index("T", -k)), w, "immediate"),
                )
            )
            for k in range(2, terms + 2)
        )
    )


def theirs(terms: int) -> object:
    """The same series in SymPy, unevaluated."""
    import sympy as sp

    w, big_t, j = sp.symbols("w T j")
    h = sp.IndexedBase("h")
    factor = sp.Add(1, sp.Mul(-1, sp.Pow(h[j], 2, evaluate=False), evaluate=False), evaluate=False)

    def immediate(k: int) -> object:
        return sp.Symbol(rf"\left[\frac{{\partial h_{{T-{k}}}}}{{\partial w}}\right]")

    parts = [
        sp.Mul(
            sp.Pow(w, k, evaluate=False),
            sp.Product(factor, (j, big_t - k + 1, big_t)),
            immediate(k),
            evaluate=False,
        )
        for k in range(2, terms + 2)
    ]
    return sp.Add(*parts, evaluate=False)


def same_form(text: str) -> str:
    """SymPy's text with the documented differences taken away."""
    for _, pattern, replacement in DIFFERENCES:
        text = re.sub(pattern, replacement, text)
    return text


def median(run: Callable[[], object], repeat: int) -> float:
    """The median of the CPU time of ``run``, in seconds."""
    times = []
    for _ in range(repeat):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return statistics.median(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--terms", type=int, nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    import sympy as sp

    failed = False
    print(f"{'terms':>7} {'ours, ms':>10} {'sympy, ms':>10} {'ratio':>7}")
    for n in options.terms:
        mine = ours(n)
        own = median(lambda node=mine: latex(node), 15 if n <= 1000 else 5)
        if n <= 1000:
            other = theirs(n)
            printer = median(lambda e=other: sp.latex(e, order="none"), 3)
            shown = f"{printer * 1e3:10.1f} {printer / own:7.0f}"
        else:
            shown = f"{'—':>10} {'—':>7}"
        print(f"{n:7} {own * 1e3:10.2f} {shown}")
        if n == 1000 and own >= 0.050:
            failed = True
            print("1000 terms took 50 ms or more", file=sys.stderr)
    left, right = latex(ours(20)), same_form(sp.latex(theirs(20), order="none"))
    print("documented differences from sympy.latex:")
    for words, _, _ in DIFFERENCES:
        print(f"  - {words}")
    print("texts equal up to these:", left == right)
    if left != right:
        failed = True
        print(f"ours:  {latex(ours(2))}\nsympy: {sp.latex(theirs(2), order='none')}")
        print(f"after: {same_form(sp.latex(theirs(2), order='none'))}")
    return 1 if failed and options.check else 0


if __name__ == "__main__":
    raise SystemExit(main())
