"""A theorem as it is published: statement, source, proof in numbered steps, and its derivation.

A ``Theorem`` is refused unless its displayed hypotheses and conclusion have exactly the normal
forms of the kernel's ``hyps |- concl``, and each displayed step that of a theorem of the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bptt_sym.prove import certificate, notation
from bptt_sym.prove.certificate import CertificateError
from bptt_sym.prove.kernel import KernelError, Thm
from bptt_sym.prove.language import Claim, claim_of


@dataclass(frozen=True)
class Line:
    """One step of the proof as it is read: a theorem of the kernel, its reason, its display."""

    thm: Thm
    reason: str
    shown: Claim


@dataclass(frozen=True)
class Theorem:
    """A named theorem. ``thm`` is what the kernel proved; the rest says it in words.

    Raises ``ValueError`` if the display and the kernel's theorem are not the same statement.
    """

    name: str
    title: str
    source: str
    hypotheses: tuple[Claim, ...]
    conclusion: Claim
    thm: Thm
    lines: tuple[Line, ...] = ()
    best_constant: str | None = None
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shown, proved = {h.formula for h in self.hypotheses}, set(self.thm.hyps)
        if shown != proved:
            odd = [notation.text(claim_of(f)) for f in shown ^ proved]
            raise ValueError(f"{self.name}: hypotheses differ from the theorem's: {odd}")
        if self.conclusion.formula != self.thm.concl:
            raise ValueError(
                f"{self.name}: the statement is {notation.text(self.conclusion)}, "
                f"the theorem {notation.text(claim_of(self.thm.concl))}"
            )
        for line in self.lines:
            if line.shown.formula != line.thm.concl:
                raise ValueError(f"{self.name}: a step shows something else than it proves")

    @property
    def trusted_facts(self) -> tuple[str, ...]:
        """The kernel's facts and analytic rules that the derivation uses, by name."""
        return tuple(certificate.trusted(self.thm))

    def certificate(self) -> str:
        """The derivation with its display, as the text of a certificate file."""
        order = {id(t): k for k, t in enumerate(certificate.steps(self.thm))}
        table: list[Any] = []
        rows = [
            {"step": order[id(x.thm)], "reason": x.reason,
             "shown": notation.to_json(x.shown, table)}
            for x in self.lines
        ]
        about = {
            "name": self.name, "title": self.title, "source": self.source,
            "best_constant": self.best_constant, "remarks": list(self.remarks),
            "hypotheses": [notation.to_json(h, table) for h in self.hypotheses],
            "conclusion": notation.to_json(self.conclusion, table), "lines": rows,
            "definitions": table,
        }
        return certificate.export(self.thm, about)


class Outline:
    """Collects the steps to display while a proof is made."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def line(self, thm: Thm, reason: str, shown: Claim | None = None) -> Thm:
        """Display the theorem as the next step; its own conclusion unless a claim is given."""
        self.lines.append(Line(thm, reason, shown or claim_of(thm.concl)))
        return thm

    def theorem(
        self, name: str, title: str, source: str, hypotheses: Sequence[Claim], conclusion: Claim,
        thm: Thm, best_constant: str | None = None, remarks: Sequence[str] = (),
    ) -> Theorem:
        """The theorem with the steps so far that its derivation contains."""
        inside = {id(t) for t in certificate.steps(thm)}
        lines = tuple(x for x in self.lines if id(x.thm) in inside)
        return Theorem(name, title, source, tuple(hypotheses), conclusion, thm, lines,
                       best_constant, tuple(remarks))


def from_certificate(source: str) -> Theorem:
    """The published theorem of a certificate (text or path), every step made again by the kernel.

    Raises ``CertificateError`` if the file is damaged or displays another statement than it proves,
    ``KernelError`` if a step fails.
    """
    data = certificate.parse(certificate.read(source))
    thms, about = certificate.replay_all(data), data.get("about")
    if not isinstance(about, dict):
        raise CertificateError("the certificate does not say what it is about")
    try:
        table: list[Any] = list(notation.definitions_from_json(about.get("definitions", [])))
        lines = tuple(
            Line(thms[row["step"]], str(row["reason"]), notation.from_json(row["shown"], table))
            for row in about.get("lines", [])
        )
        return Theorem(
            str(about["name"]), str(about["title"]), str(about["source"]),
            tuple(notation.from_json(h, table) for h in about["hypotheses"]),
            notation.from_json(about["conclusion"], table), thms[-1], lines, _optional(about),
            tuple(map(str, about.get("remarks", []))),
        )
    except (KernelError, LookupError, TypeError, ValueError, AttributeError) as e:
        raise CertificateError(f"the displayed statement does not fit the proof: {e}") from None


def _optional(about: dict[str, Any]) -> str | None:
    best = about.get("best_constant")
    return None if best is None else str(best)
