"""Printing: LaTeX, Unicode text, MathML, JSON, and whole derivations."""

from __future__ import annotations

# Imported at once: a submodule imported later would take the place of the function of its name.
from bptt_sym.render.derivation import derivation
from bptt_sym.render.echo import echo
from bptt_sym.render.json import node_from_json, node_to_json
from bptt_sym.render.latex import latex
from bptt_sym.render.mathml import mathml
from bptt_sym.render.text import text

__all__ = ["derivation", "echo", "latex", "mathml", "node_from_json", "node_to_json", "text"]
