# ruff: noqa: E501
r"""Does a verdict change if only the notation of a document does?

    python benchmarks/renotation.py [--only NAME ...] [--documents NAME ...] [--pairs N] [--seed S]
    python benchmarks/renotation.py --show NAME --documents NAME

The documents of ``renotation.txt`` are written in macros: which formulas they hold, and which of
them are wrong, is known by construction. A renotation says how names, steps, derivatives, products,
transposes and displays are written, where the definitions stand and what is left unsaid; the
meaning stays. Each is compared with the documents in the notation that they are kept in. ``changed``
counts the formulas whose verdict is another one; a right formula that is called wrong (``false``)
or a wrong one that is accepted (``accepted``) are listed with ``--list``.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from renotation_habits import HABITS, WIDER, Wider
from renotation_styles import BASE, in_unicode
from renotation_styles import RENOTATIONS as USUAL
from renotation_writer import Line, Template, Written, templates

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text, read_document

RENOTATIONS = USUAL | WIDER


def worst(verdicts: Sequence[str]) -> str:
    """What several verdicts on the parts of one formula say of it."""
    claims = [v.replace("right_under_reading", "right") for v in verdicts if v != "not_a_claim"]
    if not claims:
        return "not_a_claim"
    return "wrong" if "wrong" in claims else "right" if set(claims) == {"right"} else "undecided"


def verdicts_of(written: Written) -> list[tuple[Line, str, str]]:
    """Each formula with its verdict, and why."""
    if written.name.endswith(".ipynb"):  # cells have lines of their own
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / written.name
            path.write_text(written.text, encoding="utf-8")
            document = read_document(path)
    else:
        document = document_from_text(written.text, written.name)
    judged = audit(document)
    out = []
    for a, b, line in written.rows:
        here = [j for j in judged if a <= j.place.line <= b]
        verdict = worst([j.verdict.verdict for j in here]) if here else "missed"
        why = "; ".join(
            j.fault.message if j.fault else j.verdict.note or "" for j in here
            if j.verdict.verdict != "not_a_claim"
        )  # fmt: skip
        out.append((line, verdict, f"{here[0].latex[:110] if here else ''} -- {why[:200]}"))
    return out


def merged(*names: str) -> dict[str, Any]:
    """The style that several renotations make together; the later ones win."""
    style: dict[str, Any] = BASE | HABITS
    for name in names:
        style |= {k: v for k, v in RENOTATIONS[name].items() if k != "names"}
        style["names"] = style["names"] | RENOTATIONS[name].get("names", {})
    if style["container"] == "lines":
        style["signs"] = in_unicode
    return style | {"names": {k: v for k, v in style["names"].items() if v != BASE["names"][k]}}


Verdicts = dict[tuple[str, ...], dict[str, tuple[Line, str, str]]]


def judged(
    template: Template, names: Sequence[str], kept: Verdicts
) -> dict[str, tuple[Line, str, str]]:
    """The verdicts of a document in a notation, by formula; none where the notation cannot be used."""
    key = (template.name, *sorted(names))
    if key not in kept:
        writer = Wider(template, merged(*names))
        made = verdicts_of(writer.write()) if writer.plain() else []
        kept[key] = {line.key: (line, verdict, why) for line, verdict, why in made}
    return kept[key]


def causes(template: Template, names: Sequence[str], lost: str, kept: Verdicts) -> tuple[str, ...]:
    """The fewest of these renotations by which a formula is lost still."""
    left = list(names)
    for name in names:
        fewer = [n for n in left if n != name]
        found = judged(template, fewer, kept).get(lost)
        if fewer and found is not None and found[1] not in ("right", "wrong"):
            left = fewer
    return tuple(sorted(left))


class Count(Counter[str]):
    """What became of the formulas of some documents."""

    def add(self, line: Line, verdict: str) -> None:
        if line.kind in ("right", "wrong"):
            self[line.kind] += 1
            self["decided"] += verdict in ("right", "wrong")
            self[f"{line.kind}:{verdict}"] += 1
        else:
            self["right:wrong"] += verdict == "wrong"

    def row(self, name: str, changed: int, seconds: float) -> str:
        n = max(self["right"] + self["wrong"], 1)
        return (
            f"| {name} | {100 * self['decided'] / n:.0f} % | {self['right:right']} of {self['right']}"
            f" | {self['wrong:wrong']} of {self['wrong']} | {self['right:wrong']}"
            f" | {self['wrong:right']} | {changed} | {seconds:.0f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="these renotations")
    parser.add_argument("--documents", nargs="*", default=[], help="these documents")
    parser.add_argument("--pairs", type=int, default=0, help="so many random compositions")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wider", type=int, default=0, help="so many of each are habits, at least")
    parser.add_argument(
        "--causes", action="store_true", help="which renotations lose what, and why"
    )
    parser.add_argument("--list", action="store_true", help="every formula whose verdict changed")
    parser.add_argument("--show", help="print the documents in a notation (joined by +)")
    options = parser.parse_args()
    kept = [t for t in templates() if not options.documents or t.name in options.documents]
    if options.show:
        for t in kept:
            print(
                Wider(t, merged(*[s for s in options.show.split("+") if s != "base"])).write().text
            )
        return
    rng = random.Random(options.seed)
    wanted: list[tuple[str, ...]] = [(n,) for n in options.only or RENOTATIONS]
    if options.pairs:
        names = list(RENOTATIONS)
        wanted = []
        for _ in range(options.pairs):
            first = tuple(rng.sample(list(WIDER), options.wider))
            others = tuple(rng.sample(names, max(0, rng.randint(3, 5) - options.wider)))
            wanted.append((*first, *others))
    elif any("+" in n for n in options.only):
        wanted = [tuple(n.split("+")) for n in options.only]
    base: dict[str, list[tuple[Line, str, str]]] = {}
    plain: dict[str, str] = {}
    print("| renotation | decided | right kept | wrong found | false | accepted | changed | s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    count, start = Count(), time.process_time()
    for t in kept:
        written = Wider(t, merged()).write()
        plain[t.name], base[t.name] = written.text, verdicts_of(written)
        for line, verdict, why in base[t.name]:
            count.add(line, verdict)
            if options.list and line.kind in ("right", "wrong") and verdict != line.kind:
                print(f"    base {t.name} {line.kind} -> {verdict}: {why}")
    print(count.row("base", 0, time.process_time() - start), flush=True)
    whole, total = Count(), 0
    kept_verdicts: Verdicts = {(t.name,): {} for t in kept}
    lost: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for names in wanted:
        count, changed, start = Count(), 0, time.process_time()
        for t in kept:
            writer = Wider(t, merged(*names))
            if not writer.plain():
                continue
            written = writer.write()
            if written.text == plain[t.name] and written.name == "n.md":
                continue
            before = {line.key: v for line, v, _ in base[t.name]}
            found = judged(t, names, kept_verdicts)
            for line, verdict, why in found.values():
                count.add(line, verdict)
                was = before.get(line.key)
                if line.kind in ("right", "wrong"):
                    moved = verdict != was
                else:
                    moved = verdict == "wrong"
                changed += moved
                if moved and options.list:
                    print(f"    {'+'.join(names)} {t.name} {line.kind}: {was} -> {verdict}: {why}")
                if options.causes and moved and verdict not in ("right", "wrong"):
                    of = causes(t, names, line.key, kept_verdicts)
                    lost.setdefault((of, verdict), []).append(f"{t.name} {line.kind}: {why}")
        print(count.row("+".join(names), changed, time.process_time() - start), flush=True)
        whole.update(count)
        total += changed
    print(whole.row("all", total, 0))
    for (of, verdict), cases in sorted(lost.items(), key=lambda x: -len(x[1])):
        print(f"{len(cases)} {verdict} by {' + '.join(of)}")
        for case in cases[:4]:
            print(f"      {case}")


if __name__ == "__main__":
    main()
