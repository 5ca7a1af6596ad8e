"""Verdicts of a text that is audited as a document."""

from __future__ import annotations

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.decide.verdict import Verdict
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")


def judged(text: str, name: str = "n.md") -> list[Judged]:
    """Everything that is judged in ``text``, in its order."""
    return audit(document_from_text(text, name, tex=name.endswith(".tex")))


def verdicts(text: str, name: str = "n.md") -> list[str]:
    """The verdicts; what is right under a reading counts as right."""
    found = [j.verdict.verdict for j in judged(text, name)]
    return ["right" if v in ACCEPTED else v for v in found]


def of_claims(text: str, name: str = "n.md") -> list[str]:
    """The verdicts of what claims something."""
    return [v for v in verdicts(text, name) if v != "not_a_claim"]


def last(text: str) -> str:
    """The verdict of the last formula."""
    return verdicts(text)[-1]


def verdict_of_last(text: str) -> Verdict:
    """All that is said of the last formula."""
    return judged(text)[-1].verdict


def shown(*formulas: str) -> str:
    """``formulas`` as a text of displays."""
    return "".join(f"$${f}$$\n\n" for f in formulas)
