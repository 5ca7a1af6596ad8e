"""Theorems for Rocq (Coq): a ``.v`` file from a certificate, compiled and audited by ``coqc``."""

from bptt_sym.prove.rocq.coqc import (
    CompileResult,
    allowed_axioms,
    compile_all,
    compile_text,
    missing,
)
from bptt_sym.prove.rocq.theory import export

__all__ = ["CompileResult", "allowed_axioms", "compile_all", "compile_text", "export", "missing"]
