"""A whole theorem as one Gallina file: symbols, recursions, one lemma a step, the statement."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from bptt_sym.prove import certificate, theorem
from bptt_sym.prove.certificate import CertificateError
from bptt_sym.prove.kernel import Def, Thm, is_var
from bptt_sym.prove.language import claim_of
from bptt_sym.prove.rocq.derivatives import Recursions
from bptt_sym.prove.rocq.pieces import hypotheses
from bptt_sym.prove.rocq.statement import Statement
from bptt_sym.prove.rocq.steps import Steps
from bptt_sym.prove.rocq.terms import ALGEBRA, Names, Printer, forget, symbols
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
    forget()
    made = _theorem(source)
    thm = made.thm if isinstance(made, Theorem) else made
    derivation = certificate.steps(thm)
    names = Names()
    found = _named(names, [(t.args, tuple(hypotheses(t)), t.concl) for t in derivation])
    text = Printer(names)
    steps, recursions = Steps(text), Recursions(text)
    body = []
    for x in found:
        body += recursions.define(x) if isinstance(x, Def) else [_declared(x, names)]
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
    section = ["Section Derivation_.", *body, *steps.commands, final, "End Derivation_."]
    return "\n\n".join([head, *section, f"Print Assumptions {title}."]) + "\n"


def _theorem(source: Theorem | Thm | str | Path) -> Theorem | Thm:
    if isinstance(source, (Theorem, Thm)):
        return source
    text = certificate.read(str(source))
    about = certificate.parse(text).get("about")
    if isinstance(about, dict) and "conclusion" in about:
        return theorem.from_certificate(text)
    return certificate.replay(text)


def _named(names: Names, values: list[Any]) -> list[Any]:
    """Name everything, variables first; return what is to be declared or defined, in order."""
    found = list(dict.fromkeys(symbols(values)))
    for x in found:
        if is_var(x):
            names.variable(x)
    rest = [x for x in found if not is_var(x)]
    for x in rest:
        if isinstance(x, Def):
            for j in range(len(x.parts)):
                names.part(x, j)
        elif x != ALGEBRA:
            names(x, x[1])
    return sorted(rest, key=lambda x: x != ALGEBRA)


def _declared(x: Any, names: Names) -> str:
    if x == ALGEBRA:
        return f"Variable {ALGEBRA} : normed_algebra."
    tag, name, sorts = x
    sorts = sorts if tag == "fun" else "i" * sorts
    arrows = "".join("R -> " if s == "v" else "Z -> " for s in sorts)
    return f"Variable {names(x, name)} : {arrows}{'R' if tag == 'fun' else f'carrier {ALGEBRA}'}."


__all__ = ["CertificateError", "export"]
