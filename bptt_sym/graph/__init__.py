"""Recurrences as tables of single assignments, and their derivatives as more rows.

:class:`Graph` is the table; :func:`roll` makes the table of one generic step with its derivatives,
whatever the horizon; :func:`unroll` stamps it out for a number T.
"""

from bptt_sym.graph.assignments import Assignment, assignments, rolled, text, to_sympy
from bptt_sym.graph.cell import Cell
from bptt_sym.graph.graph import Graph, Handle
from bptt_sym.graph.interpret import Program
from bptt_sym.graph.operations import Label
from bptt_sym.graph.sweep import Sweep
from bptt_sym.graph.unroll import Unrolled, roll, unroll

__all__ = [
    "Assignment",
    "Cell",
    "Graph",
    "Handle",
    "Label",
    "Program",
    "Sweep",
    "Unrolled",
    "assignments",
    "roll",
    "rolled",
    "text",
    "to_sympy",
    "unroll",
]
