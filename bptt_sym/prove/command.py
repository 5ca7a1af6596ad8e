"""What ``bptt-sym prove`` does with theorems that are checked, apart from printing.

A check is an exit status, a line that says how it went, and what there is to read if it failed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

ACCEPTED, REJECTED, UNREADABLE = 0, 1, 2
Check: TypeAlias = tuple[int, str, str]


def checked_by_coqc(names: list[str]) -> Iterator[Check]:
    """Have coqc check the export of each theorem, and say what axioms it rests on.

    Raises
    ------
    NotSupported
        There is no coqc.
    """
    from bptt_sym.errors import NotSupported
    from bptt_sym.prove.listing import remember
    from bptt_sym.prove.rocq import compile_all, missing

    absent = missing()
    if absent is not None:
        raise NotSupported(absent)
    results = compile_all(names, jobs=os.cpu_count() or 1)
    remember({r.name: r.ok for r in results if not r.name.endswith(".json")})
    for result in results:
        if result.ok:
            axioms = ", ".join(result.assumptions) or "none"
            said = f"{result.name:<16} accepted by coqc in {result.seconds:.1f} s, axioms: {axioms}"
            yield ACCEPTED, said, ""
        else:
            yield REJECTED, f"{result.name:<16} REJECTED by coqc", result.log[-2000:]


def replayed(certificates: Mapping[str, str | Path]) -> Iterator[Check]:
    """Have a process that has seen nothing else check each certificate with the kernel alone."""
    from multiprocessing import get_context

    from bptt_sym.prove.replaying import replay_file

    with get_context("spawn").Pool(1) as pool:
        for name, path in certificates.items():
            found = pool.apply(replay_file, (str(path),))
            if found.failure:
                status = REJECTED if found.readable else UNREADABLE
                yield status, f"{name:<16} REJECTED  {found.failure}", ""
            else:
                used = ", ".join(found.trusted) or "nothing"
                yield ACCEPTED, f"{name:<16} accepted, taking on trust: {used}", ""


__all__ = ["checked_by_coqc", "replayed"]
