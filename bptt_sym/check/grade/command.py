"""What ``bptt-sym grade`` does, apart from printing."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bptt_sym.check.exercises.feedback import number
from bptt_sym.check.grade.gradebook import Gradebook, Run, grade
from bptt_sym.check.grade.rubric import read_rubric
from bptt_sym.check.grade.submissions import read_submissions
from bptt_sym.check.grade.writers import write
from bptt_sym.printable import terminal_safe


def run(
    args: argparse.Namespace, advance: Callable[[], None]
) -> tuple[Gradebook, Sequence[Path]]:
    """Grade and write as the options say.

    Raises
    ------
    InputError
        The rubric cannot be read, a path does not exist, or the output cannot be written.
    """
    rubric = read_rubric(args.rubric).with_options(
        language=args.lang, level=args.level, seconds=args.seconds, megabytes=args.megabytes
    )
    out = Path(args.out)
    journal = Path(args.journal) if args.journal else out.with_name(out.name + ".journal.jsonl")
    journal.parent.mkdir(parents=True, exist_ok=True)
    book = grade(
        rubric,
        read_submissions(args.submissions, rubric, one=args.one),
        journal,
        Run(jobs=max(1, args.jobs or os.cpu_count() or 1), fresh=args.fresh),
        progress=lambda record: advance(),
    )
    return book, write(book, args.writer, out)


def said(book: Gradebook, files: Sequence[Path]) -> Iterator[str]:
    """What came out, in a few lines."""
    count = len(book.records)
    reused = f", {book.reused} of them before" if book.reused else ""
    mean = sum(r["score"] for r in book.records) / count if count else 0.0
    yield (
        f"{count} graded{reused}; mean {number(mean)} of {number(book.rubric.points)} points"
        if count
        else "no submissions"
    )
    if book.reviews:
        shown = ", ".join(terminal_safe(r["id"]) for r in book.reviews[:10])
        more = len(book.reviews) - 10
        rest = f" and {more} more" if more > 0 else ""
        yield f"{len(book.reviews)} need review: {shown}{rest}"
    if files:
        yield f"written: {files[0]}" + (f" and {len(files) - 1} more" if len(files) > 1 else "")
