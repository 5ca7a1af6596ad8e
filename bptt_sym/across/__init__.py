"""Derivations across joined recurrences, and the check of the whole."""

from bptt_sym.across.derivation import Across, Handover, derive_across
from bptt_sym.across.file import joined_from_file

__all__ = ["Across", "Handover", "derive_across", "joined_from_file"]
