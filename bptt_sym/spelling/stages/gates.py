"""Gates: stacked ones apart, one line for each, one place for their labels."""

from __future__ import annotations

from bptt_sym.spelling.each_gate import for_each_gate
from bptt_sym.spelling.gate_labels import with_gate_labels
from bptt_sym.spelling.labelled_steps import with_steps_of_gates
from bptt_sym.spelling.loss_labels import without_labels
from bptt_sym.spelling.one_pass import THE_LOSS, Pass, by_loss, together
from bptt_sym.spelling.single_step import with_its_step
from bptt_sym.spelling.stacked import with_stacked_gates
from bptt_sym.spelling.stepless_arguments import with_steps_of_arguments

GATES: tuple[Pass, ...] = (
    by_loss(with_stacked_gates),
    together(with_steps_of_arguments),
    together(with_its_step),
    together(with_steps_of_gates),
    together(for_each_gate),
    together(with_gate_labels),
    together(without_labels),
    THE_LOSS,  # without a label that it had
)
