# ruff: noqa: E501, B008
r"""The documents of ``renotation.txt``, and how one is written in a notation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from renotation_styles import BASE, CONTAINERS, SENTENCES

SEQUENCES = frozenset("haxopyle")
NUMBERED_FROM_ZERO = {"1": "0", "T": "T-1", "0": "-1", "T-1": "T-2", "T-k": "T-k-1",
                      "2": "1", "3": "2", "T-k-1": "T-k-2"}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A heading, a sentence or a formula (then ``kind`` says what it is)."""

    kind: str
    text: str
    bias: bool = False
    origin: str = ""  #: the line that this one is a form of

    @property
    def key(self) -> str:
        return self.origin or self.text


@dataclass(frozen=True)
class Template:
    """A document in macros."""

    name: str
    told: dict[str, str]
    lines: tuple[Line, ...]


def templates(path: Path = Path(__file__).with_name("renotation.txt")) -> list[Template]:
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
