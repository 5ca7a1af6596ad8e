"""A whole theorem as one Gallina file: symbols, recursions, one lemma a step, the statement."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bptt_sym.prove import certificate, theorem
from bptt_sym.prove.certificate import CertificateError
from bptt_sym.prove.kernel import Def, Mat, Thm, is_var
from bptt_sym.prove.language import claim_of
from bptt_sym.prove.rocq.derivatives import Recursions
from bptt_sym.prove.rocq.statement import Statement
from bptt_sym.prove.rocq.steps import Steps, hypotheses
from bptt_sym.prove.rocq.terms import ALGEBRA, Names, Printer, symbols
from bptt_sym.prove.theorem import Theorem

MODULES = ("RationalRing", "Functions", "Rules", "Calculus", "Algebra")
PREAMBLE = """\
(* Generated from a certificate; every step is one lemma. Checked by coqc, see docs/rocq.md. *)
From Coq Require Import Reals ZArith QArith List.
From Coquelicot Require Import Coquelicot.
From BpttSym Require Import {modules}.
{enclosure}Open Scope R_scope.
Set Warnings "-abstract-large-number".
"""


def export(source: Theorem | Thm | str | Path) -> str:
    """The Gallina text of a theorem, a kernel theorem, or a certificate (its text or its file).

    The last command is ``Print Assumptions`` of the theorem. Raises ``CertificateError`` or
    ``KernelError`` if the certificate does not replay, ``ExportError`` for what has no text.
    """
    made = _theorem(source)
    thm = made.thm if isinstance(made, Theorem) else made
    derivation = certificate.steps(thm)
    names = Names()
    values = [(t.args, tuple(t.hyps), t.concl) for t in derivation]
    found = _symbols(names, values)
    text = Printer(names)
    steps, recursions = Steps(text), Recursions(text)
    body = [f"Variable {ALGEBRA} : normed_algebra."] if _mentions_matrices(values) else []
    for x in found:
        body += recursions.define(x) if isinstance(x, Def) else [_declare(x, names)]
    # ``ring`` compares atoms up to conversion: it must not look into them
    body.append("Opaque Derive tanh sg zrec zsum.")
    for t in derivation:
        steps.add(t)
    last, title = steps.lemma[id(thm)], "theorem"
    if isinstance(made, Theorem):
        title = "theorem_" + re.sub(r"\W", "_", made.name)
        shown, goal = made.hypotheses, made.conclusion
    else:
        shown, goal = tuple(map(claim_of, hypotheses(thm))), claim_of(thm.concl)
    final = Statement(steps.equal).theorem(title, shown, goal, thm, last)
    used = any(t.rule in ("evaluate", "enclose") for t in derivation)
    head = PREAMBLE.format(
        modules=" ".join(MODULES), enclosure="From BpttSym Require Enclosure.\n"
        "Import Enclosure(rule_evaluate, rule_enclose).\n" if used else "",
    )
    parts = [head, "Section Theorem_.", *body, *steps.commands, final, "End Section_."]
    parts[-1] = "End Theorem_."
    return "\n\n".join([*parts, f"Print Assumptions {title}."]) + "\n"


def _theorem(source: Theorem | Thm | str | Path) -> Theorem | Thm:
    if isinstance(source, (Theorem, Thm)):
        return source
    text = certificate.read(str(source))
    about = certificate.parse(text).get("about")
    if isinstance(about, dict) and "conclusion" in about:
        return theorem.from_certificate(text)
    return certificate.replay(text)


def _symbols(names: Names, values: list[Any]) -> list[Any]:
    """Name everything, variables first; return function and matrix symbols and definitions."""
    found = list(dict.fromkeys(symbols(values)))
    bound = {("mat", label, 0) for d in found if isinstance(d, Def) for label, _, _ in d.parts}
    free_letters = {x for t in _letters(values) for x in t}
    rest = []
    for x in found:
        if is_var(x):
            names.variable(x)
        elif isinstance(x, Def) or x not in bound or x in free_letters:
            rest.append(x)
    for x in rest:
        if isinstance(x, Def):
            for j in range(len(x.parts)):
                names.part(x, j)
        else:
            names(x, x[1])
    return rest


def _letters(values: list[Any]) -> list[set[Any]]:
    return [{x for x in symbols(values) if isinstance(x, tuple) and x and x[0] == "mat"}]


def _declare(x: Any, names: Names) -> str:
    tag, name, sorts = x
    sorts = sorts if tag == "fun" else "i" * sorts
    arrows = "".join("R -> " if s == "v" else "Z -> " for s in sorts)
    return f"Variable {names(x, name)} : {arrows}{'R' if tag == 'fun' else f'carrier {ALGEBRA}'}."


def _mentions_matrices(values: Any) -> bool:
    if isinstance(values, Mat):
        return True
    if isinstance(values, (tuple, list)):
        return any(map(_mentions_matrices, values))
    if isinstance(values, Def):
        return _mentions_matrices(values.parts)
    terms = getattr(values, "terms", None)
    return terms is not None and any(_mentions_matrices(a) for key in terms for a, _ in key)


__all__ = ["CertificateError", "export"]
