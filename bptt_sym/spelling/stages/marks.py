"""Marks for gradients as the gradients that they are, copies of parameters, the last step."""

from __future__ import annotations

import re

from bptt_sym.definitions.any_recurrence import any_recurrence
from bptt_sym.definitions.completion import labelled_sequences, sequences
from bptt_sym.definitions.instances import general_lines
from bptt_sym.definitions.labelled_arguments import labelled_arguments
from bptt_sym.definitions.losses import whole_for_bare
from bptt_sym.definitions.named_later import equations_named_later
from bptt_sym.definitions.nested_compositions import folded_compositions
from bptt_sym.spelling.adjoints import Adjoints
from bptt_sym.spelling.arguments_given_anew import with_arguments_given_anew
from bptt_sym.spelling.bare_outputs import with_steps_for_bare_outputs
from bptt_sym.spelling.copies import copied, without_steps
from bptt_sym.spelling.counting import by_number, last_step_letter, with_horizon
from bptt_sym.spelling.last_output import LastOutput
from bptt_sym.spelling.one_pass import Pass, Spelling, together
from bptt_sym.spelling.running_loss import with_running_loss
from bptt_sym.spelling.shorthand import Shorthand
from bptt_sym.spelling.units import as_vectors

#: ``a_{prev}``: a value of the step before.
_BESIDE = re.compile(r"(?<![A-Za-z\\])([a-z])\s*_\s*\{\s*(?:prev|next)\s*\}")


def _adjoints(s: Spelling) -> None:
    adjoints = Adjoints.of(s.texts, sequences(without_steps(s.marked)))
    s.formulas = [adjoints.written_out(f) for f in s.formulas]
    s.marked = s.texts


def _shorthand(s: Spelling) -> None:
    running = sequences(without_steps(s.marked))
    running |= labelled_sequences(s.marked, running)
    # (Of a cell that is not written down, a value may be named by its neighbours alone.)
    running |= {n for t in s.marked for n in _BESIDE.findall(t)}
    if any(map(by_number, s.marked)):
        running |= sequences([f.latex for f in general_lines(s.formulas)])
    short = Shorthand.of([*s.marked, s.document.sentences], running)
    s.formulas = [short.written_out(as_vectors(f, short.gates)) for f in s.formulas]


def _horizon(s: Spelling) -> None:
    letter = last_step_letter(s.texts, s.document.told)
    if letter:
        s.formulas = [with_horizon(f, letter) for f in s.formulas]


def _last_output(s: Spelling) -> None:
    runs = sequences(s.texts)
    walked = LastOutput.of(s.formulas, runs)
    s.formulas = LastOutput.written(s.formulas, runs)
    if walked.names and walked.number:
        s.lengths = frozenset({int(walked.number)})


def _general_lines(s: Spelling) -> None:
    told = general_lines, folded_compositions, equations_named_later, labelled_arguments
    soft = [line for lines in told for line in lines(s.formulas)]
    s.formulas = sorted((*soft, *s.formulas), key=lambda f: f.order)


MARKS: tuple[Pass, ...] = (
    together(with_arguments_given_anew),
    together(whole_for_bare),
    Pass("adjoints", _adjoints),
    Pass("shorthand", _shorthand),
    together(with_running_loss),
    together(copied),
    Pass("last_step_letter", _horizon),
    Pass("last_output", _last_output),
    together(with_steps_for_bare_outputs),
    together(any_recurrence),
    Pass("general_lines", _general_lines),
)
