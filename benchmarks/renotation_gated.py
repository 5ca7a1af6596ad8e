# ruff: noqa: E501 (a table with a line for each notation)
r"""Do verdicts depend on the notation? Texts on gated networks in many notations.

    python benchmarks/renotation_gated.py [--only NAME ...] [--documents NAME ...] [--pairs N] [--seed N] [--lost]

``gated_documents.py`` holds texts without a notation, with the verdict of each formula. They are written
in one clean notation, and with each of the renotations of ``gated_renotations.py``, which mean exactly the same: other
letters, labels, steps, derivatives, products, slopes, fonts, delimiters, languages. Printed are, for each,
how many of the formulas are decided, how many right ones are called right, wrong ones found, right ones
accused, and wrong ones accepted. ``--pairs N`` composes N random pairs; ``--lost`` lists the formulas that are
decided in the clean notation and not in another; ``--print`` the texts themselves.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gated_documents import DOCUMENTS
from gated_notation import Line, Style
from gated_pages import Written, written
from gated_renotations import EVERY, RENOTATIONS, Renotation, both

from bptt_sym.check.audit import audit
from bptt_sym.documents.formats import document_in


def judged(text: Written) -> tuple[dict[int, tuple[str, str]], float]:
    """The verdict and its note, by line."""
    began = time.process_time()
    found: dict[int, tuple[str, str]] = {}
    order = ("wrong", "unreadable", "undecided", "right_under_reading", "right", "not_a_claim")
    for j in audit(document_in(Path(text.file), text.text)):
        note = j.fault.message if j.fault else str(j.verdict.note)
        new = (j.verdict.verdict, note)
        old = found.get(j.place.line)
        if old is None or order.index(new[0]) < order.index(old[0]):
            found[j.place.line] = new
    return found, time.process_time() - began


@dataclass
class Count:
    formulas: int = 0
    decided: int = 0
    right: int = 0
    rights: int = 0
    wrong: int = 0
    wrongs: int = 0
    accused: int = 0
    accepted: int = 0
    seconds: float = 0.0
    lost: list[tuple[str, Line, str, str]] = field(default_factory=list)
    bad: list[tuple[str, Line, str]] = field(default_factory=list)

    def add(self, document: str, text: Written) -> None:
        found, seconds = judged(text)
        self.seconds += seconds
        for number, line in text.expected.items():
            verdict, note = found.get(number, ("missing", ""))
            right = verdict.startswith("right")
            self.formulas += 1
            self.decided += right or verdict == "wrong"
            if line.kind == "right":
                self.rights += 1
                self.right += right
                self.accused += verdict == "wrong"
            else:
                self.wrongs += 1
                self.wrong += verdict == "wrong"
                self.accepted += right
            good = right if line.kind == "right" else verdict == "wrong"
            if (right or verdict == "wrong") and not good:
                self.bad.append((document, line, note))
            elif not good:
                self.lost.append((document, line, verdict, note))

    def row(self, name: str) -> str:
        return (
            f"| {name} | {self.formulas} | {self.decided / max(1, self.formulas):.0%} | {self.right}/{self.rights}"
            f" | {self.wrong}/{self.wrongs} | {self.accused} | {self.accepted} | {self.seconds:.0f} |"
        )


HEADER = (
    "| renotation | formulas | decided | right kept | wrong found | accused | accepted | s |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)


def main() -> int:
    parser = argparse.ArgumentParser(description="verdicts of gated networks in many notations")
    parser.add_argument("--only", nargs="*", default=[], help="parts of names of renotations")
    parser.add_argument("--documents", nargs="*", default=list(DOCUMENTS))
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lost", action="store_true")
    parser.add_argument("--print", action="store_true", dest="printed")
    options = parser.parse_args()
    chosen: dict[str, Renotation] = {"clean": both()}
    chosen |= {
        n: r for n, r in EVERY.items() if not options.only or any(o in n for o in options.only)
    }
    if options.pairs:
        rng = random.Random(options.seed)
        chosen = {"clean": both()}
        while len(chosen) <= options.pairs:
            first, second = rng.sample(sorted(RENOTATIONS), 2)
            a, b = (rng.choice(sorted(RENOTATIONS[k])) for k in (first, second))
            chosen[f"{first}: {a} + {second}: {b}"] = both(
                RENOTATIONS[first][a], RENOTATIONS[second][b]
            )
    if options.printed:
        for renotation in chosen.values():
            for document in options.documents:
                print(written(document, renotation(Style())).text)
        return 0
    print(HEADER)
    total = Count()
    clean = {document: written(document, Style()) for document in options.documents}
    for name, renotation in chosen.items():
        count = Count()
        for document in options.documents:
            text = written(document, renotation(Style()))
            if name != "clean" and text.text == clean[document].text:
                continue  # it has nothing to change here
            count.add(document, text)
        print(count.row(name), flush=True)
        for document, line, note in count.bad:
            print(f"    !! {document}: {line.kind} {line.text}: {note[:200]}")
        if options.lost:
            for (document, verdict, note), n in Counter(
                (d, v, w[:160]) for d, _, v, w in count.lost
            ).items():
                print(f"    {n} x {document}: {verdict}: {note}")
        if name != "clean":
            for key in ("formulas", "decided", "right", "rights", "wrong", "wrongs", "accused", "accepted",
                        "seconds"):  # fmt: skip
                setattr(total, key, getattr(total, key) + getattr(count, key))
    print(total.row("all but the first"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
