"""The audit of the example notes, made once in each process that tests it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import read_document

NOTES = Path(__file__).parents[2] / "examples" / "notes.md"


@cache
def notes() -> tuple[Judged, ...]:
    """Every formula of ``examples/notes.md``, judged."""
    return tuple(audit(read_document(NOTES)))
