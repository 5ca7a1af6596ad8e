"""The table of the published theorems, with what coqc said of each the last time it was asked."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from bptt_sym.prove.library import certificate_path, info
from bptt_sym.prove.rocq.coqc import default_cache

NARROWEST = 100


def _record() -> Path:
    return default_cache() / "accepted.json"


def _digest(name: str) -> str:
    return hashlib.sha256(certificate_path(name).read_bytes()).hexdigest()


def _known() -> dict[str, bool]:
    with contextlib.suppress(OSError, ValueError):
        data = json.loads(_record().read_text(encoding="utf-8"))
        if isinstance(data, dict):
            return {str(k): v is True for k, v in data.items()}
    return {}


def remember(results: dict[str, bool]) -> None:
    """Keep whether coqc accepts the certificates of these theorems, as they are now."""
    known = _known() | {_digest(name): ok for name, ok in results.items()}
    with contextlib.suppress(OSError):  # without a cache the table says "not asked"
        _record().parent.mkdir(parents=True, exist_ok=True)
        _record().write_text(json.dumps(known), encoding="utf-8")


def table(names: Sequence[str]) -> str:
    """Name, title and statement, source, best constant, what is on trust, and coqc's answer."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    known = _known()
    out = Table(box=box.SIMPLE, show_lines=True, expand=True)
    out.add_column("name", no_wrap=True)
    for head, ratio in (("theorem", 5), ("source", 2), ("best constant", 2), ("on trust", 2)):
        out.add_column(head, ratio=ratio)
    out.add_column("Rocq", no_wrap=True)
    for name in names:
        entry = info(name)
        row = (name, f"{entry.title}\n{entry.statement_text}", entry.source,
               entry.best_constant or "–", ", ".join(entry.trusted_facts) or "nothing",
               {True: "✓", False: "✗"}.get(known.get(_digest(name)), "–"))  # type: ignore[arg-type]
        out.add_row(*map(Text, row))
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    page = io.StringIO()
    Console(file=page, width=width, color_system=None).print(out)
    lines = [line.rstrip() for line in page.getvalue().split("\n")]
    note = "Rocq: ✓ accepted, ✗ rejected, – not asked since the proof changed (prove --coqc)"
    return "\n".join([*lines, note])
