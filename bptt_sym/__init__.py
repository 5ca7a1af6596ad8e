"""Symbolic back-propagation through time: derivations, proofs, verdicts, gradient code."""
