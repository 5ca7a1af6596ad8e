"""How often a slip of the pen is found, and how often its diagnosis names it.

    python benchmarks/bench_diagnosis.py [--verbose] [--only WORD]

``wrong_formulas.toml`` holds documents, right formulas and slips made in them. Each formula is
audited behind its document's definitions. Counted are the right formulas that are right, the slips
that are found wrong, those whose diagnosis has the stated code, and the corrected formulas that the
audit itself finds right.
"""

from __future__ import annotations

import argparse
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bptt_sym.check.audit import audit
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import document_from_text

HERE = Path(__file__).parent


def slips() -> Iterator[tuple[str, str, str, tuple[str, ...], str]]:
    """Document's name and text, right formula, codes and slip; no codes for the right formula."""
    for document in tomllib.loads((HERE / "wrong_formulas.toml").read_text("utf-8"))["document"]:
        for formula in document["formula"]:
            yield document["name"], document["text"], formula["right"], (), formula["right"]
            for codes, wrong in formula["slip"]:
                yield document["name"], document["text"], formula["right"], (*codes.split(),), wrong


def verdict_of(text: str, formula: str) -> Verdict:
    return audit(document_from_text(f"{text}\n$${formula}$$\n", "d.md"))[-1].verdict


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the diagnoses of planted slips.")
    parser.add_argument("--only", default="", help="documents and formulas that contain this")
    parser.add_argument("--verbose", action="store_true", help="one line for each formula")
    options = parser.parse_args()
    count: Counter[str] = Counter()
    start = time.process_time()
    for name, text, _, codes, formula in slips():
        if options.only not in name + formula:
            continue
        begun = time.process_time()
        verdict = verdict_of(text, formula)
        spent = time.process_time() - begun
        found = verdict.diagnosis
        good = verdict.is_right
        if not codes:
            count["right formulas"] += 1
            count["right formulas found right"] += good
            count["right formulas called wrong"] += verdict.verdict == "wrong"
        elif codes == ("hold",):
            count["formulas that only look wrong"] += 1
            count["of these called wrong"] += verdict.verdict == "wrong"
            good = verdict.verdict != "wrong"
        else:
            count["slips"] += 1
            count["slips called right"] += verdict.is_right
            count["slips found wrong"] += verdict.verdict == "wrong"
            count["diagnosed"] += found is not None
            good = found is not None and found.code in codes
            count["diagnosed with the stated code"] += good
            if found is not None and found.corrected:
                count["corrections"] += 1
                mended = verdict_of(text, found.corrected)
                count["corrections found right"] += mended.is_right
                good = good and mended.is_right
        if options.verbose and not good:
            print(f"{name}: {formula}\n   {verdict.verdict} {spent:.2f} s, want {codes}")
            print(f"   {found.code + ' ' + found.message if found else verdict.note}")
            if found and found.corrected:
                print(f"   {found.corrected}")
            for said in (*verdict.readings, *verdict.assumptions):
                print(f"   if {said}")
    for what, number in count.items():
        print(f"{what:34} {number}")
    print(f"{'seconds':34} {time.process_time() - start:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
