"""Replaying one certificate file, as a process of its own is asked to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bptt_sym.prove.certificate import CertificateError, parse, read, replay, trusted
from bptt_sym.prove.kernel import KernelError
from bptt_sym.prove.theorem import from_certificate


@dataclass(frozen=True)
class Replay:
    """What came of a file: why it is refused, or what its theorem takes on trust."""

    failure: str = ""
    trusted: tuple[str, ...] = ()
    readable: bool = True


def replay_file(path: str) -> Replay:
    """Every step by its rule; a file that says what it proves must prove that, too."""
    try:
        text = read(str(Path(path)))
        titled = parse(text).get("about")
    except (CertificateError, OSError) as error:
        return Replay(str(error) or type(error).__name__, readable=False)
    try:
        made = from_certificate(text).thm if titled else replay(text)
    except (CertificateError, KernelError) as error:
        return Replay(str(error))
    return Replay(trusted=tuple(trusted(made)))
