r"""The spellings of a document, brought to the one that is read.

The order of the passes matters, and says itself by the stages, a table each: what a later pass
matches on, an earlier one has written in one way.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Document
from bptt_sym.spelling.one_pass import Pass, Spelling
from bptt_sym.spelling.stages.derivatives import DERIVATIVES
from bptt_sym.spelling.stages.gates import GATES
from bptt_sym.spelling.stages.marks import MARKS
from bptt_sym.spelling.stages.names import NAMES
from bptt_sym.spelling.stages.products import PRODUCTS
from bptt_sym.spelling.stages.typesetting import TYPESETTING

PASSES: tuple[Pass, ...] = (*TYPESETTING, *NAMES, *PRODUCTS, *GATES, *DERIVATIVES, *MARKS)


def spelt(document: Document, passes: Sequence[Pass] = PASSES) -> Spelling:
    """Every formula of ``document`` in the order of the text, as ``passes`` leave it.

    Each formula keeps, as its ``origin``, what the text has. A pass that breaks off leaves them as
    they were, with a warning: its formulas are then read, or not, as they stand.
    """
    formulas = sorted((*document.formulas, *document.plain), key=lambda f: f.order)
    spelling = Spelling(document, [replace(f, origin=f) for f in formulas])
    for step in passes:
        before = replace(spelling)
        try:
            step.run(spelling)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            warnings.warn(
                f"an internal error in {step.name} ({error!r}): that notation stays as it is",
                RuntimeWarning, stacklevel=2,
            )  # fmt: skip
            spelling = before
    return spelling
