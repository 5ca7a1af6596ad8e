"""The command line. The only file that prints: results on standard output, messages on the other.

Nothing but the standard library is imported at module scope, so that ``--help`` is instant; each
command imports what it needs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from bptt_sym.check.judged import Judged
    from bptt_sym.check.report import Line
    from bptt_sym.check.setting import Setting

OK, WRONG, UNREADABLE, UNDECIDED = 0, 1, 2, 3

_EPILOG = """\
exit status: 0 all right, 1 something is wrong, 2 usage or input that cannot be read,
3 something is undecided and nothing is wrong."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    try:
        args = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse has printed its message
        return stop.code if isinstance(stop.code, int) else UNREADABLE
    from bptt_sym.errors import BpttError

    try:
        status = args.run(args)
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
        return OK
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if args.debug:
            raise
        _complain_about_itself(error)
        return UNDECIDED
    assert isinstance(status, int)
    return status


# ------------------------------------------------------------------------------------ the parser


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    parser = argparse.ArgumentParser(
        prog="bptt-sym",
        description="Derive, check and prove back-propagation through time.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_derive(commands)
    _add_check(commands)
    _add_audit(commands)
    _add_prove(commands)
    return parser


def _command(commands: Any, name: str, run: Any, help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of any failure")
    parser.set_defaults(run=run)
    return parser


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--define", metavar="EQ", action="append", default=[],
        help=r"an equation of your own cell, such as 'h_t = \tanh(w h_{t-1} + u_t)'; repeat",
    )  # fmt: skip
    parser.add_argument(
        "--shape", metavar="NAME=SHAPE", action="append", default=[],
        help="the shape of a name in --define: 'W=n×m', 'h=n', 'w=scalar'; repeat",
    )  # fmt: skip
    parser.add_argument(
        "--scalar", action="store_true", help="read every quantity in --define as a number"
    )
    parser.add_argument(
        "--option", metavar="NAME=VALUE", action="append", default=[],
        help="an option of the shipped cell, such as concat=true or bias=none; repeat",
    )  # fmt: skip


def _add_derive(commands: Any) -> None:
    parser = _command(commands, "derive", run_derive, "print a gradient with its derivation")
    parser.add_argument("cell", metavar="CELL", nargs="?", help="elman, lstm, … (see --list)")
    parser.add_argument("--list", action="store_true", help="list the shipped cells and stop")
    parser.add_argument("-T", default="T", metavar="N|T", help="the last step: a number, or T")
    parser.add_argument("--of", metavar="TARGET", help="such as dh[T]/dw, dc[t]/dc[t-1], dE/dW_f")
    parser.add_argument(
        "--form",
        help="telescoped, series, horner, adjoint, jacobian, immediate or agree",
    )
    parser.add_argument(
        "--format", default="text", choices=("text", "latex", "markdown", "html", "json")
    )
    parser.add_argument("-o", dest="out", metavar="FILE", help="write there, not to the terminal")
    _add_model(parser)


def _add_check(commands: Any) -> None:
    parser = _command(commands, "check", run_check, "judge claims about one recurrence")
    parser.add_argument(
        "claim", metavar="CLAIM", nargs="*",
        help="an equation, a chain a = b = c, a bound, an align block; - reads standard input",
    )  # fmt: skip
    parser.add_argument("--cell", metavar="CELL", help="a shipped cell")
    _add_model(parser)
    parser.add_argument(
        "--assume", metavar="EQ", action="append", default=[],
        help="a hypothesis, such as 'h_0 = 0'; repeat",
    )  # fmt: skip
    parser.add_argument(
        "--reference", metavar="LATEX", help="the claims are expressions that should equal this"
    )
    parser.add_argument("--json", action="store_true", help="print the report for machines")
    parser.add_argument(
        "--batch", metavar="FILE",
        help="JSON Lines with id, claim and optionally cell, define, assume, reference "
        "(- is standard input); one verdict a line in the same order, on all cores",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, metavar="N", help="processes for --batch")


def _add_audit(commands: Any) -> None:
    parser = _command(commands, "audit", run_audit, "judge every formula of a document")
    parser.add_argument(
        "file", metavar="FILE", nargs="+", help="Markdown or LaTeX; - is standard input"
    )
    parser.add_argument("--format", default="text", choices=("text", "json", "github"))
    parser.add_argument("--json", dest="format", action="store_const", const="json",
                        help="the same as --format json")  # fmt: skip
    parser.add_argument("-o", dest="out", metavar="OUT", help="write there, not to the terminal")


def _add_prove(commands: Any) -> None:
    parser = _command(commands, "prove", run_prove, "prove theorems with the small kernel")
    parser.add_argument("name", metavar="NAME", nargs="*", help="theorems; all if none is named")
    parser.add_argument("--list", action="store_true", help="list the theorems and stop")
    parser.add_argument("--replay", action="store_true", help="check the stored certificates")
    parser.add_argument("--format", default="text", choices=("text", "latex", "json", "rocq"))
    parser.add_argument("--coqc", action="store_true", help="have coqc check the export as well")


class _Version(argparse.Action):
    """``--version`` without importing the package metadata for every other command."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print("bptt-sym", version("bptt-sym"))
        except PackageNotFoundError:
            print("bptt-sym, not installed")
        parser.exit(0)


# ---------------------------------------------------------------------------------- the commands


def run_derive(args: argparse.Namespace) -> int:
    """``bptt-sym derive``."""
    from bptt_sym.check.setting import default_form, default_target, horizon

    if args.list:
        from bptt_sym.cells import names

        print("\n".join(names()))
        return OK
    from bptt_sym.forms import derive

    model = _setting(args, cell=args.cell).model
    T = horizon(args.T)
    form = args.form or default_form(args.of)
    target = args.of or default_target(model, form)
    derivation = derive(model, target, T, form)
    with _output(args.out) as stream:
        from bptt_sym.render.derivation import derivation as render

        print(render(derivation, args.format), file=stream)
    return OK


def run_check(args: argparse.Namespace) -> int:
    """``bptt-sym check``."""
    from bptt_sym.check.answer import check
    from bptt_sym.check.document import formula_from_text, text_of

    if args.batch is not None:
        return _run_batch(args)
    setting = _setting(args, cell=args.cell)
    if not args.claim:
        return _usage("nothing to check: give a claim, - or --batch FILE")
    formulas = []
    for number, claim in enumerate(args.claim, 1):
        name = "<claim>" if len(args.claim) == 1 else f"<claim {number}>"
        if claim == "-":
            name, claim = "<stdin>", text_of(sys.stdin.buffer.read())
        formulas.append(formula_from_text(claim, name))
    return _present(check(formulas, setting), "json" if args.json else "text")


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
    from bptt_sym.check.audit import audit
    from bptt_sym.check.document import document_from_text, read_document, text_of
    from bptt_sym.errors import InputError

    judged: list[Judged] = []
    failed = False
    for file in args.file:
        try:
            if file == "-":
                document = document_from_text(text_of(sys.stdin.buffer.read()), "<stdin>")
            else:
                document = read_document(file)
        except InputError as error:
            _complain_about(error, file)
            failed = True
            continue
        judged += audit(document)
    return _present(judged, args.format, out=args.out, failed=failed)


def run_prove(args: argparse.Namespace) -> int:
    """``bptt-sym prove``."""
    from bptt_sym import prove
    from bptt_sym.errors import InputError, NotSupported

    infos = {info.name: info for info in prove.catalogue()}
    unknown = [n for n in args.name if n not in infos and not n.endswith(".json")]
    if unknown:
        raise InputError(
            f"no theorem {unknown[0]!r}",
            hint="there are " + ", ".join(infos) + "; a file ends in .json",
        )
    names = args.name or list(infos)
    if args.list:
        for name in names:
            info = infos[name]
            print(f"{name:<12}{info.title}\n{'':<12}{info.statement_text}")
        return OK
    if args.format == "rocq" or args.coqc:
        raise NotSupported("the export to Rocq is not part of this version")
    if args.replay or any(n.endswith(".json") for n in names):
        return _replay({n: infos[n].certificate if n in infos else n for n in names})
    for i, name in enumerate(names):
        print("\n" * bool(i) + prove.render(prove.load(name), args.format).rstrip())
    return OK


def _replay(certificates: dict[str, Any]) -> int:
    """Have a process that has seen nothing else check each certificate with the kernel alone."""
    from multiprocessing import get_context

    status = OK
    with get_context("spawn").Pool(1) as pool:
        for name, path in certificates.items():
            failure, trusted = pool.apply(_replay_one, (str(path),))
            if failure:
                print(f"{name:<12}REJECTED  {failure}")
                status = WRONG
            else:
                print(f"{name:<12}accepted, taking on trust: {', '.join(trusted) or 'nothing'}")
    return status


def _replay_one(path: str) -> tuple[str, list[str]]:
    """``(why it fails, facts taken on trust)`` of one certificate file."""
    from pathlib import Path

    from bptt_sym.prove.certificate import CertificateError, replay, trusted
    from bptt_sym.prove.kernel import KernelError

    try:
        return "", trusted(replay(Path(path)))
    except (CertificateError, KernelError, OSError) as error:
        return str(error) or type(error).__name__, []


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
    judged: list[Judged],
    format: str,
    *,
    out: str | None = None,
    failed: bool = False,
) -> int:
    """Print a report; faults also go to standard error, one message each."""
    from bptt_sym.check.judged import as_json, exit_status
    from bptt_sym.check.report import fault_lines, github, report

    with _output(out) as stream:
        if format == "json":
            import json

            print(json.dumps(as_json(judged), ensure_ascii=False, indent=1), file=stream)
        elif format == "github":
            for text in github(judged):
                print(text, file=stream)
        else:
            _show(report(judged), stream)
    if format != "text" or out is not None:
        for j in judged:
            if j.fault is not None:
                _show(fault_lines(j.fault), sys.stderr)
    return exit_status(judged, faults=failed)


def _show(lines: Iterable[Line], stream: TextIO) -> None:
    """Lines in colour on a terminal, plain elsewhere; control characters are made visible."""
    from bptt_sym.check.report import plain
    from bptt_sym.render.names import terminal_safe

    colour = stream.isatty() and "NO_COLOR" not in os.environ
    if not colour:
        for line in lines:
            print(terminal_safe(plain(line)), file=stream)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text.assemble(*((terminal_safe(text), style) for style, text in line)))


def _complain_about(error: Exception, place: str) -> None:
    """``place: message`` and a hint, on standard error."""
    from bptt_sym.errors import InputError

    hint = error.hint if isinstance(error, InputError) else ""
    print(f"{place}: {error}", file=sys.stderr)
    if hint:
        print(f"  hint: {hint}", file=sys.stderr)


def _complain_about_itself(error: Exception) -> None:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    print(f"bptt-sym: internal error, not a fault of the input ({what[:300]})", file=sys.stderr)
    print("  hint: --debug shows the traceback; please report it", file=sys.stderr)


def _usage(message: str) -> int:
    print(f"bptt-sym: {message}", file=sys.stderr)
    return UNREADABLE


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

    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(path, "rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    with stream:
        yield stream


@contextlib.contextmanager
def _progress(total: int | None) -> Iterator[Any]:
    """A function to call after each claim; draws a bar if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    with Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    ) as progress:
        task = progress.add_task("claims", total=total)
        yield lambda: progress.advance(task)


if __name__ == "__main__":
    sys.exit(main())
