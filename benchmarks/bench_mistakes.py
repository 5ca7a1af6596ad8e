"""How many wrong gradients does each checker catch, on the same inputs in one run?

    python benchmarks/bench_mistakes.py [--quick | --mutants N | --float32 | --composed]
    python benchmarks/bench_mistakes.py [--homework | --styled | --assorted] [--say]
    python benchmarks/bench_mistakes.py [--recorded | --written | --submitted] [--say]
    python benchmarks/bench_mistakes.py [--contributed | --supplied | --posted | --reviewed] [--say]
    python benchmarks/bench_mistakes.py [--delivered | --presented] [--say]

With ``--float32`` every problem is one in float32; with ``--composed`` the gradients are those of
``composed_gradients.py``, with ``--homework`` those of ``homework_gradients.py`` and
``foreign_gradients.py``, and the right ones of ``unusual_gradients.py``, with ``--styled`` those of
``styled_changes.py``, with ``--assorted`` those of ``assorted_changes.py``, with ``--recorded``
those of ``recorded_changes.py``, with ``--written`` those of ``written_changes.py``, with
``--submitted`` those of ``submitted_changes.py``, with ``--contributed`` those of
``contributed_changes.py``, with ``--supplied`` those of ``supplied_changes.py``, with
``--posted`` those of ``posted_changes.py``, with ``--reviewed`` those of ``reviewed_changes.py``,
with ``--delivered`` those of ``delivered_changes.py``, with ``--presented`` those of
``presented_changes.py``;
``--say`` prints what is said of each. With
``--mutants`` only those of ``mutated_gradients.py`` are tried. The wrong gradients are otherwise
those of ``wrong_gradients.py`` and of ``edited_gradients.py``.
Every checker sees the same functions on the same typical small inputs (h0 = 0, T = 4, one example;
generic weights, then weights of 0.01); ``bptt_sym`` is then run as it is meant to be run, on its
own inputs. PyTorch, JAX and SciPy are used if they are installed.
The last part counts false alarms on right gradients.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import assorted_changes as ac
import composed_gradients as cg
import contributed_changes as cc
import delivered_changes as dc
import edited_gradients as eg
import foreign_gradients as fg
import homework_gradients as hg
import mutated_gradients as mg
import posted_changes as xc
import presented_changes as rp
import recorded_changes as rc
import reviewed_changes as vc
import styled_changes as sg
import submitted_changes as sc
import supplied_changes as pc
import unusual_gradients as ug
import written_changes as wc
import wrong_gradients as wg

from bptt_sym.testing.check import _inspect, run
from bptt_sym.testing.draw import REGIMES, draw
from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.jax_entry import from_jax
from bptt_sym.testing.models import MODELS, model_of, named_model
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.torch_entry import from_module, from_torch

Gradient = Callable[[Problem], dict[str, Any]]


def typical(cell: str, regime: str) -> Problem:
    """What tests usually take: T = 4, one example, initial states 0."""
    model = named_model(cell)
    return draw(model, 5, regime=regime, steps=4, batch=1, zero_start=True,
                dims={"H": 3, "I": 2, "O": 2})  # type: ignore[arg-type]  # fmt: skip


def flat(problem: Problem, gradient: Gradient) -> tuple[Any, Any, Any]:
    """The loss and the claimed gradient as functions of one vector."""
    names = list(problem.params)
    shapes = [problem.params[n].shape for n in names]
    cuts = np.cumsum([int(np.prod(s)) for s in shapes])[:-1]

    def unpack(theta: Any) -> dict[str, Any]:
        parts = np.split(np.asarray(theta, float), cuts)
        return {n: p.reshape(s) for n, p, s in zip(names, parts, shapes, strict=True)}

    def loss(theta: Any) -> float:
        return float(problem.loss(unpack(theta)))

    def grad(theta: Any) -> Any:
        with np.errstate(all="ignore"):
            g = gradient(problem.replaced(params=unpack(theta)))
        return np.concatenate([np.ravel(g[n]) for n in names]).astype(float)

    start = np.concatenate([np.ravel(problem.params[n]) for n in names])
    return loss, grad, start


def scipy_check(problem: Problem, gradient: Gradient) -> bool:
    """True if the gradient passes: error at most 1e-5 of its size, the usual threshold."""
    from scipy.optimize import check_grad

    loss, grad, start = flat(problem, gradient)
    return bool(check_grad(loss, grad, start) <= 1e-5 * max(1.0, np.linalg.norm(grad(start))))


def torch_check(problem: Problem, gradient: Gradient, *, fast: bool) -> bool:
    """``torch.autograd.gradcheck`` with its defaults."""
    import torch

    loss, grad, start = flat(problem, gradient)

    class F(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, theta: Any) -> Any:
            ctx.theta = theta.detach().numpy().copy()
            return torch.tensor(loss(ctx.theta), dtype=torch.float64)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * torch.tensor(grad(ctx.theta))

    theta = torch.tensor(start, requires_grad=True)
    return bool(torch.autograd.gradcheck(F.apply, theta, raise_exception=False, fast_mode=fast))


def jax_check(problem: Problem, gradient: Gradient) -> bool:
    """``jax.test_util.check_grads`` in reverse mode with its defaults."""
    import jax
    import jax.numpy as jnp
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    loss, grad, start = flat(problem, gradient)
    number = jax.ShapeDtypeStruct((), jnp.float64)
    vector = jax.ShapeDtypeStruct(start.shape, jnp.float64)

    @jax.custom_vjp
    def f(theta: Any) -> Any:
        return jax.pure_callback(lambda t: np.float64(loss(t)), number, theta)

    def forward(theta: Any) -> Any:
        return f(theta), theta

    def back(theta: Any, g: Any) -> Any:
        return (g * jax.pure_callback(grad, vector, theta),)

    f.defvjp(forward, back)
    try:
        check_grads(f, (jnp.asarray(start),), order=1, modes=["rev"])
    except AssertionError:
        return False
    return True


def ours_check(problem: Problem, gradient: Gradient) -> bool:
    return not _inspect(problem, gradient)[0]


def checkers() -> dict[str, Callable[[Problem, Gradient], bool]]:
    found: dict[str, Callable[[Problem, Gradient], bool]] = {
        "bptt_sym, the same inputs": ours_check
    }
    for module, entries in {
        "torch": {
            "torch gradcheck": lambda p, g: torch_check(p, g, fast=False),
            "torch gradcheck fast": lambda p, g: torch_check(p, g, fast=True),
        },
        "jax": {"jax check_grads": jax_check},
        "scipy": {"scipy check_grad": scipy_check},
    }.items():
        try:
            __import__(module)
        except ImportError:
            print(f"  ({module} is not installed)")
        else:
            found |= entries
    return found


def _mutants(count: int) -> None:
    for cell in mg.ALIKE:
        problems = [
            draw(
                named_model(cell), 500 + k, steps=1 + k % 5, batch=1 + k % 3,
                zero_start=k % 3 == 0, learned=k % 2 == 0, masked=k % 2 == 1, weighted=k % 3 == 1,
            )
            for k in range(8)
        ]  # fmt: skip
        made = mg.mutants(cell, problems)
        missed, located, start = [], [], time.process_time()
        for line, gradient in made[:count]:
            report = run(gradient, cell)
            codes = {d.code for d in report.diagnoses}
            codes |= {f.code for f in report.findings} - {"value"}
            if report.ok:
                missed.append(line)
            elif codes <= {"located"}:
                located.append(line)
        tried = len(made[:count])
        spent = (time.process_time() - start) / max(tried, 1)
        print(f"{cell}: {tried} of {len(made)} mutants, caught {tried - len(missed)}, named "
              f"{tried - len(missed) - len(located)}; {spent:.1f} s of processor each")  # fmt: skip
        for line in missed:
            print(f"  missed   {line}")
        for line in located:
            print(f"  located  {line}")


def _single() -> None:
    """What float32 problems alone show, and whether right code is accused on them."""
    wrong, right = [*wg.wrong(), *eg.wrong()], {**eg.RIGHT, **wg.RIGHT}
    passed = [
        f"{cell} {bug}" for cell, bug, f in wrong if run(f, cell, dtype="float32", explain=False).ok
    ]
    print(f"float32 problems: caught {len(wrong) - len(passed)} of {len(wrong)}; pass: {passed}")
    alarms, count, rng = 0, 1400, np.random.default_rng(3)
    for k in range(count):
        cell = sorted(right)[k % len(right)]
        p = draw(
            named_model(cell), 50_000 + k, regime=REGIMES[k % len(REGIMES)],
            steps=int(rng.integers(1, 60 if k % 11 == 0 else 9)), batch=int(rng.integers(1, 4)),
            zero_start=k % 3 == 0, learned=k % 5 == 0, masked=k % 4 == 0, weighted=k % 7 < 3,
            dtype=np.float32,
        )  # fmt: skip
        alarms += bool(_inspect(p, right[cell], state=False)[0])
    print(f"right gradients: {alarms} false alarms on {count} float32 problems")


def _composed() -> None:
    """Recurrences of one's own: what is caught, what is named, and right code on all regimes."""
    models = {cell: model_of(cg.recurrence(cell)) for cell in cg.RIGHT}
    wrong, passed, located = cg.wrong(), [], []
    for cell, bug, f in wrong:
        report = run(f, models[cell])
        codes = {d.code for d in report.diagnoses} | {f.code for f in report.findings} - {"value"}
        if report.ok:
            passed.append(bug)
        elif codes <= {"located"}:
            located.append(bug)
    named = len(wrong) - len(passed) - len(located)
    print(f"composed cells: caught {len(wrong) - len(passed)} of {len(wrong)}, named {named}; "
          f"located only {located}; pass {passed}")  # fmt: skip
    reports = [run(f, models[cell], "thorough") for cell, f in cg.RIGHT.items()]
    alarms = sum(not r.ok for r in reports)
    print(f"right gradients: {alarms} of {len(reports)} accused on 240 problems each")


def _homework() -> None:
    """What is handed in: caught, named for every wrong parameter, and unusual right code."""
    models = {
        name: named_model(hg.CELLS[name]) if name in hg.CELLS else model_of(hg.recurrence(name))
        for name in hg.RIGHT
    }
    wrong, passed, located = hg.wrong(), [], []
    for name, bug, f in wrong:
        report = run(f, models[name])
        if report.ok:
            passed.append(bug)
        elif "located" in {d.code for d in report.diagnoses}:
            located.append(bug)
    named = len(wrong) - len(passed) - len(located)
    print(f"handed in: caught {len(wrong) - len(passed)} of {len(wrong)}, named {named}; "
          f"located only {located}; pass {passed}")  # fmt: skip
    right = [(models[n], n, f) for n, f in hg.RIGHT.items()] + ug.right()
    accused = [form for cell, form, f in right if not run(f, cell, explain=False).ok]
    print(f"right gradients: {len(accused)} of {len(right)} accused on 30 problems each {accused}")


def _foreign() -> None:
    """PyTorch, JAX, and pairs of a loss and a gradient."""
    found: dict[str, list[bool]] = {}
    for name, bug, old, new in [*((n, "", "", "") for n in fg.RIGHT), *fg.EDITS]:
        kind = name.split("_")[0]
        try:
            caught, said, _ = _tried(fg, name, fg.changed(name, old, new))
        except ImportError:
            continue
        if not bug:
            print(f"{name}: right code {'accused' if caught else 'passes'}")
            continue
        found.setdefault(kind, []).append(said)
        if not (caught and said):
            print(f"  {'located' if caught else 'missed'}  {name}: {bug}")
    for kind, named in found.items():
        print(f"{kind}: {len(named)} wrong ones, named {sum(named)}")


def _edited(module: Any, say: bool) -> None:
    """Wrong gradients in the styles of a module, and right ones rewritten."""
    right = [(name, "", made) for name, (_, made) in module.RIGHT.items()]
    right += [(name, form, module.changed(name, old, new)) for name, form, old, new in module.SAME]
    accused, passed, located, times = [], [], [], []
    for name, form, made in right:
        with contextlib.suppress(ImportError):
            if _tried(module, name, made, explain=False)[0]:
                accused.append(f"{name} {form}")
    for name, bug, old, new in module.EDITS:
        start = time.process_time()
        try:
            caught, said, texts = _tried(module, name, module.changed(name, old, new))
        except ImportError:
            continue
        times.append((time.process_time() - start, name, bug))
        if say:
            print(f"  {name}: {bug}", *(f"      {t}" for t in texts), sep="\n", flush=True)
        if not caught:
            passed.append(f"{name}: {bug}")
        elif not said:
            located.append(f"{name}: {bug}")
    print(f"caught {len(times) - len(passed)} of {len(times)}, named for every wrong parameter "
          f"{len(times) - len(passed) - len(located)}; pass {passed}")  # fmt: skip
    for line in located:
        print(f"  located  {line}")
    spent, name, bug = max(times)
    print(f"the slowest: {spent:.1f} s of processor time ({name}: {bug})")
    print(f"right gradients: {len(accused)} of {len(right)} accused {accused}")


def _tried(
    module: Any, name: str, made: Callable[..., Any], *, explain: bool = True
) -> tuple[bool, bool, list[str]]:
    """Whether something is found, whether it is named, and in which words."""
    cell = module.RIGHT[name][0]
    if cell in module.LOSSES:
        params, x, y = module.point(cell)
        findings = judge_pair(
            lambda q: module.LOSSES[cell](q, x, y), lambda q: made(q, x, y), params
        )  # fmt: skip
        codes = {f.code for f in findings}
        named = "explained" in codes or codes == {"missing"}
        return bool(findings), named, [f.message for f in findings]
    if name.startswith("jax"):
        import jax

        jax.config.update("jax_enable_x64", True)
        gradient = from_jax(made(), jit=True)
    elif name == "torch_module":
        names = getattr(module, "MODULE_NAMES", fg.MODULE_NAMES)
        gradient = from_module(made(), names, gates="ifgo")
    elif name.startswith("torch"):
        gradient = from_torch(made())
    else:
        gradient = made
    model = named_model(cell) if cell in MODELS else model_of(module.recurrence(cell))
    report = run(gradient, model, explain=explain)
    other = [f for f in report.findings if f.code != "value"]
    codes = {d.code for d in report.diagnoses} | {f.code for f in other}
    texts = [d.text() for d in report.diagnoses] + [f.message for f in other]
    return not report.ok, bool(codes) and "located" not in codes, texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 right problems, not 2000")
    parser.add_argument(
        "--mutants", type=int, default=0, metavar="N",
        help="nothing but N mutants of each right gradient, made by machine",
    )  # fmt: skip
    parser.add_argument("--float32", action="store_true", help="nothing but float32 problems")
    parser.add_argument("--composed", action="store_true", help="nothing but composed cells")
    parser.add_argument("--homework", action="store_true", help="nothing but the fourth set")
    parser.add_argument("--styled", action="store_true", help="nothing but the fifth set")
    parser.add_argument("--assorted", action="store_true", help="nothing but the sixth set")
    parser.add_argument("--recorded", action="store_true", help="nothing but the seventh set")
    parser.add_argument("--written", action="store_true", help="nothing but the eighth set")
    parser.add_argument("--submitted", action="store_true", help="nothing but the ninth set")
    parser.add_argument("--contributed", action="store_true", help="nothing but the tenth set")
    parser.add_argument("--supplied", action="store_true", help="nothing but the eleventh set")
    parser.add_argument("--posted", action="store_true", help="nothing but the twelfth set")
    parser.add_argument("--reviewed", action="store_true", help="nothing but the thirteenth set")
    parser.add_argument("--delivered", action="store_true", help="nothing but the fourteenth set")
    parser.add_argument("--presented", action="store_true", help="nothing but the fifteenth set")
    parser.add_argument("--say", action="store_true", help="print what is said of each")
    options = parser.parse_args()
    if options.composed:
        _composed()
        return
    if options.homework:
        _homework()
        _foreign()
        return
    sets = {"styled": sg, "assorted": ac, "recorded": rc, "written": wc, "submitted": sc,
            "contributed": cc, "supplied": pc, "posted": xc,
            "reviewed": vc, "delivered": dc, "presented": rp}  # fmt: skip
    for name, module in sets.items():
        if getattr(options, name):
            _edited(module, options.say)
            return
    if options.float32:
        _single()
        return
    quick = options.quick
    if options.mutants:
        _mutants(options.mutants)
        return
    first, second = wg.wrong(), eg.wrong()
    wrong, right = [*first, *second], {**eg.RIGHT, **wg.RIGHT}
    print(f"{len(first)} wrong gradients, and {len(second)} made by changing one line")
    tools = checkers()
    for regime in ("generic", "tiny"):
        problems = {cell: typical(cell, regime) for cell in right}
        word = "weights of order 1" if regime == "generic" else "weights of 0.01"
        print(f"\nh0 = 0, T = 4, B = 1, {word}: passed although wrong")
        for name, tool in tools.items():
            start, passed = time.perf_counter(), []
            for cell, bug, gradient in wrong:
                try:
                    if tool(problems[cell], gradient):
                        passed.append(bug)
                except Exception:
                    continue
            seconds = time.perf_counter() - start
            print(f"  {name:28} {len(passed):3d} of {len(wrong)}   {seconds:7.2f} s")
    print("\nbptt_sym on its own inputs (quick profile)")
    start, missed, located, silent = time.perf_counter(), [], [], []
    for cell, bug, gradient in wrong:
        report = run(gradient, cell)
        if report.ok:
            missed.append(bug)
            continue
        codes = {d.code for d in report.diagnoses}
        codes |= {f.code for f in report.findings} - {"value"}
        if not codes:
            silent.append(bug)
        elif codes == {"located"}:
            located.append(bug)
    seconds = time.perf_counter() - start
    named = len(wrong) - len(missed) - len(located) - len(silent)
    print(f"  caught {len(wrong) - len(missed)} of {len(wrong)}; named {named}, "
          f"located only {len(located)} {located}; {seconds:.1f} s with explanations")  # fmt: skip
    if missed:
        print(f"  missed: {missed}")

    count = 100 if quick else 2000
    alarms, start = 0, time.perf_counter()
    rng = np.random.default_rng(7)
    for k in range(count):
        cell = sorted(right)[k % len(right)]
        p = draw(
            named_model(cell), 10_000 + k, regime=REGIMES[k % len(REGIMES)],
            steps=int(rng.integers(1, 9)), batch=int(rng.integers(1, 4)),
            zero_start=k % 3 == 0, learned=k % 5 == 0, masked=k % 4 == 0, weighted=k % 7 < 3,
            dtype=np.float32 if k % 6 == 0 else np.float64,
        )  # fmt: skip
        alarms += bool(_inspect(p, right[cell], state=False)[0])
    seconds = time.perf_counter() - start
    print(f"\nright gradients, hand-written: {alarms} false alarms on {count} problems, "
          f"{count / seconds:.0f} examples/s")  # fmt: skip


if __name__ == "__main__":
    main()
