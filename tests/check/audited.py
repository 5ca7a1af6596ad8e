"""Verdicts of a text that is audited as a document."""

from __future__ import annotations

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")


def judged(text: str) -> list[Judged]:
    """Everything that is judged in ``text``, in its order."""
    return audit(document_from_text(text, "n.md"))


def verdicts(text: str) -> list[str]:
    """The verdicts; what is right under a reading counts as right."""
    return ["right" if j.verdict.verdict in ACCEPTED else j.verdict.verdict for j in judged(text)]


def last(text: str) -> str:
    """The verdict of the last formula."""
    return verdicts(text)[-1]
