"""Derivations across joined recurrences, and the check of the whole."""

from bptt_sym.across.derivation import Across, Handover, derive_across

__all__ = ["Across", "Handover", "derive_across"]
