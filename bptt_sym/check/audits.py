"""Several documents audited side by side, in processes of their own where that pays."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import Document

#: Formulas in all from which starting processes pays.
WORTH = 150


def audited(documents: Sequence[Document], jobs: int | None = None) -> Iterator[list[Judged]]:
    """The verdicts of each document, in order.

    ``jobs`` is the number of processes, by default that of the cores; one document, or few
    formulas, are judged in this process.
    """
    jobs = min(len(documents), jobs or os.cpu_count() or 1)
    if jobs < 2 or sum(len(d.formulas) for d in documents) < WORTH:
        yield from map(audit, documents)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(audit, documents)
