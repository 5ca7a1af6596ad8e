"""A theorem with its proof as Unicode text, LaTeX, Markdown or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from bptt_sym.prove import certificate, notation
from bptt_sym.prove.kernel import Formula, Mat, Poly, Thm, Var, free, instance, term
from bptt_sym.prove.language import POWER, Claim, claim_of, shape
from bptt_sym.prove.theorem import Line, Theorem


def render(theorem: Theorem, form: str = "text") -> str:
    """The theorem and its proof; ``form`` is text, latex, markdown or json."""
    if form not in FORMS:
        raise ValueError(f"no such format: {form} (there are {', '.join(FORMS)})")
    return FORMS[form](theorem)


# ---------------------------------------------------------------- what a statement is about
def symbols(formulas: Iterable[Formula]) -> dict[str, list[str]]:
    """The free variables and the arbitrary sequences and matrices of a statement, by kind."""
    kinds = ("real", "integer", "sequence", "matrix")
    found: dict[str, set[str]] = {kind: set() for kind in kinds}
    bound_letters: set[str] = set()

    def visit(x: Any) -> None:
        if isinstance(x, (Poly, Mat)):
            for key, c in x.terms.items():
                for a in key:
                    visit(a[0] if isinstance(x, Poly) else a)
                visit(c)
        elif isinstance(x, tuple):
            if x and x[0] == "fun":
                found["sequence"].add(x[1])
            elif x and x[0] == "mat" and x[1] not in bound_letters:
                found["matrix"].add(x[1])
            elif x and x[0] == "def":
                labels = {label for label, _, _ in x[1].parts} - bound_letters
                bound_letters.update(labels)
                visit(tuple(p for _, b, s in x[1].parts for p in (b, s)))
                bound_letters.difference_update(labels)
            for y in x:
                visit(y)

    for f in formulas:
        visit(f)
        for sort, name in free(f):
            found["real" if sort == "v" else "integer"].add(name)
    return {k: sorted(v) for k, v in found.items()}


def definitions(theorem: Theorem) -> list[Any]:
    """The recursions in the statement, other than powers and products, which print in full."""
    shown = certificate.definitions([*theorem.thm.hyps, theorem.thm.concl])
    return [d for d in shown if d != POWER and d.name != "product"]


def statement(theorem: Theorem, form: notation.Form) -> str:
    """Hypotheses and conclusion in one line."""
    write = notation.latex if form == "latex" else notation.text
    hyps = (r",\; " if form == "latex" else ",  ").join(map(write, theorem.hypotheses))
    arrow = r" \;\Longrightarrow\; " if form == "latex" else "  ⟹  "
    return (hyps + arrow if hyps else "") + write(theorem.conclusion)


def _quantifiers(theorem: Theorem, form: notation.Form) -> str:
    kinds = symbols([h.formula for h in theorem.hypotheses] + [theorem.thm.concl])
    words = []
    for kind in ("real", "integer", "sequence", "matrix"):
        names = [notation.name(x, form) for x in kinds[kind]]
        if names:
            plural = {"matrix": "matrices"}.get(kind, kind + "s")
            label = f"{kind} " if len(names) == 1 else f"{plural} "
            label = ("real sequence " if len(names) == 1 else "real sequences ") \
                if kind == "sequence" else label
            listed = ", ".join(f"${x}$" if form == "latex" else x for x in names)
            words.append(label + listed)
    return "For all " + ", all ".join(words) if words else ""


# ---------------------------------------------------------------- the proof
def _reason(line: Line, form: notation.Form) -> str:
    """The reason in words; of an induction, with its base and its step spelled out."""
    t, reason = line.thm, line.reason
    if t.rule != "induct":
        return reason
    n, lo, f, _, _ = t.args
    x = ("i", n)

    def say(at: Poly) -> str:
        claim = replaced(line.shown, x, at)
        if claim.formula != instance(f, x, at):
            claim = claim_of(instance(f, x, at))
        return f"${notation.latex(claim)}$" if form == "latex" else notation.text(claim)

    start = claim_of(("ge", term(x) - lo))
    start_said = f"${notation.latex(start)}$" if form == "latex" else notation.text(start)
    index = f"${notation.name(n, form)}$" if form == "latex" else n
    return (
        f"By induction on {index}. Base: {say(lo)}. Step: suppose {say(term(x))} for some "
        f"{start_said}; then {say(term(x) + 1)}" + (f", because {reason}" if reason else "")
    )


def replaced(claim: Claim, x: Var, value: Poly) -> Claim:
    """The claim in its written shape, with a term for a variable."""
    table: list[Any] = []
    written = notation.to_json(shape(value), table)

    def walk(part: Any) -> Any:
        if part == ["var", *x]:
            return written
        return [walk(y) for y in part] if isinstance(part, list) else part

    made: Claim = notation.from_json(walk(notation.to_json(claim, table)), table)
    return made


def _local(t: Thm, theorem: Theorem) -> list[Claim]:
    own = {h.formula for h in theorem.hypotheses}
    return sorted((claim_of(h) for h in t.hyps if h not in own), key=notation.text)


def _parts(claim: Claim) -> list[Claim]:
    return list(claim.args) if claim.op == "and" else [claim]


def _rows(claim: Claim) -> list[str]:
    """The claim as lines of text: "there are ... such that" puts each part on a line of its own."""
    names, body = [], claim
    while body.op == "ex":
        names.append(notation.text(body.args[0]))
        body = body.args[1]
    if not names or body.op != "and":
        return [notation.text(claim)]
    there = ("there is " if len(names) == 1 else "there are ") + ", ".join(names) + " such that"
    return [there, *(f"  • {notation.text(p)}" for p in body.args)]


def text(theorem: Theorem) -> str:
    """The theorem and its proof for the terminal."""
    out = [f"{theorem.title}  [{theorem.name}]", f"Source: {theorem.source}", "", "Theorem."]
    quantifiers = _quantifiers(theorem, "text")
    if quantifiers:
        out.append(f"  {quantifiers}.")
    for d in definitions(theorem):
        out += [f"  Let {row}." for row in notation.definition(d, "text").split("\n")]
    if theorem.hypotheses:
        out.append("  Suppose " + ", ".join(map(notation.text, theorem.hypotheses)) + ".")
    for k, p in enumerate(_parts(theorem.conclusion)):
        out += [("  and  " if k else "  Then ") + row for row in _rows(p)[:1]]
        out += ["       " + row for row in _rows(p)[1:]]
    out += ["", "Proof."]
    for k, line in enumerate(theorem.lines, 1):
        local = ", ".join(map(notation.text, _local(line.thm, theorem)))
        given = f"for {local}: " if local else ""
        out.append(f"  {k}. {given}{notation.text(line.shown)}")
        out.append(f"     {_reason(line, 'text')}.")
    out.append("  ∎")
    if theorem.remarks:
        out += ["", *(f"Remark. {r}" for r in theorem.remarks)]
    if theorem.best_constant:
        out += ["", f"Best constant: {theorem.best_constant}."]
    out += ["", "Taken on trust: " + (", ".join(theorem.trusted_facts) or "nothing") + "."]
    return "\n".join(out) + "\n"


def _structured(theorem: Theorem, item: Callable[[int, str, str], str]) -> list[str]:
    rows = []
    for k, line in enumerate(theorem.lines, 1):
        local = ", ".join(f"${notation.latex(c)}$" for c in _local(line.thm, theorem))
        given = f"For {local}: " if local else ""
        rows.append(item(k, f"{given}${notation.latex(line.shown)}$",
                         _reason(line, "latex")))
    return rows


def _opening(theorem: Theorem) -> list[str]:
    out = []
    quantifiers = _quantifiers(theorem, "latex")
    if quantifiers:
        out.append(quantifiers + ":")
    for d in definitions(theorem):
        rows = notation.definition(d, "latex").split("\n")
        out.append("let " + "; ".join(f"${row}$" for row in rows) + ";")
    if theorem.hypotheses:
        listed = ", ".join(f"${notation.latex(h)}$" for h in theorem.hypotheses)
        out.append(f"suppose {listed};")
    return [*out, "then"] if out else []


def latex(theorem: Theorem) -> str:
    """The theorem and its proof as LaTeX environments ``theorem`` and ``proof`` (amsthm)."""
    rows = _structured(
        theorem, lambda k, shown, reason: f"  \\item {shown}\\\\\n    {_prose(reason)}.")
    claims = [rf"  \[ {notation.latex(p)} \]" for p in _parts(theorem.conclusion)]
    out = [rf"\begin{{theorem}}[{_prose(theorem.title)}] % {theorem.source}",
           *("  " + x for x in _opening(theorem)), *claims, r"\end{theorem}", r"\begin{proof}"]
    if rows:
        out += [r"\begin{enumerate}", *rows, r"\end{enumerate}"]
    out.append(r"\end{proof}")
    out += [rf"\begin{{remark}} {_prose(r)} \end{{remark}}" for r in theorem.remarks]
    return "\n".join(out) + "\n"


SIGNS: Final[dict[str, str]] = {
    "≥": r"\ge", "≤": r"\le", "−": "-", "∓": r"\mp", "√": r"\sqrt", "∂": r"\partial",
    "·": r"\cdot", "×": r"\times", "→": r"\to", "′": "'", "″": "''", "‖": r"\Vert",
    "≠": r"\ne", "∞": r"\infty", "⟹": r"\Rightarrow", "∈": r"\in", "Σ": r"\sum",
    "∏": r"\prod", "ū": r"\bar u", "…": r"\dots", "φ": r"\varphi", "ε": r"\varepsilon",
} | {c: "\\" + word for word, c in notation.GREEK.items() if word not in ("phi", "epsilon")}
RAISED_SIGNS: Final = dict(zip("⁰¹²³⁴⁻ⁿᵏᵀ", "01234-nkT", strict=True))
LOWERED_SIGNS: Final = dict(zip("₀₁₂₃ₙₜₖ", "0123ntk", strict=True))
INDEXED: Final = re.compile(r"\b([A-Za-z]{1,2})_(\{[^{}]*\}|[A-Za-z0-9*]+)")
RAISED: Final = re.compile(r"\^(\{[^{}]*\}|[A-Za-z0-9])")


def _prose(x: str) -> str:
    """Prose as LaTeX source: signs and indexed letters become mathematics, the rest is escaped."""
    pieces = x.split("$")
    return "$".join(_plain(p) if k % 2 == 0 else p for k, p in enumerate(pieces))


def _plain(x: str) -> str:
    for special in "%&#":
        x = x.replace(special, "\\" + special)
    x = x.replace("“", "``").replace("”", "''")
    for mark, signs in (("^", RAISED_SIGNS), ("_", LOWERED_SIGNS)):
        x = re.sub(f"[{''.join(signs)}]+", lambda m, mark=mark, signs=signs: (  # type: ignore[misc]
            f"${mark}{{{''.join(signs[c] for c in m[0])}}}$"), x)
    x = INDEXED.sub(lambda m: f"${m[1]}_{{{m[2].strip('{}')}}}$", x)
    x = RAISED.sub(lambda m: f"$^{{{m[1].strip('{}')}}}$", x)
    outside = re.split(r"(\$[^$]*\$)", x)
    for k in range(0, len(outside), 2):
        text_ = outside[k].replace("_", r"\_")
        outside[k] = "".join(f"${SIGNS[c]}$" if c in SIGNS else c for c in text_)
    for k in range(1, len(outside), 2):
        outside[k] = "".join(f" {SIGNS[c]} " if c in SIGNS else c for c in outside[k])
    return "".join(outside).replace("$$", " ")


def markdown(theorem: Theorem) -> str:
    """The theorem and its proof as Markdown with LaTeX mathematics."""
    rows = _structured(theorem, lambda k, shown, reason: f"{k}. {shown}  \n   {reason}.")
    claims = [f"$$ {notation.latex(p)} $$" for p in _parts(theorem.conclusion)]
    out = [f"### {theorem.title}", "", f"*Source:* {theorem.source}", "",
           "**Theorem.** " + " ".join(_opening(theorem)), "", *claims, "", "**Proof.**", "", *rows,
           "", "∎", ""]
    out += [f"*Remark.* {r}\n" for r in theorem.remarks]
    out.append("*Taken on trust:* " + (", ".join(theorem.trusted_facts) or "nothing") + ".")
    return "\n".join(out) + "\n"


def as_json(theorem: Theorem) -> str:
    """The theorem as a JSON object: statement, steps, trusted facts; not the certificate."""
    data = {
        "name": theorem.name, "title": theorem.title, "source": theorem.source,
        "statement": {"text": statement(theorem, "text"), "latex": statement(theorem, "latex")},
        "hypotheses": [notation.latex(h) for h in theorem.hypotheses],
        "conclusion": notation.latex(theorem.conclusion),
        "definitions": [notation.definition(d, "latex") for d in definitions(theorem)],
        "steps": [
            {"number": k, "claim": notation.latex(x.shown),
             "given": [notation.latex(c) for c in _local(x.thm, theorem)],
             "reason": _reason(x, "latex")}
            for k, x in enumerate(theorem.lines, 1)
        ],
        "best_constant": theorem.best_constant, "remarks": list(theorem.remarks),
        "trusted_facts": list(theorem.trusted_facts),
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


FORMS: Final[dict[str, Callable[[Theorem], str]]] = {
    "text": text, "latex": latex, "markdown": markdown, "json": as_json,
}
