"""Theorems from a small kernel: the catalogue, proofs that read, certificates that replay.

    >>> from bptt_sym import prove
    >>> prove.load("ex1").trusted_facts
    ('abs_neg', 'abs_pos', 'exp_add', 'exp_ge', 'tanh_exp')

``catalogue()`` lists the published theorems, ``load(name)`` replays one from its certificate,
``prove(name)`` finds its proof anew, ``replay(path)`` checks a certificate by the kernel alone,
``from_certificate(path)`` does so and checks that it displays what it proves, and
``render(theorem, format)`` prints statement and proof as text, latex, markdown or json.
``decide(claim, hypotheses)`` proves or refutes your own inequality, written with the terms of
``bptt_sym.prove.language``; ``bound(recurrence, latex)`` your own bound or limit on your own cell.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bptt_sym.prove.bounds import Decision, decide
    from bptt_sym.prove.cells import bound
    from bptt_sym.prove.certificate import CertificateError, replay, steps, trusted
    from bptt_sym.prove.kernel import KernelError, Thm
    from bptt_sym.prove.library import (
        TheoremInfo,
        UnknownTheorem,
        catalogue,
        library_path,
        load,
        prove,
        write_certificate,
    )
    from bptt_sym.prove.printing import render
    from bptt_sym.prove.theorem import Theorem, from_certificate

# Loaded on first use, so that replaying a certificate imports the kernel and nothing else.
_HOME = {
    "Decision": "bounds", "decide": "bounds", "bound": "cells",
    "CertificateError": "certificate", "replay": "certificate", "steps": "certificate",
    "trusted": "certificate",
    "KernelError": "kernel", "Thm": "kernel",
    "TheoremInfo": "library", "UnknownTheorem": "library", "catalogue": "library",
    "library_path": "library", "load": "library", "prove": "library",
    "write_certificate": "library",
    "render": "printing",
    "Theorem": "theorem", "from_certificate": "theorem",
}

__all__ = [
    "CertificateError", "Decision", "KernelError", "Theorem", "TheoremInfo", "Thm",
    "UnknownTheorem", "bound", "catalogue", "decide", "from_certificate", "library_path", "load",
    "prove", "render", "replay", "steps", "trusted", "write_certificate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
