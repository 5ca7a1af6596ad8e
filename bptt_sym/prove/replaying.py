"""Replaying one certificate file, as a process of its own is asked to."""

from __future__ import annotations

from pathlib import Path

from bptt_sym.prove.certificate import CertificateError, replay, trusted
from bptt_sym.prove.kernel import KernelError


def replay_file(path: str) -> tuple[str, list[str]]:
    """``(why it fails, facts taken on trust)`` of one certificate file."""
    try:
        return "", trusted(replay(Path(path)))
    except (CertificateError, KernelError, OSError) as error:
        return str(error) or type(error).__name__, []
