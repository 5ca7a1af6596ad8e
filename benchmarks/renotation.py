# ruff: noqa: E501, B008
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
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from renotation_styles import BASE, CONTAINERS, RENOTATIONS, SENTENCES, in_unicode

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text, read_document

SEQUENCES = frozenset("haxopyle")
NUMBERED_FROM_ZERO = {"1": "0", "T": "T-1", "0": "-1", "T-1": "T-2", "T-k": "T-k-1",
                      "2": "1", "3": "2", "T-k-1": "T-k-2"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A heading, a sentence or a formula (then ``kind`` says what it is)."""

    kind: str
    text: str
    bias: bool = False


@dataclass(frozen=True)
class Template:
    """A document in macros."""

    name: str
    told: dict[str, str]
    lines: tuple[Line, ...]


def templates(path: Path = Path(__file__).with_suffix(".txt")) -> list[Template]:
    """The documents that are kept beside this file."""
    out = []
    for part in re.split(r"^=== ", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        name, *rest = part.strip().split("\n")
        told: dict[str, str] = {}
        lines: list[Line] = []
        for row in rest:
            said = re.match(r"(activation|scalar|names|loss): (.*)", row)
            formula = re.match(r"\((def|loss|right|wrong)( bias)?\) (.*)", row)
            if said:
                told[said[1]] = said[2]
            elif formula:
                lines.append(Line(formula[1], formula[3], bool(formula[2])))
            else:
                lines.append(Line("heading" if row.startswith("# ") else "prose", row))
        out.append(Template(name, told, tuple(lines)))
    return out


@dataclass
class Written:
    """A document as it is written in one notation; ``rows`` says where each formula stands."""

    text: str
    name: str
    rows: list[tuple[int, int, Line]] = field(default_factory=list)


class Writer:
    """Writes a document in one notation."""

    def __init__(self, template: Template, style: dict[str, Any]) -> None:
        self.template, self.style = template, style
        names = dict(BASE["names"])
        for pair in template.told.get("names", "").split():
            names[pair.split("=")[0]] = pair.split("=")[1]
        names |= style["names"]
        self.scalar = "scalar" in template.told
        if self.scalar:
            names |= {k: names[k][:1].lower() + names[k][1:] for k in "WUV"}
        self.names = names
        self.accent = ""
        told = template.told["activation"]
        self.activation = r"\tanh" if told == "tanh" else told

    def plain(self) -> bool:
        """Whether no two things of the document have one name, and no step has that of a thing."""
        used = {w for x in self.template.lines for w in re.findall("@([A-Za-z]+)", x.text)}
        given = any("@a{" in x.text for x in self.template.lines if x.kind == "def")
        if self.style["slope"] == "argument" and not given:
            return False
        if self.style["d"] == r"\delta" and "_{" in self.style["derivative"]:
            return False
        roles = [r for r in self.names if r in used or r in "hx"]
        roles += ["a"] if self.style["slope"] == "argument" else []
        names = {self.names[r] for r in roles if r not in "lL"} | {self.names["L"]}
        letters = {self.style["letters"].get(k, k) for k in "tkijT"}
        marks = (
            {"d"} if self.style["d"] in ("d", r"\mathrm{d}") or self.style["mark"] == "d" else set()
        )
        if self.style["d"] == r"\delta" or self.style["mark"] == r"\delta":
            marks.add(r"\delta")
        return (
            len(names) == len({*(r for r in roles if r not in "lL"), "L"})
            and not names & (letters | marks)
            and not {self.names["l"]} & (names - {self.names["L"]})
            and len(letters) == 5
        )

    # names and steps

    def name(self, role: str) -> str:
        found = self.names[role]
        font = self.style["font"]
        if font and not self.scalar and role not in "lL":
            script = re.match(r"(\\hat\{)?(\\?[A-Za-z]+)(\}?)(.*)", found)
            assert script is not None
            one = font[role == role.upper()] % script[2]
            found = f"{script[1] or ''}{one}{script[3]}{script[4]}"
        return found

    def step(self, text: str) -> str:
        if self.style["zero"]:
            text = NUMBERED_FROM_ZERO.get(text, text)
        letters = self.style["letters"]
        return re.sub("[A-Za-z]", lambda m: letters.get(m[0], m[0]), text)

    def sequence(self, role: str, step: str) -> str:
        name = self.name(role)
        if self.accent:
            name = self.accent % name
        if not step:
            return name
        at = self.step(step)
        kind = self.style["step"]
        if kind == "_" and len(at) == 1:
            return f"{name}_{at}"
        return name + {"_": "_{%s}", "^": "^{%s}", "^()": "^{(%s)}", "^<>": r"^{\langle %s \rangle}",
                       "()": "(%s)", "[]": "[%s]", "_()": "_{(%s)}", "^[]": "^{[%s]}"}[kind] % at  # fmt: skip

    # macros

    def render(self, text: str) -> str:
        out, pos = [], 0
        for m in re.finditer("@", text):
            if m.start() < pos:
                continue
            word = re.match(r"@([A-Za-z]+|=)", text[m.start() :])
            assert word is not None, text[m.start() :]
            end, args = m.start() + word.end(), []
            while text[end : end + 1] == "{":
                close = self._close(text, end)
                args.append(text[end + 1 : close])
                end = close + 1
            out += [text[pos : m.start()], self.expand(word[1], args)]
            pos = end
        return "".join([*out, text[pos:]])

    @staticmethod
    def _close(text: str, start: int) -> int:
        depth = 0
        for k in range(start, len(text)):
            depth += (text[k] == "{") - (text[k] == "}")
            if not depth:
                return k
        raise ValueError(text)

    def expand(self, word: str, args: list[str]) -> str:
        if word in SEQUENCES:
            return self.sequence(word, args[0])
        if word == "L":
            return self.name("L")
        if word in "WUVbc":
            name = self.name(word)
            return self.accent % name if self.accent else name
        if word == "=":
            return " = "
        made: Callable[..., str] = getattr(self, f"do_{word}")
        return made(*[a for a in args if a])

    def do_log(self) -> str:
        return r"\log "

    def do_half(self) -> str:
        return r"\frac{1}{2} "

    def do_plus(self, bias: str) -> str:
        return f" + {self.render(bias)}" if self.style["bias"] else ""

    def do_act(self, of: str) -> str:
        return f"{self.activation}{self.brackets(self.render(of))}"

    def do_softmax(self, of: str) -> str:
        return f"{self.style['softmax']}({self.render(of)})"

    def do_norm(self, of: str) -> str:
        return self.style["norm"] % self.render(of)

    def do_abs(self, of: str) -> str:
        return rf"\left|{self.render(of)}\right|"

    def brackets(self, inside: str) -> str:
        return rf"\left({inside}\right)" if self.style["sized"] else f"({inside})"

    def do_par(self, of: str) -> str:
        return self.brackets(self.render(of))

    def do_diag(self, of: str) -> str:
        return f"{self.style['diag']}({self.render(of)})"

    def do_pow(self, base: str, exponent: str) -> str:
        exponent = self.step(exponent)
        inside = self.render(base)
        if re.fullmatch(r"[A-Za-z]", inside) or inside.endswith(("|", r"\|", r"\rVert")):
            return f"{inside}^{{{exponent}}}"
        return f"{self.brackets(inside)}^{{{exponent}}}"

    def do_slope(self, step: str) -> str:
        kind = self.activation
        h = self.sequence("h", step)
        if kind == r"\sigma" and self.style["slope"] == "output":
            return f"{self.times(h, f'(1 - {h})', self.style['had'])}"
        if self.style["slope"] == "argument":
            return f"{kind}'({self.sequence('a', step)})"
        if self.style["step"] != "_" or "^" in self.names["h"]:
            return f"1 - ({h})^2"
        return f"1 - {h}^2"

    def do_pslope(self, step: str) -> str:
        made = self.do_slope(step)
        return self.brackets(made) if made.startswith("1 ") else made

    def times(self, a: str, b: str, sign: str) -> str:
        return f"{a} {sign} {b}" if sign else f"{a} {b}"

    def do_had(self, a: str, b: str) -> str:
        return self.times(self.render(a), self.render(b), self.style["had"])

    def do_mul(self, *args: str) -> str:
        parts = [self.render(a) for a in args]
        out = parts[0]
        for p in parts[1:]:
            out = self.times(out, p, self.style["mul"])
        return out

    def transposed(self, x: str) -> str:
        sign = self.style["transpose"]
        if x.startswith((r"\left(", "(")) and x.endswith(")"):
            return x + sign
        if x.startswith(
            (r"\frac", r"\dfrac", r"\tfrac", r"{\partial", r"\partial", r"\nabla", "D_")
        ):
            return rf"\left({x}\right){sign}"
        if "^" in x and sign != "'":
            return f"({x}){sign}"
        return f"{x}{sign}"

    def do_T(self, of: str) -> str:
        return self.transposed(self.render(of))

    def do_inner(self, a: str, b: str) -> str:
        return f"{self.transposed(self.render(a))} {self.render(b)}"

    def do_aff(self, w: str, h: str) -> str:
        return self.do_mul(*((h, w) if self.style["rows"] else (w, h)))

    def product(self, a: str, b: str) -> str:
        a, b = (b, a) if self.style["rows"] else (a, b)
        return self.times(a, b, self.style["mul"])

    def do_back(self, w: str, g: str) -> str:
        return self.product(self.transposed(self.render(w)), self.render(g))

    def do_outer(self, g: str, h: str) -> str:
        return (
            self.product(self.render(g), self.transposed(self.render(h)))
            if not self.style["rows"]
            else self.times(self.transposed(self.render(h)), self.render(g), self.style["mul"])
        )

    def do_jac(self, *factors: str) -> str:
        return self.do_mul(*(factors[::-1] if self.style["denominator"] else factors))

    do_chain = do_jac

    def do_jW(self, w: str) -> str:
        turned = self.style["denominator"] != self.style["rows"]
        return self.transposed(self.render(w)) if turned else self.render(w)

    def do_pull(self, jacobian: str, g: str) -> str:
        made = self.render(jacobian)
        return self.times(
            made if self.style["denominator"] else self.transposed(made),
            self.render(g), self.style["mul"],
        )  # fmt: skip

    def ranged(self, sign: str, k: str, a: str, b: str) -> str:
        k = self.style["letters"].get(k, k)
        low, high = f"_{{{k}={self.step(a)}}}", f"^{{{self.step(b)}}}"
        return rf"\{sign}{self.style['limits']}" + (
            high + low if self.style["above_first"] else low + high
        )

    def do_sum(self, k: str, a: str, b: str) -> str:
        return self.ranged("sum", k, a, b)

    def do_prod(self, k: str, a: str, b: str) -> str:
        return self.ranged("prod", k, a, b)

    do_proddown = do_prod

    # derivatives

    def derivative(self, a: str, b: str, d: str = "") -> str:
        d = d or self.style["d"]
        return self.style["derivative"] % {
            "d": d,
            "a": a,
            "b": b,
            "da": f"{d} {a}",
            "db": f"{d} {b}",
        }

    def do_d(self, a: str, b: str) -> str:
        return self.derivative(self.render(a), self.render(b))

    def do_di(self, a: str, b: str) -> str:
        return rf"\frac{{\partial^+ {self.render(a)}}}{{\partial {self.render(b)}}}"

    def do_dl(self, t: str, b: str) -> str:
        if self.style["nabla"]:
            return rf"\nabla_{{{self.render(b)}}} {self.sequence('l', t)}"
        return self.derivative(self.sequence("l", t), self.render(b))

    def do_dL(self, b: str) -> str:
        mark = self.style["mark"]
        if mark == "bar":
            self.accent = r"\bar{%s}"
            made = self.render(b)
            self.accent = ""
            return made
        if mark:
            return f"{mark} {self.render(b)}" if mark != "d" else f"d{self.render(b)}"
        if self.style["nabla"]:
            return rf"\nabla_{{{self.render(b)}}} {self.name('L')}"
        return self.derivative(self.name("L"), self.render(b))

    # documents

    def lines(self) -> Iterator[Line]:
        kept = [x for x in self.template.lines if self.style["bias"] or not x.bias]
        if self.style["loss"] != "given":
            kept = [x for x in kept if x.kind != "loss"]
        if self.style["loss"] == "words":
            at = next(k for k, x in enumerate(kept) if x.kind in ("right", "wrong"))
            kept.insert(at, Line("prose", self.template.told["loss"]))
        if self.style["mark"] == "bar":
            at = next(k for k, x in enumerate(kept) if x.kind in ("right", "wrong"))
            said = r"A bar is for the gradient: $\bar{v} = \frac{\partial %s}{\partial v}$."
            kept.insert(at, Line("prose", said % self.name("L")))
        given = [x for x in kept if x.kind in ("def", "loss")]
        if self.style["definitions"] == "after":
            kept = [*(x for x in kept if x not in given), *given]
        sentences = SENTENCES.get(self.style["language"], ())
        for k, line in enumerate(kept):
            if line.kind == "prose" and sentences:
                mathematics = re.findall(r"\$[^$]*\$", line.text)
                said = sentences[k % len(sentences)]
                yield Line(
                    "prose", said + (" (" + ", ".join(mathematics) + ")" if mathematics else "")
                )
            elif line.kind == "heading" and sentences:
                yield Line("heading", f"# RNN {k}")
            else:
                yield line

    def formula(self, line: Line) -> str:
        made = self.render(line.text)
        return made if self.style["signs"] is None else self.style["signs"](made)

    def write(self) -> Written:
        """The document."""
        out = Written("", f"n.{self.style['ending']}")
        rows: list[str] = []
        pending: list[tuple[Line, str]] = []
        container = CONTAINERS[self.style["container"]]

        def flush() -> None:
            if pending:
                for line, text, a, b in container(list(pending), len(rows) + 1, rows):
                    del text
                    out.rows.append((a, b, line))
                rows.append("")
                pending.clear()

        inline = self.style["definitions"]
        for line in self.lines():
            if line.kind in ("prose", "heading"):
                flush()
                said = re.sub(r"\$([^$]*)\$", lambda m: self.inline(self.render(m[1])), line.text)
                rows += [self.heading(said) if line.kind == "heading" else said, ""]
            elif line.kind in ("def", "loss") and inline in ("inline", "list", "table"):
                flush()
                made = self.inline(self.formula(line))
                start = {"inline": "Here ", "list": "- ", "table": "| it is | "}[inline]
                rows.append(f"{start}{made}{' |' if inline == 'table' else ''}")
                out.rows.append((len(rows), len(rows), line))
                if inline == "table" and rows[-2][:2] != "| ":
                    rows[-1:-1] = ["| what | how |", "|---|---|"]
                    a, b, kept = out.rows[-1]
                    out.rows[-1] = (a + 2, b + 2, kept)
                if inline != "table":
                    rows.append("")
            else:
                pending.append((line, self.formula(line)))
                if not self.style["together"]:
                    flush()
        flush()
        out.text = "\n".join(rows)
        return self.wrapped(out)

    def inline(self, made: str) -> str:
        if self.style["container"] == "lines":
            return f"`{made}`"
        return rf"\({made}\)" if self.style["ending"] == "html" else f"${made}$"

    def heading(self, said: str) -> str:
        if self.style["ending"] == "tex":
            return rf"\section{{{said[2:]}}}"
        return f"<h2>{said[2:]}</h2>" if self.style["ending"] == "html" else said

    def wrapped(self, out: Written) -> Written:
        kind = self.style["ending"]
        if kind == "tex":
            macros = r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}" + "\n"
            before = r"\documentclass{article}" + "\n" + macros + r"\begin{document}" + "\n"
            out.text = before + out.text + "\n" + r"\end{document}" + "\n"
            out.rows = [(a + 3, b + 3, line) for a, b, line in out.rows]
        elif kind == "html":
            out.text = out.text.replace("<h2>", "\0").replace("</h2>", "\1").replace("&", "&amp;")
            out.text = out.text.replace("<", "&lt;").replace("\0", "<h2>").replace("\1", "</h2>")
            out.text = out.text.replace("\n\n", "\n<p>\n")
        elif kind == "ipynb":
            cell = {"cell_type": "markdown", "metadata": {}, "source": out.text.splitlines(True)}
            out.text = json.dumps(
                {"cells": [cell], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
            )
        return out


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
    style: dict[str, Any] = dict(BASE)
    for name in names:
        style |= {k: v for k, v in RENOTATIONS[name].items() if k != "names"}
        style["names"] = style["names"] | RENOTATIONS[name].get("names", {})
    if style["container"] == "lines":
        style["signs"] = in_unicode
    return style | {"names": {k: v for k, v in style["names"].items() if v != BASE["names"][k]}}


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
    parser.add_argument("--list", action="store_true", help="every formula whose verdict changed")
    parser.add_argument("--show", help="print the documents in a notation (joined by +)")
    options = parser.parse_args()
    kept = [t for t in templates() if not options.documents or t.name in options.documents]
    if options.show:
        for t in kept:
            print(
                Writer(t, merged(*[s for s in options.show.split("+") if s != "base"])).write().text
            )
        return
    rng = random.Random(options.seed)
    wanted: list[tuple[str, ...]] = [(n,) for n in options.only or RENOTATIONS]
    if options.pairs:
        names = list(RENOTATIONS)
        wanted = [tuple(rng.sample(names, rng.randint(3, 5))) for _ in range(options.pairs)]
    elif any("+" in n for n in options.only):
        wanted = [tuple(n.split("+")) for n in options.only]
    base: dict[str, list[tuple[Line, str, str]]] = {}
    plain: dict[str, str] = {}
    print("| renotation | decided | right kept | wrong found | false | accepted | changed | s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    count, start = Count(), time.process_time()
    for t in kept:
        written = Writer(t, merged()).write()
        plain[t.name], base[t.name] = written.text, verdicts_of(written)
        for line, verdict, why in base[t.name]:
            count.add(line, verdict)
            if options.list and line.kind in ("right", "wrong") and verdict != line.kind:
                print(f"    base {t.name} {line.kind} -> {verdict}: {why}")
    print(count.row("base", 0, time.process_time() - start), flush=True)
    whole = Count()
    total = 0
    for names in wanted:
        count, changed, start = Count(), 0, time.process_time()
        for t in kept:
            writer = Writer(t, merged(*names))
            written = writer.write()
            if not writer.plain():
                continue
            if written.text == plain[t.name] and written.name == "n.md":
                continue
            before = {id(line): v for line, v, _ in base[t.name]}
            before |= {line.text: v for line, v, _ in base[t.name]}
            for line, verdict, why in verdicts_of(written):
                count.add(line, verdict)
                was = before.get(line.text)
                if line.kind in ("right", "wrong"):
                    moved = verdict != was
                else:
                    moved = verdict == "wrong"
                changed += moved
                if moved and options.list:
                    print(f"    {'+'.join(names)} {t.name} {line.kind}: {was} -> {verdict}: {why}")
        print(count.row("+".join(names), changed, time.process_time() - start), flush=True)
        whole.update(count)
        total += changed
    print(whole.row("all", total, 0))


if __name__ == "__main__":
    main()
