"""The Rocq export: every theorem, every rule, tampered certificates; and what must be refused."""

from __future__ import annotations

import ast
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bptt_sym.prove import certificate, library, rocq
from bptt_sym.prove import kernel as K
from bptt_sym.prove.certificate import CertificateError
from bptt_sym.prove.kernel import Def, KernelError, Mat, Poly, Thm, term
from bptt_sym.prove.rocq import coqc
from bptt_sym.prove.rocq.coqc import assumptions, default_cache
from bptt_sym.prove.rocq.pieces import hypotheses
from bptt_sym.prove.rocq.steps import Steps

WHY_NOT = rocq.missing()
with_coq = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
NAMES = library.names()


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    return default_cache()


# ---------------------------------------------------------------- every theorem
@pytest.mark.coq
@with_coq
@pytest.mark.parametrize("name", NAMES)
def test_every_theorem_is_accepted_by_coqc(name: str, cache_dir: Path) -> None:
    (result,) = rocq.compile_all([name], cache_dir)
    assert result.ok, result.log[-2000:]
    assert set(result.assumptions) <= rocq.allowed_axioms


@pytest.mark.coq
@with_coq
@pytest.mark.parametrize("name", ["p5", "p5-radius", "p14"])
def test_a_theorem_about_normed_algebras_is_one_about_matrices(name: str, cache_dir: Path) -> None:
    text = rocq.export(library.certificate_path(name))
    concrete = (
        "From BpttSym Require Matrices.\n"
        f"Definition concrete (p : nat) := theorem_{name} (Matrices.square_matrices p).\n"
        "Print Assumptions concrete."
    )
    text = text.replace(f"Print Assumptions theorem_{name}.", concrete)
    result = rocq.compile_text(name, text, cache_dir)
    assert result.ok, result.log[-2000:]


def test_the_file_is_made_from_the_certificate_alone() -> None:
    path = library.certificate_path("ex1")
    text = rocq.export(path)
    assert text == rocq.export(path.read_text(encoding="utf-8")) == rocq.export(library.load("ex1"))
    assert text.rstrip().endswith("Print Assumptions theorem_ex1.")
    assert "Admitted" not in text and "Axiom" not in text


def test_a_text_is_kept_with_what_it_is_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = library.certificate_path("ex1")
    text = coqc.exported(path, tmp_path)
    assert text == rocq.export(path)
    made: list[str] = []
    monkeypatch.setattr(coqc, "export", lambda source: made.append(str(source)) or "again")
    assert coqc.exported(path, tmp_path) == text and not made
    altered = tmp_path / "altered.json"
    altered.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert coqc.exported(altered, tmp_path) == "again"
    monkeypatch.setattr(coqc, "_package", lambda: "another version")
    assert coqc.exported(path, tmp_path) == "again" and len(made) == 2


def test_a_text_depends_on_no_source_but_those_it_is_kept_by() -> None:
    wanted, seen = ["bptt_sym.prove.rocq.theory"], set[str]()
    while wanted:
        name = wanted.pop()
        file = getattr(sys.modules.get(name), "__file__", None)
        if name in seen or file is None or name == "bptt_sym.prove":
            continue
        seen.add(name)
        for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("bptt_sym"):
                wanted += [str(node.module), *(f"{node.module}.{a.name}" for a in node.names)]
    assert {"bptt_sym.prove.kernel", "bptt_sym.prove.certificate"} < seen
    assert all(Path(str(sys.modules[n].__file__)).is_relative_to(coqc.PACKAGE) for n in seen)


def test_the_statement_is_the_one_that_is_displayed() -> None:
    text = " ".join(rocq.export(library.certificate_path("ex1")).split())
    statement = text.partition("Theorem theorem_ex1 :")[2].partition("Proof.")[0]
    assert "Rabs" in statement and "tanh" in statement
    altered = json.loads(library.certificate_path("ex1").read_text(encoding="utf-8"))
    altered["about"]["conclusion"] = ["lt", ["num", "0"], ["num", "1"]]
    with pytest.raises(CertificateError):
        rocq.export(json.dumps(altered))


# ---------------------------------------------------------------- every rule
def test_there_is_a_lemma_for_each_rule_and_no_other() -> None:
    methods = {m.removeprefix("_") for m in dir(Steps) if m.removeprefix("_") in K.RULES}
    assert methods == set(K.RULES)


X, Y, W = (term(("v", s)) for s in "xyw")
N, M, J = (term(("i", s)) for s in "nmk")
A, B = (term(("mat", s)) for s in "AB")


def f(i: Any) -> Poly:
    return term(("fun", "f", "i", Poly.of(i)))  # type: ignore[no-any-return]


def g(x: Any) -> Poly:
    return term(("fun", "g", "v", Poly.of(x)))  # type: ignore[no-any-return]


def diag(body: Poly) -> Mat:
    return term(("diag", ("i", "k"), body))  # type: ignore[no-any-return]


def total(lo: Any, hi: Any, body: Poly) -> Poly:
    return term(("sum", ("i", "k"), Poly.of(lo), Poly.of(hi), body))  # type: ignore[no-any-return]


PAIR = Def("pair", (("v", "x"), ("i", "m")), "n", (
    ("a", X, term(("tanh", X * term(("v", "b")))) + M),
    ("b", Poly.of(1), term(("v", "a")) * term(("v", "b")) + f(N + M)),
))
CHAIN = Def("chain", (), "n", (
    ("P", Mat.of(1), A * term(("mat", "P")) * 2 + diag(f(N + J)) * B),
    ("q", Poly.of(0), term(("v", "q")) + term(("norm", term(("mat", "P"))))),
))
FOURTH = Fraction(1, 4)


def induction() -> Thm:
    """sum_{k=2}^{n} k >= 0 for n >= 1, by induction from 1."""
    claim = ("ge", total(2, N, J * J))
    empty = K.sum_empty("k", Poly.of(2), Poly.of(1), J * J)
    zero = K.cut(K.psatz("ge", Poly.of(0), (), (), ()), empty)
    base = K.psatz("ge", total(2, 1, J * J), (zero,), (), ((0, K.ONE),))
    peel = K.sum_peel("k", Poly.of(2), N, J * J)
    from_one = K.psatz("ge", N - 2 + 1, (K.assume(("ge", N - 1)),), ((1, K.ONE, (0,)),), ())
    step = K.psatz("ge", total(2, N + 1, J * J), (K.assume(claim), K.cut(from_one, peel)),
                   ((1, K.ONE, (0,)), (1, N + 1, ())), ((1, K.ONE),))
    return K.induct("n", Poly.of(1), claim, base, step)


def quantifiers() -> list[Thm]:
    """Instances and witnesses under binders, where names have to be kept apart."""
    inside = ("ex", ("v", "y"), ("all", ("i", "k"), ("imp", ("ge", J - N), (
        "and", ("ge", total(N, J, f(J + N) * Y) - X), ("eq", g(X * Y) - term(("D", ("v", "y"), Y,
                                                                           g(Y * X + N))))))))
    known = K.assume(inside)
    moved = K.inst(K.inst(known, ("i", "n"), 2 * M - 3), ("v", "x"), Poly.of(W * W - W))
    taken = K.assume(K.instance(inside[2], ("v", "y"), term(("v", "z"))))
    back = K.witness(inside, term(("v", "z")), taken)
    opened = K.choose(known, ("v", "z"), back)
    every = K.gen(("i", "m"), K.discharge(next(iter(moved.hyps)), moved))
    return [moved, opened, K.modus(K.spec(every, N * N), K.assume(K.subst(
        next(iter(moved.hyps)), {("i", "m"): N * N})))]


def calculus() -> list[Thm]:
    p = term(("tanh", W * X)) * X**3 + total(0, N, term(("exp", X * f(J)))) + Y
    q = PAIR.at(0, X * X + Y, M, N + 1) * term(("sg", X)) + PAIR.at(1, W, M, N)
    low, high = (
        K.psatz("ge", value, (K.evaluate(value, 64),), ((1, K.ONE, (0,)),), ())
        for value in (2 - term(("exp", Poly.of(0))), term(("exp", Poly.of(1))) - 2)
    )
    same = K.unfold_base(PAIR, 0)
    return [
        K.d_rule("x", p, X + 1), K.d_rule("x", q, 2 * Y), K.mvt("x", p, Y, Y + W),
        K.ivt("x", term(("exp", X)) - 2, Poly.of(0), Poly.of(1), low, high),
        K.d_cong("x", same, PAIR.at(0, X, M, 0), X, W * W),
        K.cong(K.assume(("eq", X - W * Y)), X, W * Y, term(("tanh", 2 * X)) * g(X) + X, ("v", "x")),
        K.cong(K.assume(("eq", N - 2 * M)), N, 2 * M, f(N + M) * N + total(N, N + 3, f(J - N)),
               ("i", "n")),
        K.antisym(*(K.psatz("ge", s * (X * X - X**2), (), (), ()) for s in (1, -1))),
        K.enclose(term(("abs", X - 1)) + term(("inv", X + 2)) + term(("sg", X)) * FOURTH, "x",
                  (Fraction(-1, 3), Fraction(1, 2), Fraction(3, 4), 1, Fraction(5, 4), 2, 3), 40),
        K.enclose(term(("tanh", X)) - X + FOURTH * X**2 + FOURTH, "x",
                  tuple(Fraction(k, 8) for k in range(17)), 53),
    ]


def matrices() -> list[Thm]:
    bound = [K.assume(("ge", W - s * g(X))) for s in (1, -1)]
    return [
        K.unfold_step(CHAIN, 0), K.unfold_step(CHAIN, 1), K.unfold_base(CHAIN, 0),
        K.diag_bound("k", g(X), W, *bound),
        K.diag_cong("k", K.assume(("eq", X * Y - W)), X * Y, W),
        K.mat_eq(X * A * B * A, (K.assume(("meq", A * B)),), ((Mat.of(X), 0, A),)),
        K.norm_eq(K.assume(("meq", A * B - 2 * B * A)), A * B, 2 * B * A),
        *[K.fact(n, a, b) for n in ("norm_mul", "norm_add")
          for a, b in ((A + 2 * B, A - B), (A * B, 1 + X * A), (A, Mat.of(0)))],
        K.fact("norm_scale", X - 1, A * B + A), K.fact("norm_ge", A - B), K.fact("norm_one"),
        K.fact("diag_mul", "k", f(J) + X, f(J + 1) - X), K.fact("diag_one", "k"),
    ]


def facts() -> list[Thm]:
    return [K.fact("archimedes", X * Y - 1), K.fact("exp_add", X, -X), K.fact("exp_add", X, Y - 1),
            *[K.fact(n, X * Y - 3) for n in ("exp_ge", "tanh_exp", "sg_exp", "abs_pos", "abs_neg",
                                            "inv")],
            K.fact("abs_neg", Poly.of(0)), K.fact("tanh_exp", Poly.of(FOURTH))]


def logic() -> list[Thm]:
    p, q = K.assume(("ge", X)), K.assume(("gt", Y))
    both = K.conj(p, q, K.assume(("eq", W)))
    strict = K.psatz("gt", 3 * X * Y**2 + Y * FOURTH + W * X + X**4 * Y,
                     (p, q, K.part(both, 2)), ((3, Y, (0,)), (FOURTH, K.ONE, (1,)),
                                               (1, X * X, (1,))), ((2, X),))
    case = K.split(X, strict, K.psatz("gt", strict.concl[1], (strict,), ((1, K.ONE, (0,)),), ()))
    false = K.psatz("gt", Poly.of(0), (K.assume(("gt", X)), K.assume(("gt", -X))),
                    ((1, K.ONE, (0,)), (1, K.ONE, (1,))), ())
    return [strict, case, K.part(both, 0), K.absurd(false, ("eq", g(N)))]


def cancelled() -> list[Thm]:
    """Values and weights with a variable that the step's statement no longer mentions."""
    equation = K.assume(("eq", term(("tanh", X + W))))
    every = K.gen(("v", "x"), K.discharge(equation.concl, equation))
    some = ("ex", ("v", "y"), ("eq", term(("tanh", Y + W)) - term(("tanh", X))))
    same = K.psatz("eq", Poly.of(0), (), (), ())
    return [K.inst(equation, ("v", "x"), Y - W), K.spec(every, Y - W),
            K.psatz("eq", term(("tanh", X + W)), (equation, equation), (), ((0, Y), (1, 1 - Y))),
            K.witness(some, X - W, same)]


SETS: dict[str, Callable[[], list[Thm]]] = {
    "logic": logic, "cancelled": cancelled, "quantifiers": quantifiers,
    "induction": lambda: [induction()], "calculus": calculus, "matrices": matrices, "facts": facts,
}


def closed(thms: list[Thm]) -> Thm:
    """One theorem of several, each with its hypotheses made premises."""
    out = []
    for t in thms:
        for h in hypotheses(t):  # in an order that is the same in every run
            t = K.discharge(h, t)
        out.append(t)
    return K.conj(*out) if len(out) > 1 else out[0]


@cache
def exercised() -> frozenset[str]:
    found = set()
    for make in SETS.values():
        for t in certificate.steps(closed(make())):
            found.add(f"fact {t.args[0]}" if t.rule == "fact" else t.rule)
    return frozenset(found)


def test_the_sets_use_every_rule_and_fact() -> None:
    rules = set(K.RULES) - {"fact"} | {f"fact {name}" for name in K.FACTS}
    assert rules - exercised() == set()


@pytest.mark.coq
@with_coq
@pytest.mark.parametrize("name", SETS)
def test_coqc_accepts_each_rule(name: str, cache_dir: Path) -> None:
    result = rocq.compile_text(name, rocq.export(closed(SETS[name]())), cache_dir)
    assert result.ok, result.log[-2000:]


# ---------------------------------------------------------------- refusals
@pytest.mark.coq
@with_coq
@pytest.mark.parametrize("tamper", [
    lambda t: t.replace("Theorem theorem_ex1 :", "Axiom more : False.\nTheorem theorem_ex1 :")
               .replace("exact (proj2", "exfalso; exact more. (*", 1)
               .replace("Qed.\n\nEnd", "*)\nQed.\n\nEnd", 1),
    lambda t: t.replace("Print Assumptions theorem_ex1.", ""),
    lambda t: t.replace("0 < ", "1 < "),
    lambda t: t.replace("exact ", "idtac. Admitted. (*", 1),
])
def test_a_tampered_file_is_not_accepted(
    tamper: Callable[[str], str], cache_dir: Path
) -> None:
    text = rocq.export(library.certificate_path("ex1"))
    assert tamper(text) != text
    assert not rocq.compile_text("ex1", tamper(text), cache_dir).ok


def test_bad_certificates_never_reach_the_export() -> None:
    bad = sorted((library.library_path() / "bad").glob("*.json"))
    assert len(bad) >= 25
    for path in bad:
        with pytest.raises((KernelError, CertificateError)):
            rocq.export(path)


def test_what_coqc_prints_is_read() -> None:
    assert assumptions("Closed under the global context\n") == ()
    assert assumptions("Axioms:\nA.b : forall x,\n  x = x\nc : nat\n") == ("A.b", "c")
    assert assumptions("Error: no") is None


# ---------------------------------------------------------------- tampered certificates
def leaves(x: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(x, (dict, list)):
        for k, v in x.items() if isinstance(x, dict) else enumerate(x):
            yield from leaves(v, (*path, k))
    else:
        yield path


def tampered(name: str, seed: int) -> Thm | None:
    """Another theorem than the certificate's, after one change; None if the kernel refuses it."""
    rng = random.Random(seed)
    data = json.loads(library.certificate_path(name).read_text(encoding="utf-8"))
    data.pop("about")
    before = certificate.replay(json.dumps(data))
    path = rng.choice([p for part in ("nodes", "steps") for p in leaves(data[part], (part,))])
    inner = data
    for k in path[:-1]:
        inner = inner[k]
    old = inner[path[-1]]
    inner[path[-1]] = old + rng.choice((-1, 1)) if isinstance(old, int) else rng.choice(
        ["-" + old, "2", "-1", "1/2", "0", "v", "i", "ge", "gt", "x", "w", "n", "tanh", "exp"])
    try:
        after = certificate.replay(json.dumps(data))
    except (KernelError, CertificateError):
        return None
    return after if (after.hyps, after.concl) != (before.hyps, before.concl) else None


def survivors(count: int) -> Iterator[Thm]:
    """The first tampered certificates that the kernel accepts as another theorem."""
    small = sorted(NAMES, key=lambda n: library.certificate_path(n).stat().st_size)[:8]
    seed = found = 0
    while found < count:
        made = tampered(small[seed % len(small)], seed)
        seed += 1
        if made is not None:
            found += 1
            yield made


@pytest.mark.coq
@with_coq
def test_what_the_kernel_accepts_coqc_accepts(cache_dir: Path) -> None:
    for made in survivors(300 if os.environ.get("BPTT_SYM_NIGHTLY") else 4):
        result = rocq.compile_text("tampered", rocq.export(made), cache_dir)
        assert result.ok, result.log[-2000:]
