"""What a claim is judged under: a shipped cell or definitions, hypotheses, a reference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from bptt_sym.check.judged import fault_in
from bptt_sym.derive import Derivation
from bptt_sym.documents.document import formula_from_text
from bptt_sym.errors import InputError
from bptt_sym.notation import At, Call, Fn, Mul, Sym, walk
from bptt_sym.recurrence import Recurrence, Shape, lag_of

#: The longest run that one number may ask for.
MAX_HORIZON = 4096
#: The largest size of one dimension.
MAX_SIZE = 4096


class OptionError(InputError):
    """Something is wrong in the mathematics of an option; ``fault`` has the place in its text."""

    def __init__(self, option: str, text: str, error: InputError) -> None:
        super().__init__(error.message, span=error.span, token=error.token, hint=error.hint)
        self.fault = fault_in(formula_from_text(text, option), error)


@contextmanager
def option(name: str, text: str) -> Iterator[None]:
    """Errors inside carry their place in ``text``, the value of the option ``name``."""
    try:
        yield
    except OptionError:
        raise
    except InputError as error:
        raise OptionError(name, text, error) from error


@dataclass(frozen=True)
class Setting:
    """The model and the hypotheses, as a person gave them.

    ``cell`` names a shipped cell and ``options`` are its ``NAME=VALUE`` pairs; ``define`` are
    equations in LaTeX with ``shape`` and ``scalar`` as documented for the command line; ``assume``
    are hypotheses; ``reference`` is the expression that answers should equal.
    """

    cell: str = ""
    define: tuple[str, ...] = ()
    shape: tuple[str, ...] = ()
    scalar: bool = False
    options: tuple[str, ...] = ()
    assume: tuple[str, ...] = ()
    reference: str = ""

    @cached_property
    def model(self) -> Recurrence:
        """The recurrence that is meant.

        Raises
        ------
        InputError
            Both a cell and definitions are given, or neither, or they cannot be read.
        """
        if self.cell and self.define:
            raise InputError("both a cell and definitions are given", hint="give one of them")
        if self.cell:
            from bptt_sym.cells import cell

            if self.shape or self.scalar:
                raise InputError(
                    "shapes go with definitions; a shipped cell has its own",
                    hint="choose the -vector cell, or give --define",
                )
            return cell(self.cell, **dict(_option(o) for o in self.options))
        if not self.define:
            raise InputError(
                "no recurrence is given",
                hint=r"name a cell (elman, lstm, …) or define one: 'h_t = \tanh(w h_{t-1} + u_t)'",
            )
        from bptt_sym.read import recurrence_from_latex

        shapes = dict(shape_of(s) for s in self.shape)
        try:
            model = recurrence_from_latex(
                self.define, name="the definitions", shapes=shapes, scalar=self.scalar
            )
        except InputError as error:
            # The reader says which of the lines it was in, if it was in one.
            text = getattr(error, "source", self.define[0] if len(self.define) == 1 else None)
            if text is None:
                raise
            raise OptionError("--define", text, error) from error
        names = {*model.defined, *model.inputs, *model.parameters}
        roots = (*model.totals.values(), *model.initial.values())  # y_t of a loss, q of h_0 = q
        names |= {x.name for root in roots for x in walk(root) if isinstance(x, At | Sym)}
        for name in shapes:
            if name not in names:
                raise InputError(
                    f"--shape {name}: the definitions have no {name}", token=name,
                    hint="they have " + ", ".join(sorted(names)),
                )  # fmt: skip
        return model


def pair(text: str, form: str) -> tuple[str, str]:
    """``NAME=VALUE`` as two texts; ``form`` says in a message what is wanted."""
    name, _, value = text.partition("=")
    if not name.strip() or not value.strip():
        raise InputError(f"{text!r} is not {form}", token=text)
    return name.strip(), value.strip()


def meanings(rec: Recurrence, texts: Iterable[str]) -> dict[str, str]:
    """``NAME=FUNCTION`` for functions of a recurrence, as a table.

    Raises
    ------
    InputError
        Another form, or the recurrence has no such function.
    """
    known = {x.name for e in rec.equations for x in walk(e.rhs) if isinstance(x, Fn | Call)}
    out = dict(pair(text, "NAME=FUNCTION, such as g=tanh") for text in texts)
    for name in out:
        if name not in known:
            raise InputError(
                f"{rec.name} has no function {name!r}", token=name, hint=", ".join(sorted(known))
            )
    return out


def size(text: str) -> tuple[str, int]:
    """``NAME=N`` as a name and a number of at most :data:`MAX_SIZE`."""
    name, value = pair(text, "NAME=N, such as n=16")
    if not value.isdecimal() or len(value) > 9 or not 1 <= int(value) <= MAX_SIZE:
        raise InputError(f"{text!r}: a size is a number from 1 to {MAX_SIZE}", token=value)
    return name, int(value)


def _option(text: str) -> tuple[str, object]:
    name, value = pair(text, "NAME=VALUE, such as concat=true")
    return name, {"true": True, "false": False}.get(value, value)


def shape_of(text: str) -> tuple[str, Shape]:
    """``W=n×m`` (or ``n x m``, ``n,m``), ``h=n``, ``w=scalar`` as a name and its shape.

    Raises
    ------
    InputError
        The text has another form.
    """
    name, _, value = text.rpartition("=")
    name, value = name.strip(), value.strip()
    if not name or not value:
        raise InputError(f"{text!r} is not NAME=SHAPE", token=text, hint="such as 'W=n×m'")
    if value in ("scalar", "()"):
        return name, ()
    parts = [p.strip() for p in value.replace("×", ",").replace("x", ",").split(",")]
    if len(parts) > 2 or not all(p.isidentifier() or p.isdigit() for p in parts):
        raise InputError(
            f"{value!r} is not a shape", token=value, hint="write n×m, n, a number, or scalar"
        )
    if any(p.isdigit() and not 1 <= int(p) <= 64 for p in parts):
        raise InputError(f"{value!r}: a dimension is between 1 and 64", token=value)
    return name, tuple(int(p) if p.isdigit() else p for p in parts)


def horizon(text: str, *, any_number: bool = True) -> int | None:
    """The last step: a number, or ``None`` for ``T`` where that is ``any_number`` of steps.

    Raises
    ------
    InputError
        Neither ``T`` nor a number of at least 1 and at most :data:`MAX_HORIZON`.
    """
    if text.strip() == "T" and any_number:
        return None
    try:
        value = int(text)
    except ValueError:
        raise InputError(
            f"-T {text}: not a number of steps", token=text,
            hint="write a number, or T for any" if any_number else "write a number",
        ) from None  # fmt: skip
    if not 1 <= value <= MAX_HORIZON:
        raise InputError(
            f"-T {text}: a run has between 1 and {MAX_HORIZON} steps", token=text,
            hint="write T for a derivation that holds for every number of steps" if any_number
            else "",
        )  # fmt: skip
    return value


def recurrent_parameter(model: Recurrence, state: str) -> str:
    """The first parameter that multiplies an earlier state, else the first parameter."""
    for equation in model.equations:
        for node in walk(equation.rhs):
            if isinstance(node, Mul):
                names = [f.name for f in node.args if isinstance(f, Sym)]
                earlier = any(
                    isinstance(f, At) and f.name in model.states and (lag_of(f.time) or 0) > 0
                    for part in node.args
                    for f in walk(part)
                )
                if names and earlier:
                    return names[0]
    if not model.parameters:
        raise InputError(f"{model.name} has no parameter", hint="say --of what")
    return model.parameters[0]


def default_form(model: Recurrence, target: str | None) -> str:
    """The series where it exists; one step for a derivative by the step before."""
    if target is not None and "[t]" in target.replace(" ", "") and "[t-1]" in target:
        return "jacobian"
    if len(model.states) > 1 and not model.is_scalar:
        # By a matrix the series of several vector states has names in it, the adjoint form none.
        return "jacobian" if target is None else "adjoint"
    return "series"


def default_target(model: Recurrence, form: str) -> str:
    """What is derived if nothing is named: the last state by the recurrent parameter."""
    if not model.states:
        raise InputError(f"{model.name} has no state", hint="say --of what")
    state = model.states[0]
    if form == "jacobian":
        return f"d{state}[t]/d{state}[t-1]"
    return f"d{state}[T]/d{recurrent_parameter(model, state)}"


def derived(model: Recurrence, target: str | None, T: str, form: str | None) -> Derivation:
    """The derivation that is asked for; without a target or a form, the usual one of the model."""
    from bptt_sym.forms import derive

    form = form or default_form(model, target)
    return derive(model, target or default_target(model, form), horizon(T), form)
