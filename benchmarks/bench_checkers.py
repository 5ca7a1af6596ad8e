"""Answers about gradients, judged here and by checkers of mathematics in LaTeX.

    pip install '.[checkers]'
    python benchmarks/bench_checkers.py

Each answer of ``answer_pairs.toml`` is compared with its reference by every system, in one run: as
it stands, without help. ``math-verify`` parses both and compares them; ``SciEqLint`` lints the
equation "reference = answer"; this package decides it under the recurrence. Counted are answers
judged as they should be, misjudged, and not judged (not parsed, skipped, undecided), and those of a
second of processor time. A last row leaves out what the other systems could not read.
"""

from __future__ import annotations

import argparse
import logging
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Pair:
    define: tuple[str, ...]
    reference: str
    answer: str
    same: bool


def pairs() -> Iterator[Pair]:
    path = HERE / "answer_pairs.toml"
    for cell in tomllib.loads(path.read_text(encoding="utf-8"))["cell"]:
        for q in cell["question"]:
            for key, same in (("same", True), ("different", False)):
                for answer in q[key]:
                    yield Pair(tuple(cell["define"]), q["reference"], answer, same)


#: Equal, different, or not judged.
Judge = Callable[[Pair], bool | None]


def bptt_sym() -> Judge:
    from bptt_sym.check.answer import Court
    from bptt_sym.decide.rewriting import mark
    from bptt_sym.notation import Claim
    from bptt_sym.read import read_expression, recurrence_from_latex

    courts: dict[tuple[str, ...], Court] = {}

    def judge(pair: Pair) -> bool | None:
        if pair.define not in courts:
            courts[pair.define] = Court.of(recurrence_from_latex(list(pair.define)))
        court = courts[pair.define]
        reference, answer = (read_expression(s, court.model) for s in (pair.reference, pair.answer))
        reference = mark(reference, lambda d: "total")
        verdict = court.decide(Claim((reference, answer), ("=",), pair.answer))
        # A hypothesis such as "starts from 0" is not part of the question.
        if verdict.is_right:
            return not verdict.assumptions
        return False if verdict.verdict == "wrong" else None

    return judge


def math_verify() -> Judge:
    from math_verify import LatexExtractionConfig, parse, verify

    logging.disable(logging.CRITICAL)

    def read(latex: str) -> list[object]:
        return parse(f"${latex}$", extraction_config=[LatexExtractionConfig()])

    def judge(pair: Pair) -> bool | None:
        gold, answer = read(pair.reference), read(pair.answer)
        # The last element is the text; with nothing else it was not parsed.
        if len(gold) < 2 or len(answer) < 2:
            return None
        return bool(verify(gold, answer))

    return judge


def scieqlint() -> Judge:
    import tempfile

    from scieqlint.api import check_paths

    folder = Path(tempfile.mkdtemp())

    def judge(pair: Pair) -> bool | None:
        path = folder / "pair.md"
        path.write_text(f"$$\n{pair.reference} = {pair.answer}\n$$\n", encoding="utf-8")
        codes = {d.code for d in check_paths([path], strict_unknowns=True).diagnostics}
        if "ALG001" in codes:
            return False
        return None if codes else True

    return judge


SYSTEMS: dict[str, Callable[[], Judge]] = {
    "bptt-sym": bptt_sym,
    "math-verify": math_verify,
    "SciEqLint": scieqlint,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare checkers on answers about gradients.")
    parser.add_argument("--verbose", action="store_true", help="what each system misjudged")
    options = parser.parse_args()
    every = list(pairs())
    found: dict[str, list[bool | None]] = {}
    spent: dict[str, float] = {}
    for name, make in SYSTEMS.items():
        try:
            judge = make()
        except ImportError as error:
            print(f"{name} is not installed: {error}")
            continue
        start = time.process_time()
        found[name] = [_safely(judge, p) for p in every]
        spent[name] = time.process_time() - start
    right = sum(p.same for p in every)
    print(f"{len(every)} answers, {right} of them right\n")
    print("| system | judged well | right refused | wrong accepted | not judged | answers/s |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, verdicts in found.items():
        _row(name, every, verdicts, f"{len(every) / spent[name]:.0f}")
    others = [v for n, v in found.items() if n != "bptt-sym"]
    for name in found:
        if name == "bptt-sym":
            continue
        keep = [i for i, v in enumerate(found[name]) if v is not None]
        print(f"\nThe {len(keep)} answers that {name} judges:\n")
        print("| system | judged well | right refused | wrong accepted | not judged | |")
        print("|---|--:|--:|--:|--:|---|")
        for other in ("bptt-sym", name):
            _row(other, [every[i] for i in keep], [found[other][i] for i in keep], "")
    if options.verbose and others:
        for name, verdicts in found.items():
            for p, v in zip(every, verdicts, strict=True):
                if v is not p.same:
                    print(f"{name}: {v} for {p.reference} against {p.answer}")


def _safely(judge: Judge, pair: Pair) -> bool | None:
    """What a system that fails says: nothing."""
    try:
        return judge(pair)
    except Exception:
        return None


def _row(name: str, every: list[Pair], verdicts: list[bool | None], rate: str) -> None:
    both = list(zip(every, verdicts, strict=True))
    well = sum(v is p.same for p, v in both)
    refused = sum(p.same and v is False for p, v in both)
    accepted = sum(not p.same and v is True for p, v in both)
    failed = sum(v is None for _, v in both)
    print(f"| {name} | {well} | {refused} | {accepted} | {failed} | {rate} |")


if __name__ == "__main__":
    main()
