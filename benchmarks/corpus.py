"""How the audit does on a corpus of judged equations.

    python benchmarks/corpus.py PATH [--only ID] [--verbose]

PATH is JSON Lines; each line has ``id``, ``conventions`` (what the document around the equation
says, in words and fragments of mathematics), ``latex``, ``verdict`` (``right``,
``right_under_reading`` or ``wrong``), ``why`` and ``kinds``. Every entry is audited as a small
document: its conventions as prose, then its formula. Nothing is looked up by entry.

Printed are the confusion matrix, why the undecided ones are undecided, how many of the wrong ones
that were found have a diagnosis of the stated kind, and formulas per second (one core).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import document_from_text

#: Codes that say what a kind of mistake in the corpus says.
SAME: dict[str, frozenset[str]] = {
    "product_index": frozenset(("BP004", "BP005")),
    "index_off_by_one": frozenset(("BP004", "BP005")),
    "wrong_index_in_sum": frozenset(("BP004", "BP005", "BP014", "BP018", "BP024")),
    "shape_mismatch": frozenset(("BP021", "BP009")),
    "wrong_symbol": frozenset(("BP018", "BP003")),
    "double_counting": frozenset(("BP005", "BP016", "BP002")),
    "missing_path": frozenset(("BP001", "BP015", "BP017")),
    "direct_path_only": frozenset(("BP017", "BP015")),
    "extra_factor": frozenset(("BP012",)),
    "missing_normalisation": frozenset(("BP020",)),
    "missing_activation_derivative": frozenset(("BP019",)),
    "double_activation": frozenset(("BP023",)),
    "commuting_matrices": frozenset(("BP010",)),
    "norm_vs_eigenvalue": frozenset(("BP022",)),
    "matrix_inequality": frozenset(("BP021", "BP022", "BP025")),
    "vector_in_bound": frozenset(("BP021", "BP022", "BP025")),
}
ORDER = ("wrong", "unreadable", "undecided", "right_under_reading", "right", "not_a_claim")
COLUMNS = ("right", "right_under_reading", "wrong", "undecided", "unreadable", "not_a_claim")


def document_of(entry: dict[str, Any]) -> tuple[str, int]:
    """The entry as a document, and the line on which its formula begins."""
    latex = entry["latex"].strip()
    delimited = "$" in latex or latex.startswith(("\\[", "\\("))
    prose = entry["conventions"].strip()
    body = latex if delimited else f"$$\n{latex}\n$$"
    return f"{prose}\n\n{body}\n", prose.count("\n") + 3


def judge(entry: dict[str, Any]) -> tuple[str, list[Judged]]:
    """The verdict of the entry (that of its worst claim) and all that was judged in it."""
    text, first = document_of(entry)
    found = audit(document_from_text(text, entry["id"] + ".md"))
    own = [j for j in found if j.place.line >= first]
    names = [j.verdict.verdict for j in own]
    claims = [n for n in names if n != "not_a_claim"]
    verdict = min(claims, key=ORDER.index) if claims else "not_a_claim"
    return verdict, own


def codes(judged: Sequence[Judged]) -> set[str]:
    out = set()
    for j in judged:
        for v in (j.verdict, *j.verdict.links):
            if v.verdict == "wrong" and v.diagnosis is not None:
                out.add(v.diagnosis.code)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the audit on a corpus.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--only", default="", help="entries whose id contains this")
    parser.add_argument("--verbose", action="store_true", help="one line for each entry")
    options = parser.parse_args()
    lines = options.path.read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line.strip()]
    _spell_out_above(entries)
    entries = [e for e in entries if options.only in e["id"]]
    matrix: Counter[tuple[str, str]] = Counter()
    undecided: list[tuple[str, str]] = []
    hits = diagnosed = formulas = 0
    start = time.perf_counter()
    for entry in entries:
        verdict, judged = judge(entry)
        formulas += len(judged)
        matrix[entry["verdict"], verdict] += 1
        notes = [j.verdict.note for j in judged if j.verdict.verdict in ("undecided", "unreadable")]
        if verdict not in ("right", "right_under_reading", "wrong"):
            undecided.append((entry["id"], f"{verdict}: {notes[0] if notes else ''}"))
        found = codes(judged)
        if entry["verdict"] == verdict == "wrong":
            diagnosed += bool(found)
            hits += any(found & SAME.get(k, frozenset()) for k in entry["kinds"])
        if options.verbose:
            flag = "" if _same(entry["verdict"], verdict) else "   <--"
            print(f"{entry['id']:24} {entry['verdict']:20} {verdict:20} {sorted(found)}{flag}")
            for j in judged:
                v = j.verdict
                print(f"      {v.verdict}: {'; '.join((*v.readings, *v.assumptions))} {v.note}")
    spent = time.perf_counter() - start
    _report(entries, matrix, undecided, hits, diagnosed, formulas, spent)
    return 0


def _spell_out_above(entries: list[dict[str, Any]]) -> None:
    """Conventions that say "as above" get what the last entry of the same source says."""
    above: dict[str, str] = {}
    for entry in entries:
        own, source = entry["conventions"], entry["source"]
        if own.startswith("as above") and source in above:
            entry["conventions"] = f"{above[source]}; {own}"
        else:
            above[source] = own


def _same(stated: str, verdict: str) -> bool:
    return stated == verdict or {stated, verdict} == {"right", "right_under_reading"}


def _report(
    entries: list[dict[str, Any]],
    matrix: Counter[tuple[str, str]],
    undecided: list[tuple[str, str]],
    hits: int,
    diagnosed: int,
    formulas: int,
    spent: float,
) -> None:
    print("stated \\ found".ljust(22) + "".join(c.rjust(20) for c in COLUMNS))
    for stated in COLUMNS[:3]:
        row = "".join(str(matrix[stated, c]).rjust(20) for c in COLUMNS)
        print(stated.ljust(22) + row)
    total = len(entries)
    decided = sum(n for (_, c), n in matrix.items() if c in COLUMNS[:3])
    false_alarms = sum(n for (s, c), n in matrix.items() if s != "wrong" and c == "wrong")
    wrong = sum(n for (s, _), n in matrix.items() if s == "wrong")
    found = matrix["wrong", "wrong"]
    accepted = sum(matrix["wrong", c] for c in COLUMNS[:2])
    print(f"\ndecided                 {_share(decided, total)}")
    print(f"right called wrong      {false_alarms}")
    print(f"wrong found             {_share(found, wrong)}")
    print(f"wrong called right      {accepted}")
    print(f"  with a diagnosis      {_share(diagnosed, found)}")
    print(f"  of the stated kind    {_share(hits, found)}")
    print(f"formulas                {formulas} in {spent:.1f} s = {formulas / spent:.0f}/s")
    if undecided:
        print("\nnot decided:")
        for name, note in undecided:
            print(f"  {name:24} {note[:110]}")


def _share(n: int, of: int) -> str:
    return f"{n} of {of}" + (f" ({100 * n / of:.0f} %)" if of else "")


if __name__ == "__main__":
    sys.exit(main())
