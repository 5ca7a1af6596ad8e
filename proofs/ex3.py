"""Exercise 3: with h_0 = 0 the first derivative in w is 0, immediate and total."""

from bptt_sym.prove.elman import H0, W, gradient_0, gradient_step, h, immediate, initial, total_w
from bptt_sym.prove.tactics import assume, conj, equal
from bptt_sym.prove.theorem import Outline, Theorem


def theorem() -> Theorem:
    out = Outline()
    zero = H0.eq(0)
    start = out.line(equal(h(0).eq(0), initial, assume(zero)), "h_0 is given and is 0", h(0).eq(0))
    imm = out.line(equal(immediate(1).eq(0), start),
                   "the immediate derivative has the factor h_0", immediate(1).eq(0))
    flat = out.line(gradient_0("w"), "h_0 does not depend on w", total_w(0).eq(0))
    rec = out.line(gradient_step("w", 0), "the chain rule",
                   total_w(1).eq((1 - h(1) ** 2) * (h(0) + W * total_w(0))))
    tot = out.line(equal(total_w(1).eq(0), rec, start, flat),
                   "both terms of the last factor are 0", total_w(1).eq(0))
    return out.theorem(
        "ex3", "With h₀ = 0 the first derivative in w is 0", "Notes A, exercise 3",
        [zero], immediate(1).eq(0) & total_w(1).eq(0), conj(imm, tot),
        remarks=["The immediate derivative does not appear in the exercise's sum because it is "
                 "the whole derivative at the first step, and is 0."],
    )
