"""The command line. The only file that prints: results on standard output, messages on the other.

Nothing heavy is imported at module scope, so that ``--help`` is instant; each
command imports what it needs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from bptt_sym.arguments import build_parser

if TYPE_CHECKING:
    from bptt_sym.check.judged import Judged
    from bptt_sym.check.report import Line
    from bptt_sym.check.setting import Setting

OK, WRONG, UNREADABLE, UNDECIDED = 0, 1, 2, 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    parser = build_parser()
    try:
        args = parser.parse_args(argv)
        if args.version:
            return _print_version()
        if args.command is None:
            parser.error("a command is wanted")
    except SystemExit as stop:  # argparse has printed its message
        return stop.code if isinstance(stop.code, int) else UNREADABLE
    from bptt_sym.errors import BpttError

    if not _has_signs(sys.stdout):  # what it does not have is written as \u2202, and nothing ends
        with contextlib.suppress(AttributeError):
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        status = _COMMANDS[args.command](args)
        if sys.stdout is not None:  # closed by the caller, who wants the status alone
            sys.stdout.flush()
    except BpttError as error:
        if args.debug:
            raise
        fault = getattr(error, "fault", None)
        if fault is None:
            _complain_about(error, "bptt-sym")
        else:
            from bptt_sym.check.report import fault_lines

            _show(fault_lines(fault), sys.stderr)
        return UNREADABLE
    except BrokenPipeError:
        # The reader of a pipe went away; Python would complain again on closing standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + 13  # what a shell has for SIGPIPE: not all was shown, and 0 is "all right"
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if args.debug:
            raise
        _complain_about_itself(error)
        return UNDECIDED
    return status


# ---------------------------------------------------------------------------------- the commands


def run_derive(args: argparse.Namespace) -> int:
    """``bptt-sym derive``."""
    if args.list:
        from bptt_sym.cells import names

        print("\n".join(names()))
        return OK
    if args.across is not None:
        from bptt_sym.across.file import printed

        text = printed(args)
    else:
        from bptt_sym.check.setting import derived
        from bptt_sym.render.derivation import derivation as render

        model = _setting(args, cell=args.cell).model
        text = render(derived(model, args.of, args.T, args.form), args.format)
    with _output(args.out) as stream:
        print(text, file=stream)
    return OK


def run_check(args: argparse.Namespace) -> int:
    """``bptt-sym check``."""
    from bptt_sym.check.claims import check
    from bptt_sym.documents.document import formula_from_text, text_of

    if args.batch is not None:
        return _run_batch(args)
    if args.exercise is not None:
        return _run_exercise(args)
    setting = _setting(args, cell=args.cell)
    if not args.claim:
        return _usage("nothing to check: give a claim, - or --batch FILE")
    formulas = []
    for number, claim in enumerate(args.claim, 1):
        name = "<claim>" if len(args.claim) == 1 else f"<claim {number}>"
        if claim == "-":
            name, claim = "<stdin>", text_of(_stdin())
        formulas.append(formula_from_text(claim, name))
    return _present(check(formulas, setting), "json" if args.json else "text")


def _run_exercise(args: argparse.Namespace) -> int:
    """``bptt-sym check --exercise``: marks answers and solutions."""
    from bptt_sym.check.exercises.present import lines, listing, presented, status, submitted

    if args.exercise == "list":
        print(listing(args.lang))
        return OK
    if args.cell or args.define or args.reference or args.assume:
        return _usage("an exercise has its own recurrence: leave out --cell, --define and so on")
    exercise, marks = submitted(args.exercise, args.claim, args.file, _stdin)
    if not marks:
        print(exercise.statement.in_(args.lang).strip())
        return OK
    if args.html is not None:
        with _output(args.html) as stream:
            print(presented(marks, args.level, args.lang, "html"), file=stream)
    if args.json:
        print(presented(marks, args.level, args.lang, "json"))
    else:
        _show(lines(marks, args.level, args.lang), sys.stdout)
    return status(marks)


def _run_batch(args: argparse.Namespace) -> int:
    from bptt_sym.check.batch import judge_lines

    with _binary_input(args.batch) as lines:
        total = None
        if lines.seekable() and args.batch != "-":
            total = sum(1 for _ in lines)
            lines.seek(0)
        seen: set[str] = set()
        defaults = {"cell": args.cell, "define": args.define, "assume": args.assume,
                    "shape": args.shape, "scalar": args.scalar}  # fmt: skip
        with _progress(total) as advance:
            for text, verdict in judge_lines(lines, defaults, jobs=args.jobs):
                print(text)
                seen.add(verdict)
                advance()
    if "unreadable" in seen:
        return UNREADABLE
    return WRONG if "wrong" in seen else UNDECIDED if "undecided" in seen else OK


def run_audit(args: argparse.Namespace) -> int:
    """``bptt-sym audit``."""
    from bptt_sym.check.audits import audited
    from bptt_sym.documents.document import Document, document_from_text, read_document, text_of
    from bptt_sym.errors import InputError

    documents: list[Document] = []
    failed = False
    for file in args.file:
        try:
            if file == "-":
                document = document_from_text(text_of(_stdin()), "<stdin>")
            else:
                document = read_document(file)
        except InputError as error:
            _complain_about(error, file)
            failed = True
            continue
        documents.append(document)
    judged = [j for found in audited(documents, args.jobs) for j in found]
    return _present(judged, args.format, out=args.out, failed=failed, language=args.lang)


def run_grade(args: argparse.Namespace) -> int:
    """``bptt-sym grade``."""
    from bptt_sym.check.grade.command import run, said

    with _progress(None) as advance:
        book, files = run(args, advance)
    for line in said(book, files):
        print(line)
    return UNDECIDED if book.reviews else OK


def run_prove(args: argparse.Namespace) -> int:
    """``bptt-sym prove``."""
    from pathlib import Path

    from bptt_sym import prove
    from bptt_sym.errors import InputError
    from bptt_sym.prove.command import checked_by_coqc, replayed

    infos = {info.name: info for info in prove.catalogue()}
    unknown = [n for n in args.name if n not in infos and not n.endswith(".json")]
    if unknown:
        raise InputError(
            f"no theorem {unknown[0]!r}",
            hint="there are " + ", ".join(infos) + "; a file ends in .json",
        )
    names = args.name or list(infos)
    if args.list:
        from bptt_sym.prove.listing import table

        print(table(names))
        return OK
    if args.coqc:
        return _show_checks(checked_by_coqc(names))
    if args.format == "rocq":
        from bptt_sym.prove.rocq import export

        for name in names:
            print(export(infos[name].certificate if name in infos else Path(name)))
        return OK
    if args.replay or any(n.endswith(".json") for n in names):
        certificates = {n: infos[n].certificate if n in infos else n for n in names}
        return _show_checks(replayed(certificates))
    for i, name in enumerate(names):
        print("\n" * bool(i) + prove.render(prove.load(name), args.format).rstrip())
    return OK


def _show_checks(checks: Iterable[tuple[int, str, str]]) -> int:
    """Say how each of several checks went; the worst status."""
    from bptt_sym.printable import shown_line

    status = OK
    for found, said, log in checks:
        print(shown_line(said))
        if log:
            _say(log)
        status = max(status, found)
    return status


def run_test(args: argparse.Namespace) -> int:
    """``bptt-sym test``."""
    from bptt_sym.testing.command import tested

    own = args.define or args.option or args.bind or args.cell is None
    cell: Any = _setting(args, cell=args.cell).model if own else args.cell
    with _nothing_printed():
        report: Any = tested(args, cell)
    _print_report(report, as_json=args.json)
    return UNREADABLE if getattr(report, "unjudged", False) else OK if report.ok else WRONG


@contextlib.contextmanager
def _nothing_printed() -> Iterator[None]:
    """Within it, what goes to standard output goes to standard error: it is no part of a report.

    That of Python code, of C code and of programs that are started, which know the file alone.
    """
    import ctypes

    kept = None
    with contextlib.suppress(OSError, AttributeError):  # one of the two may be closed
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            with contextlib.suppress(OSError, TypeError):  # Windows names its C library
                ctypes.CDLL(None).fflush(None)  # what ``printf`` has not written yet
            os.dup2(kept, 1)
            os.close(kept)


def run_code(args: argparse.Namespace) -> int:
    """``bptt-sym code``."""
    from bptt_sym.check.commands import code

    text = code(args, _setting(args, cell=args.cell))
    with _output(args.out) as stream:
        print(text.rstrip(), file=stream)
    return OK


def run_flow(args: argparse.Namespace) -> int:
    """``bptt-sym flow``."""
    from bptt_sym.check.commands import followed

    report = followed(args, _setting(args, cell=args.cell))
    if args.out:
        report.save(args.out)
    if args.json or not args.out:
        _print_report(report, as_json=args.json)
    return OK


def _print_report(report: Any, *, as_json: bool) -> None:
    from bptt_sym.printable import json_text

    text = json_text(report.json(), indent=1) if as_json else report.text()
    print(text if _has_signs(sys.stdout) else text.translate(_PLAIN))


#: What charts and reports are made of, for terminals that have ASCII alone.
_PLAIN = str.maketrans({"█": "#", "‖": "||", "·": "*", "−": "-", "≥": ">=", "≤": "<=", "…": "..."})


def _has_signs(stream: TextIO | None) -> bool:
    """Whether a stream's encoding has the signs of charts."""
    try:
        "█‖".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "derive": run_derive,
    "check": run_check,
    "audit": run_audit,
    "grade": run_grade,
    "prove": run_prove,
    "test": run_test,
    "code": run_code,
    "flow": run_flow,
}


def _print_version() -> int:
    from importlib.metadata import PackageNotFoundError, version

    try:
        print("bptt-sym", version("bptt-sym"))
    except PackageNotFoundError:
        print("bptt-sym, not installed")
    return OK


def _setting(args: argparse.Namespace, cell: str | None) -> Setting:
    from bptt_sym.check.setting import Setting

    return Setting(
        cell=cell or "",
        define=tuple(args.define),
        shape=tuple(args.shape),
        scalar=args.scalar,
        options=tuple(args.option),
        assume=tuple(getattr(args, "assume", ())),
        reference=getattr(args, "reference", None) or "",
    )


# ------------------------------------------------------------------------------------- printing


def _present(
    judged: list[Judged], format: str, *, out: str | None = None, failed: bool = False,
    language: str = "en",
) -> int:  # fmt: skip
    """Print a report; faults also go to standard error, one message each."""
    from bptt_sym.check.judged import exit_status
    from bptt_sym.check.report import fault_lines, report
    from bptt_sym.check.reports import written

    with _output(out) as stream:
        if format == "text":
            _show(report(judged), stream)
        elif text := written(judged, format, language=language):
            print(text, file=stream)
    if format != "text" or out is not None:
        for j in judged:
            if j.fault is not None:
                _show(fault_lines(j.fault), sys.stderr)
    return exit_status(judged, faults=failed)


def _show(lines: Iterable[Line], stream: TextIO) -> None:
    """Lines in colour on a terminal, plain elsewhere; control characters are made visible."""
    from bptt_sym.check.report import plain
    from bptt_sym.printable import shown_line

    colour = stream.isatty() and "NO_COLOR" not in os.environ
    if not colour:
        for line in lines:
            print(shown_line(plain(line)), file=stream)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((shown_line(text), style) for style, text in line)))


def _complain_about(error: Exception, place: str) -> None:
    """``place: message`` and a hint, on standard error."""
    from bptt_sym.errors import InputError

    hint = error.hint if isinstance(error, InputError) else ""
    _say(f"{place}: {error}")
    if hint:
        _say(f"  hint: {hint}")


def _complain_about_itself(error: Exception) -> None:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    _say(f"bptt-sym: internal error, not a fault of the input ({what[:300]})")
    _say("  hint: --debug shows the traceback; please report it")


def _usage(message: str) -> int:
    _say(f"bptt-sym: {message}")
    return UNREADABLE


def _say(message: str) -> None:
    """A message on standard error, in lines that a terminal can show."""
    from bptt_sym.printable import shown_line

    for line in message.split("\n"):
        print(shown_line(line), file=sys.stderr)


@contextlib.contextmanager
def _output(path: str | None) -> Iterator[TextIO]:
    """Standard output, or the file at ``path``."""
    from bptt_sym.errors import InputError

    if path is None:
        yield sys.stdout
        return
    try:
        stream = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    with stream:
        yield stream


@contextlib.contextmanager
def _binary_input(path: str) -> Iterator[Any]:
    from bptt_sym.errors import InputError
    from bptt_sym.files import opened

    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = opened(path)
    except InputError as error:
        raise InputError(f"{path}: {error.message}", hint=error.hint) from None
    with stream:
        yield stream


def _stdin() -> bytes:
    """Standard input, up to one byte more than is read of a document."""
    from bptt_sym.documents.document import MAX_BYTES

    return sys.stdin.buffer.read(MAX_BYTES + 1)


@contextlib.contextmanager
def _progress(total: int | None) -> Iterator[Any]:
    """A function to call after each claim; draws a bar if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        redirect_stdout=False,  # results stay on standard output
        redirect_stderr=False,
    ) as progress:
        task = progress.add_task("claims", total=total)
        yield lambda: progress.advance(task)


if __name__ == "__main__":
    sys.exit(main())
