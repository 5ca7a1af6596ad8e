"""Reading: text to claims about a recurrence. Nothing read is ever evaluated as code."""

from bptt_sym.read.bind import read_claim, read_claims, read_expression
from bptt_sym.read.definitions import read_equations, recurrence_from_latex
from bptt_sym.read.vocabulary import Vocabulary

__all__ = [
    "Vocabulary",
    "read_claim",
    "read_claims",
    "read_equations",
    "read_expression",
    "recurrence_from_latex",
]
