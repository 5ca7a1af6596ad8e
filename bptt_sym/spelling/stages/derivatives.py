"""What a derivative or a slope is taken of and by."""

from __future__ import annotations

from bptt_sym.spelling.applied_names import with_names_for_applied
from bptt_sym.spelling.arguments_written_out import with_arguments_for_sums
from bptt_sym.spelling.bare_functions import with_what_functions_are_of
from bptt_sym.spelling.bare_nablas import with_losses_for_nablas
from bptt_sym.spelling.before_activation import with_arguments_for_words
from bptt_sym.spelling.bracketed import with_plain_brackets
from bptt_sym.spelling.cases import by_cases
from bptt_sym.spelling.code_marks import with_code_marks
from bptt_sym.spelling.differentials import with_gradients_for_differentials
from bptt_sym.spelling.differentiated_targets import with_predictions_for_targets
from bptt_sym.spelling.forward_differentials import with_derivatives_for_differentials
from bptt_sym.spelling.from_above import (
    with_cells_from_after,
    with_outer_products,
    with_parts_from_later,
    with_what_arrives,
)
from bptt_sym.spelling.influences import with_influences_written_out
from bptt_sym.spelling.lengths import with_lengths
from bptt_sym.spelling.matrix_entries import with_outer_products_for_entries
from bptt_sym.spelling.mean_of_steps import with_sums_for_means
from bptt_sym.spelling.named_at_the_end import with_names_at_the_end
from bptt_sym.spelling.named_differences import with_names_for_differences
from bptt_sym.spelling.one_pass import Pass, Spelling, by_loss, by_source, by_words, together
from bptt_sym.spelling.own_function import with_own_function
from bptt_sym.spelling.shorthand import with_names_for_gradients
from bptt_sym.spelling.small_entries import with_capitals_for_entries
from bptt_sym.spelling.step_functions import with_states_for_step_functions
from bptt_sym.spelling.stepless import with_steps
from bptt_sym.spelling.unit_gradients import with_gradients_of_units
from bptt_sym.spelling.update_rules import with_gradients_for_updates
from bptt_sym.spelling.which_slope import (
    with_labelled_functions,
    with_one_of_two_functions,
    with_softmax_of_outputs,
    with_the_slope_written,
)


def _marked(s: Spelling) -> None:
    s.marked = s.texts


DERIVATIVES: tuple[Pass, ...] = (
    by_words(with_plain_brackets),
    together(with_names_at_the_end),
    together(with_names_for_differences),
    together(with_names_for_applied),
    together(with_gradients_for_differentials),
    together(with_derivatives_for_differentials),
    together(with_sums_for_means),
    by_loss(with_losses_for_nablas),
    together(with_arguments_for_sums),
    together(with_arguments_for_words),
    together(with_predictions_for_targets),
    by_words(with_softmax_of_outputs),
    by_source(with_labelled_functions),
    by_words(with_the_slope_written),
    together(with_one_of_two_functions),
    together(with_outer_products_for_entries),
    together(with_capitals_for_entries),
    together(with_cells_from_after),
    together(with_parts_from_later),
    by_words(with_outer_products),
    by_loss(with_what_arrives),
    by_loss(with_gradients_for_updates),
    by_loss(with_code_marks),
    together(with_states_for_step_functions),
    together(by_cases),
    together(with_own_function),
    together(with_what_functions_are_of),
    together(with_lengths),
    by_loss(with_steps),
    together(with_influences_written_out),
    together(with_gradients_of_units),
    together(with_names_for_gradients),
    Pass("marked", _marked),
)
