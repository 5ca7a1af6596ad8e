"""Refutation (e): σ′ in place of tanh′ in the candidate's term: a quarter of it at 0."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import exists, forall, real, sigmoid, tanh
from bptt_sym.prove.lemmas import sg_0, tanh_0
from bptt_sym.prove.tactics import (
    close,
    conj,
    conj_hyps,
    exist,
    known,
    numeric,
    obtain,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

z, u, q, i = real("z"), real("U_g"), real("q"), real("i")


def printed(at):  # type: ignore[no-untyped-def]
    return sigmoid(at) * (1 - sigmoid(at))


def right(at):  # type: ignore[no-untyped-def]
    return 1 - tanh(at) ** 2


def theorem() -> Theorem:
    out = Outline()
    at_0 = (printed(Fraction(0)) * u * q * i).eq(Fraction(1, 4) * (right(Fraction(0)) * u * q * i))
    quarter = out.line(
        prove(at_0, rewrite=[(sg_0(), sigmoid(0)), (tanh_0(), tanh(0))]),
        "σ(0) = 1/2 and tanh 0 = 0", at_0)
    differ = printed(Fraction(0)) < right(Fraction(0))
    less = out.line(prove(differ, rewrite=[(sg_0(), sigmoid(0)), (tanh_0(), tanh(0))]),
                    "1/4 < 1", differ)
    low, high = Fraction(166288, 10**5), Fraction(166289, 10**5)
    f = printed(z) - right(z)
    crossing = settle(K.ivt(
        "z", f.kernel, K.Poly.of(low), K.Poly.of(high),
        numeric(("ge", -K.instance(f.kernel, ("v", "z"), low))),
        numeric(("ge", K.instance(f.kernel, ("v", "z"), high)))))
    meet = (z >= low) & (z <= high) & printed(z).eq(right(z))
    claim_meet = exists(z, meet)
    equal_somewhere = obtain(crossing, z, lambda both: exist(
        claim_meet, z, conj_hyps(conj(*known(z >= low, z <= high, printed(z).eq(right(z)))), both)))
    out.line(equal_somewhere, "the intermediate value theorem", claim_meet)
    names = [u, q, i]
    return out.theorem(
        "refute-e", "σ′ in the candidate's term is wrong: it is a quarter of tanh′ at 0",
        "PROPOSITIONS, popular claim (e); notes B, B11", [],
        forall(names, at_0) & differ & claim_meet,
        conj(close(quarter, over=names), less, equal_somewhere),
        remarks=["U_g q i is the rest of the term D. The two agree only by accident, near "
                 "|z| = 1.66289."],
    )
