"""Printing: LaTeX, Unicode text, MathML, JSON, and whole derivations."""
