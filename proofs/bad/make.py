"""Writes the certificates of this directory: each is wrong in one way, and must be refused.

Every file states in ``about`` why it is wrong and, in ``refused_by``, how the refusal must begin:
with the name of the rule, or with what is wrong with the file. Run it to write the files anew.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from bptt_sym.prove import certificate
from bptt_sym.prove.kernel import ONE, ZERO, Def, Mat, Poly, term

HERE = Path(__file__).parent
x, y, w = (term(("v", v)) for v in "xyw")
n, k, N = (term(("i", v)) for v in "nkN")
A, B = Mat.of(term(("mat", "A"))), Mat.of(term(("mat", "B")))


def T(step: int) -> dict[str, int]:
    return {"t": step}


def fun(name: str, *args: Poly) -> Poly:
    return term(("fun", name, "i" * len(args), *args))  # type: ignore[no-any-return]


def of(tag: str, p: Poly) -> Poly:
    return term((tag, p))  # type: ignore[no-any-return]


def total(body: Poly, lo: Poly = ONE, hi: Poly = n, k: str = "k") -> Poly:
    return term(("sum", ("i", k), lo, hi, body))  # type: ignore[no-any-return]


class _Steps(certificate._Writer):
    """A writer that lets step references through, so that wrong derivations can be written."""

    def value(self, v: Any) -> Any:
        if isinstance(v, dict):
            return v
        if isinstance(v, (list, tuple)):
            return [self.value(e) for e in v]
        return super().value(v)


def document(steps: list[list[Any]], **changes: Any) -> str:
    writer = _Steps()
    written = [[s[0], *map(writer.value, s[1:])] for s in steps]
    data = {"format": certificate.FORMAT, "version": 1, "about": {}, "nodes": writer.nodes,
            "steps": written} | changes
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def assume(*f: Any) -> list[Any]:
    return ["assume", f]


def ge(p: Poly) -> tuple[str, Poly]:
    return ("ge", p)


def gt(p: Poly) -> tuple[str, Poly]:
    return ("gt", p)


def eq(p: Poly) -> tuple[str, Poly]:
    return ("eq", p)


def term_of(thm: int, p: Poly, index: int = 0) -> list[Any]:
    """p >= 0 from one premise, times one."""
    return ["psatz", "ge", p, [T(thm)], [[1, ONE, [index]]], []]


u = fun("u", n)
half = Fraction(1, 2)
BAD: dict[str, tuple[str, str, list[list[Any]]]] = {
    # induction
    "induct_base_one_late": (
        "induct", "the base proves the case 1, the claim starts at 0",
        [assume(*ge(fun("u", ONE))), assume(*ge(fun("u", n + 1))),
         ["induct", "n", ZERO, ge(u), T(0), T(1)]]),
    "induct_step_of_two": (
        "induct", "the step goes from n to n + 2, so odd numbers are never reached",
        [assume(*ge(fun("u", ZERO))), assume(*ge(fun("u", n + 2))),
         ["induct", "n", ZERO, ge(u), T(0), T(1)]]),
    "induct_variable_in_hypotheses": (
        "induct", "n is free in a hypothesis that stays",
        [assume(*ge(fun("v", n))), assume(*ge(ZERO)), ["psatz", "ge", ZERO, [T(0)], [], []],
         ["induct", "n", ZERO, ge(ZERO), T(1), T(2)]]),
    "induct_from_a_half": (
        "induct", "the induction starts at 1/2, which is no integer",
        [["psatz", "ge", ZERO, [], [], []],
         ["induct", "n", Poly.of(half), ge(ZERO), T(0), T(0)]]),
    "induct_start_depends_on_n": (
        "induct", "the start of the induction contains the induction variable",
        [["psatz", "ge", ZERO, [], [], []], ["induct", "n", n, ge(ZERO), T(0), T(0)]]),
    # positivstellensatz
    "psatz_swapped_inequality": (
        "psatz", "-x >= 0 is concluded from x >= 0", [assume(*ge(x)), term_of(0, -x)]),
    "psatz_negative_coefficient": (
        "psatz", "a negative multiple of a square", [
            ["psatz", "ge", -(x * x), [], [[-1, x, []]], []]]),
    "psatz_strict_from_weak": (
        "psatz", "x > 0 from x >= 0",
        [assume(*ge(x)), ["psatz", "gt", x, [T(0)], [[1, ONE, [0]]], []]]),
    "psatz_strict_by_a_variable_square": (
        "psatz", "x^2 y > 0 from y > 0: the square may be 0",
        [assume(*gt(y)), ["psatz", "gt", x * x * y, [T(0)], [[1, x, [0]]], []]]),
    "psatz_equation_from_inequality": (
        "psatz", "x = 0 from x >= 0",
        [assume(*ge(x)), ["psatz", "eq", x, [T(0)], [[1, ONE, [0]]], []]]),
    "psatz_last_digit": (
        "psatz", "the identity fails in the seventh decimal",
        [assume(*ge(x)), ["psatz", "ge", x, [T(0)], [[Fraction(9999999, 10**7), ONE, [0]]], []]]),
    "psatz_negative_index": (
        "psatz", "premise -1", [assume(*ge(x)), term_of(0, x, -1)]),
    "psatz_index_out_of_range": ("psatz", "premise 1 of 1", [assume(*ge(x)), term_of(0, x, 1)]),
    "psatz_equation_as_inequality": (
        "psatz", "a negated equation is used as an inequality",
        [assume(*eq(x)), term_of(0, x)]),
    "psatz_inequality_as_equation": (
        "psatz", "-x >= 0 by taking x >= 0 for an equation",
        [assume(*ge(x)), ["psatz", "ge", -x, [T(0)], [], [[0, -ONE]]]]),
    "antisym_same_side": (
        "antisym", "x = 0 from x >= 0 twice", [assume(*ge(x)), ["antisym", T(0), T(0)]]),
    # logic
    "cut_hypothesis_used_up": (
        "cut", "the same hypothesis is removed twice",
        [assume(*ge(x)), ["psatz", "ge", ZERO, [], [], []], ["cut", T(1), T(0)]]),
    "split_different_conclusions": (
        "split", "the two cases prove different things",
        [assume(*ge(x)), assume(*gt(-x)), ["split", x, T(0), T(1)]]),
    "absurd_from_zero": (
        "absurd", "0 >= 0 is no contradiction",
        [["psatz", "ge", ZERO, [], [], []], ["absurd", T(0), gt(-ONE)]]),
    "part_out_of_range": (
        "part", "the third part of two",
        [assume("and", ge(x), ge(y)), ["part", T(0), 2]]),
    "modus_other_premise": (
        "modus", "x >= 0 for an implication from y >= 0",
        [assume("imp", ge(y), ge(x * y)), assume(*ge(x)), ["modus", T(0), T(1)]]),
    "gen_over_a_hypothesis": (
        "gen", "for all x, x >= 0 from the assumption x >= 0",
        [assume(*ge(x)), ["gen", ("v", "x"), T(0)]]),
    "spec_captures": (
        "spec", "for all x there is a larger y; at x := y a y is larger than itself",
        [assume("all", ("v", "x"), ("ex", ("v", "y"), gt(y - x))), ["spec", T(0), y]]),
    "spec_half_for_an_integer": (
        "spec", "an integer statement at 1/2",
        [assume("all", ("i", "n"), ge(n)), ["spec", T(0), Poly.of(half)]]),
    "witness_does_not_fit": (
        "witness", "2 for an x with x = 3",
        [["psatz", "eq", ZERO, [], [], []],
         ["witness", ("ex", ("v", "x"), eq(x - 3)), Poly.of(2), T(0)]]),
    "choose_leaks": (
        "choose", "the chosen x appears in the conclusion",
        [assume("ex", ("v", "x"), gt(x)), assume(*gt(x)), ["choose", T(0), ("v", "x"), T(1)]]),
    "choose_twice_the_same": (
        "choose", "the x chosen is free in another hypothesis",
        [assume("ex", ("v", "x"), gt(x)), assume(*gt(x)), assume(*gt(-x)),
         ["psatz", "gt", ZERO, [T(1), T(2)], [[1, ONE, [0]], [1, ONE, [1]]], []],
         ["choose", T(0), ("v", "x"), T(3)]]),
    "choose_wrong_sort": (
        "choose", "an integer is chosen where a real exists",
        [assume("ex", ("v", "x"), eq(2 * x - 1)), ["psatz", "ge", ZERO, [], [], []],
         ["choose", T(0), ("i", "n"), T(1)]]),
    "inst_half_for_an_integer": (
        "inst", "n := 1/2", [assume(*ge(n)), ["inst", T(0), ("i", "n"), Poly.of(half)]]),
    "inst_captured_by_a_sum": (
        "inst", "a free k moves into a sum over k",
        [assume(*eq(total(fun("u", k) * w))), ["inst", T(0), ("v", "w"), k]]),
    "inst_captured_by_a_derivative": (
        "inst", "a free x moves under the derivative in x",
        [["d_rule", "x", x * w, x], ["inst", T(0), ("v", "w"), x]]),
    # sums
    "sum_index_in_the_limit": (
        "sum_peel", "the last summand k := N + 1 of a sum over k would move into a sum over N",
        [["sum_peel", "k", ONE, N, total(k, k="N")]]),
    "sum_last_summand_lost": (
        "psatz", "the sum to n + 1 is the sum to n",
        [["sum_peel", "k", ONE, n, fun("u", k)],
         ["psatz", "eq", total(fun("u", k), hi=n + 1) - total(fun("u", k)), [T(0)], [],
          [[0, ONE]]]]),
    "sum_factor_depends_on_the_index": (
        "psatz", "k is taken out of a sum over k",
        [["sum_peel", "k", ONE, n, k], ["sum_peel", "k", ONE, n, ONE],
         assume(*eq(total(k) - k * total(ONE))),
         ["psatz", "eq", total(k, hi=n + 1) - k * total(ONE, hi=n + 1), [T(0), T(1), T(2)], [],
          [[0, ONE], [1, -k], [2, ONE]]]]),
    # calculus
    "derivative_of_abs": (
        "d_rule", "|x| has no derivative at 0", [["d_rule", "x", of("abs", x), x]]),
    "derivative_of_unknown": (
        "d_rule", "an arbitrary function need not be smooth",
        [["d_rule", "x", term(("fun", "phi", "v", x)), x]]),
    "derivative_of_a_pointwise_equation": (
        "d_cong", "x = 1 at one point does not make the derivatives equal",
        [assume(*eq(x - 1)), ["d_cong", "x", T(0), x, ONE, x]]),
    "mean_value_captures": (
        "mvt", "the end of the interval contains the bound variable",
        [["mvt", "x", x * x, ZERO, x]]),
    "mean_value_of_inverse": (
        "mvt", "1/x jumps at 0", [["mvt", "x", of("inv", x), -ONE, ONE]]),
    "intermediate_value_wrong_sign": (
        "ivt", "x^2 + 1 has no root",
        [["psatz", "ge", Poly.of(2), [], [[2, ONE, []]], []],
         ["ivt", "x", x * x + 1, -ONE, ONE, T(0), T(0)]]),
    # enclosures
    "boxes_with_a_gap": (
        "enclose", "the boxes go back and leave a gap",
        [["enclose", Poly.of(3) - x, "x", [0, 2, 1, 2], 64]]),
    "boxes_false": (
        "enclose", "tanh x < 1/2 fails within the box",
        [["enclose", Poly.of(half) - of("tanh", x), "x", [0, half, 1], 64]]),
    "boxes_none": ("enclose", "one cut is no box", [["enclose", x + 1, "x", [0], 64]]),
    "boxes_other_variable": (
        "enclose", "the term contains a variable that no box bounds",
        [["enclose", x + y + 1, "x", [0, 1], 64]]),
    "evaluate_false": ("evaluate", "tanh 1 > 4/5", [
        ["evaluate", of("tanh", ONE) - Fraction(4, 5), 64]]),
    "evaluate_open_term": ("evaluate", "x is free", [["evaluate", x * x + 1, 64]]),
    # matrices
    "matrices_do_not_commute": (
        "mat_eq", "A B = B A", [["mat_eq", A * B - B * A, [], []]]),
    "norm_of_other_matrix": (
        "norm_eq", "the norms of A and B are equal because those of A and A are",
        [["mat_eq", A - A, [], []], ["norm_eq", T(0), A, B]]),
    "diagonal_bound_on_one_entry": (
        "diag_bound", "one entry is bounded, not all",
        [assume(*ge(1 - fun("d", n))), assume(*ge(1 + fun("d", n))),
         ["diag_bound", "n", fun("d", n), ONE, T(0), T(1)]]),
    # facts, definitions
    "archimedes_captures": (
        "fact", "there is an integer N with N >= N + 1", [["fact", "archimedes", N + 1]]),
    "fact_unknown": ("fact", "no such fact", [["fact", "tanh_is_zero", x]]),
    "fact_wrong_sort": ("fact", "a matrix where a real belongs", [["fact", "exp_ge", A]]),
    "unfold_missing_part": (
        "unfold_step", "the second part of one",
        [["unfold_step", Def("h", (), "n", (("h", ZERO, ONE),)), 1]]),
    "congruence_of_another_equation": (
        "cong", "x = y is used as x = w",
        [assume(*eq(x - y)), ["cong", T(0), x, w, of("tanh", x), ("v", "x")]]),
    # files
    "forged_theorem": ("step 0", "an object that claims to be a theorem", [
        ["psatz", "gt", -ONE, [{"hyps": [], "concl": ["gt", "-1"]}], [], []]]),
    "forged_rule": ("step 0", "a rule that does not exist", [["axiom", gt(-ONE)]]),
    "forward_reference": ("step 0", "a step that uses itself", [["cut", T(0), T(0)]]),
}


def damaged() -> dict[str, tuple[str, str, str]]:
    """Files that are wrong as files."""
    good = document([["psatz", "ge", ZERO, [], [], []]])
    loop = {"nodes": [["p", [["1", [[["tanh", {"n": 0}], 1]]]]]]}
    open_step = {"nodes": [
        ["p", []], ["p", [["1", [[["v", "z"], 1]]]]],
        ["d", "h", [], "n", [["h", {"n": 0}, {"n": 1}]]]]}
    sort = {"nodes": [["p", [["1/2", []]]], ["p", [["1", [[["fun", "u", "i", {"n": 0}], 1]]]]]]}
    steps = [["psatz", "ge", ZERO, [], [], []]]
    other = json.loads((HERE.parent / "certificates" / "ex3.json").read_text(encoding="utf-8"))
    other["about"]["conclusion"] = other["about"]["hypotheses"][0]
    return {
        "display_of_another_statement": (
            "the displayed statement does not fit", "a true theorem under a false headline",
            json.dumps(other, ensure_ascii=False)),
        "file_newer_version": ("the certificate has version 2", "made by a later release",
                               document(steps, version=2)),
        "file_truncated": ("not JSON, or truncated", "the file ends in the middle", good[:-40]),
        "file_no_steps": ("a certificate without a step", "nothing is proved", document([])),
        "file_other_format": ("not a bptt-sym certificate", "another format",
                              document(steps, format="other")),
        "node_refers_to_itself": ("node 0", "a term inside itself", document(steps, **loop)),
        "definition_not_closed": ("definition", "the step mentions a free variable",
                                  document(steps, **open_step)),
        "sequence_at_a_half": ("term", "a sequence at index 1/2", document(steps, **sort)),
    }


def write() -> None:
    for name, (refused_by, why, steps) in BAD.items():
        about = {"name": name, "why": why, "refused_by": refused_by}
        (HERE / f"{name}.json").write_text(document(steps, about=about), encoding="utf-8")
    for name, (refused_by, why, text) in damaged().items():
        if name != "file_truncated":
            data = json.loads(text)
            data["about"] |= {"name": name, "why": why, "refused_by": refused_by}
            text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
        (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
