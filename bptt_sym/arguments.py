"""The grammar of the command line: commands, options, help."""

from __future__ import annotations

import argparse
from typing import Any

_EPILOG = """\
exit status: 0 all right, 1 something is wrong, 2 usage or input that cannot be read,
3 something is undecided and nothing is wrong."""


def build_parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    parser = argparse.ArgumentParser(
        prog="bptt-sym",
        description="Derive, check and prove back-propagation through time.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    _add_derive(commands)
    _add_check(commands)
    _add_audit(commands)
    _add_grade(commands)
    _add_prove(commands)
    _add_test(commands)
    _add_code(commands)
    _add_flow(commands)
    return parser


def _command(commands: Any, name: str, help: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=help[0].upper() + help[1:] + ".",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of any failure")
    return parser


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds


def _tolerance(text: str) -> float:
    try:
        tolerance = float(text)
    except ValueError:
        tolerance = -1.0
    if not 0 <= tolerance < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return tolerance


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
    parser = _command(commands, "derive", "print a gradient with its derivation")
    parser.add_argument("cell", metavar="CELL", nargs="?", help="elman, lstm, … (see --list)")
    parser.add_argument("--list", action="store_true", help="list the shipped cells and stop")
    parser.add_argument("-T", default="T", metavar="N|T", help="the last step: a number, or T")
    parser.add_argument("--of", metavar="TARGET", help="such as dh[T]/dw, dc[t]/dc[t-1], dE/dW_f")
    parser.add_argument(
        "--form",
        help="telescoped, series, horner, adjoint, jacobian, immediate, agree or composition",
    )
    parser.add_argument(
        "--format", default="text", choices=("text", "latex", "markdown", "html", "json")
    )
    parser.add_argument("-o", dest="out", metavar="FILE", help="write there, not to the terminal")
    parser.add_argument(
        "--across", metavar="FILE",
        help="a TOML file of joined recurrences (stages, wires); --of is stage.parameter",
    )  # fmt: skip
    _add_model(parser)


def _add_check(commands: Any) -> None:
    parser = _command(commands, "check", "judge claims about one recurrence")
    parser.add_argument(
        "claim", metavar="CLAIM", nargs="*",
        help="an equation, a chain a = b = c, a bound, an align block; - reads standard input",
    )  # fmt: skip
    parser.add_argument("--cell", metavar="CELL", help="a shipped cell")
    _add_model(parser)
    parser.add_argument(
        "--assume", metavar="HYPOTHESIS", action="append", default=[],
        help="a hypothesis, such as 'h_0 = 0' or '|w| < 1'; repeat",
    )  # fmt: skip
    parser.add_argument(
        "--reference", metavar="LATEX", help="the claims are expressions that should equal this"
    )
    parser.add_argument("--json", action="store_true", help="print the report for machines")
    parser.add_argument(
        "--exercise", metavar="NAME",
        help="mark answers to a shipped exercise, or to the one in a .toml file; "
        "'list' names the shipped ones, and without an answer the exercise is printed",
    )  # fmt: skip
    parser.add_argument(
        "--file", metavar="FILE", action="append", default=[],
        help="with --exercise: a solution in Markdown or LaTeX; repeat",
    )  # fmt: skip
    parser.add_argument("--level", choices=("verdict", "hint", "full"), default="full",
                        help="with --exercise: how much the feedback tells")  # fmt: skip
    parser.add_argument("--lang", choices=("en", "he", "fa"), default="en",
                        help="with --exercise: the language of the feedback")  # fmt: skip
    parser.add_argument("--html", metavar="FILE",
                        help="with --exercise: write the feedback as a page as well")  # fmt: skip
    parser.add_argument(
        "--batch", metavar="FILE",
        help="JSON Lines with id, claim and optionally cell, define, assume, reference "
        "(- is standard input); one verdict a line in the same order, on all cores",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, metavar="N", help="processes for --batch")


def _add_audit(commands: Any) -> None:
    parser = _command(commands, "audit", "judge every formula of a document")
    parser.add_argument(
        "file", metavar="FILE", nargs="+", help="Markdown or LaTeX; - is standard input"
    )
    parser.add_argument("--format", default="text",
                        choices=("text", "json", "sarif", "github", "html"))  # fmt: skip
    parser.add_argument("--json", dest="format", action="store_const", const="json",
                        help="the same as --format json")  # fmt: skip
    parser.add_argument("--lang", choices=("en", "he", "fa"), default="en",
                        help="the language of the page that --format html writes")  # fmt: skip
    parser.add_argument("--jobs", type=int, metavar="N", help="processes, for several files")
    parser.add_argument("-o", dest="out", metavar="OUT", help="write there, not to the terminal")


def _add_grade(commands: Any) -> None:
    parser = _command(commands, "grade", "mark submissions and write a gradebook")
    parser.add_argument("rubric", metavar="RUBRIC", help="a TOML file: the questions, the limits")
    parser.add_argument(
        "submissions", metavar="SUBMISSIONS", nargs="+",
        help="a folder, a .jsonl or .csv file with many, or files of one submission each",
    )  # fmt: skip
    parser.add_argument("-o", dest="out", metavar="OUT", required=True,
                        help="the gradebook: a file, or a folder with a file each")  # fmt: skip
    parser.add_argument(
        "--writer",
        default="json",
        choices=("json", "csv", "gradescope", "prairielearn", "nbgrader", "github", "junit"),
    )
    parser.add_argument("--one", action="store_true", help="a folder is one submission")
    parser.add_argument("--jobs", type=int, metavar="N", help="submissions at a time")
    parser.add_argument("--fresh", action="store_true",
                        help="grade everything anew, also what an earlier run did")  # fmt: skip
    parser.add_argument("--journal", metavar="FILE",
                        help="where results go as they come (OUT.journal.jsonl)")  # fmt: skip
    parser.add_argument("--seconds", type=float, metavar="S", help="the limit for a submission")
    parser.add_argument("--megabytes", type=int, metavar="MB", help="the limit for a submission")
    parser.add_argument("--level", choices=("verdict", "hint", "full"),
                        help="how much the feedback tells")  # fmt: skip
    parser.add_argument("--lang", choices=("en", "he", "fa"), help="the language of the feedback")


def _add_prove(commands: Any) -> None:
    parser = _command(commands, "prove", "prove theorems with the small kernel")
    parser.add_argument("name", metavar="NAME", nargs="*", help="theorems; all if none is named")
    parser.add_argument("--list", action="store_true", help="list the theorems and stop")
    parser.add_argument("--replay", action="store_true", help="check the stored certificates")
    parser.add_argument("--format", default="text", choices=("text", "latex", "json", "rocq"))
    parser.add_argument("--coqc", action="store_true", help="have coqc check the export as well")


def _add_test(commands: Any) -> None:
    parser = _command(commands, "test", "test gradient code of your own on generated problems")
    parser.add_argument(
        "function", metavar="MODULE:FUNCTION",
        help="a function that takes a problem and returns name -> gradient; with --score-inputs "
        "one without arguments that returns test inputs",
    )  # fmt: skip
    parser.add_argument("--cell", metavar="CELL", help="elman, lstm, gru, …")
    parser.add_argument("--profile", choices=("quick", "thorough"),
                        help="30 problems, or 240; quick if not given")  # fmt: skip
    parser.add_argument(
        "--dtype", choices=("float32", "float64"),
        help="all problems in one precision, for code that has only one",
    )  # fmt: skip
    parser.add_argument(
        "--limit", type=_seconds, metavar="SECONDS", help="the time that one call may take"
    )
    parser.add_argument(
        "--score-inputs", action="store_true",
        help="how many known mistakes would the test inputs of your own catch?",
    )  # fmt: skip
    parser.add_argument("--rtol", type=_tolerance, help="the relative tolerance of your own test")
    parser.add_argument("--atol", type=_tolerance, help="the absolute tolerance of your own test")
    _add_bind(parser)
    parser.add_argument("--json", action="store_true", help="print the report for machines")
    _add_model(parser)


def _add_bind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--bind", metavar="NAME=FUNCTION", action="append", default=[],
        help="the meaning of an unknown activation, such as g=tanh; repeat",
    )  # fmt: skip


def _add_code(commands: Any) -> None:
    parser = _command(commands, "code", "print the gradient as stand-alone source")
    parser.add_argument("cell", metavar="CELL", nargs="?", help="a shipped cell")
    parser.add_argument("--backend", default="numpy", choices=("numpy", "torch", "jax", "c"))
    parser.add_argument("--loss", metavar="NAME", help="a total of the recurrence")
    _add_bind(parser)
    parser.add_argument("--inputs", action="store_true", help="also the gradient by the inputs")
    parser.add_argument(
        "--float32", action="store_true",
        help="C in float; the other backends compute in the type of the arrays they get",
    )  # fmt: skip
    parser.add_argument("-o", dest="out", metavar="FILE", help="write there, not to the terminal")
    _add_model(parser)


def _add_flow(commands: Any) -> None:
    parser = _command(commands, "flow", "show how the gradient flows through a run")
    parser.add_argument("cell", metavar="CELL", nargs="?", help="a shipped cell")
    parser.add_argument("-T", "--T", dest="T", default="100", metavar="N", help="the last step")
    given = parser.add_mutually_exclusive_group()  # a scenario has weights of its own
    given.add_argument(
        "--scenario", metavar="NAME",
        help="vanishing, exploding, latching or balanced, in place of a cell",
    )  # fmt: skip
    given.add_argument(
        "--weights", metavar="FILE",
        help=".npz by name, or a PyTorch state_dict (.pt); drawn at random if not given",
    )  # fmt: skip
    parser.add_argument(
        "--layer", metavar="NAME",
        help="which layer of a state_dict that has several: 1, l0_reverse, encoder.l0",
    )  # fmt: skip
    parser.add_argument("--gain", type=float, help="size of random weights, 1 if not given")
    parser.add_argument("--seed", type=int, help="of random weights and inputs, 0 if not given")
    parser.add_argument("--dim", metavar="NAME=N", action="append", default=[],
                        help="the size of a symbolic dimension; repeat")  # fmt: skip
    _add_bind(parser)
    parser.add_argument("--json", action="store_true", help="print the report for machines")
    parser.add_argument("-o", dest="out", metavar="FILE", help="draw a picture, .png or .svg")
    _add_model(parser)
