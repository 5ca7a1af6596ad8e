"""One place for steps, one letter for each index, one transpose, one sign for the loss."""

from __future__ import annotations

from bptt_sym.spelling.accented_labels import with_plain_labels
from bptt_sym.spelling.below_the_sign import with_the_variable_beside
from bptt_sym.spelling.dashed_states import with_steps_for_dashes
from bptt_sym.spelling.diagonals import with_whole_diagonals
from bptt_sym.spelling.durations import with_letters_for_durations
from bptt_sym.spelling.entries_above import with_entries_for_powers
from bptt_sym.spelling.entries_behind_steps import with_entries_before_steps
from bptt_sym.spelling.entries_of_batches import with_entries_of_one_example
from bptt_sym.spelling.epsilons import with_deltas_for_epsilons
from bptt_sym.spelling.examples_of_a_batch import with_one_example
from bptt_sym.spelling.free_arguments import with_free_arguments
from bptt_sym.spelling.function_letters import with_letters_for_functions
from bptt_sym.spelling.function_slots import with_arguments_for_slots
from bptt_sym.spelling.gate_entries import with_entries_of_gates
from bptt_sym.spelling.gates_of_units import with_vectors_of_gates
from bptt_sym.spelling.given_functions import with_functions_written_out
from bptt_sym.spelling.given_marks import with_letters_for_given_marks
from bptt_sym.spelling.glued_names import with_names_for_letters
from bptt_sym.spelling.glued_steps import with_commas_before_steps
from bptt_sym.spelling.gradients_by_variable import with_deltas_for_marks
from bptt_sym.spelling.guarded_logs import without_guards
from bptt_sym.spelling.hatted_outputs import with_hats_for_outputs
from bptt_sym.spelling.input_gates import with_one_input_gate
from bptt_sym.spelling.inside_one_step import with_prev_for_old, with_steps_for_prev
from bptt_sym.spelling.inverse_transposes import with_inverses_turned
from bptt_sym.spelling.labelled_entries import with_labelled_entries
from bptt_sym.spelling.labelled_weights import with_letters_for_labelled_weights
from bptt_sym.spelling.layer_at_hand import with_the_layer_at_hand
from bptt_sym.spelling.left_out_steps import with_left_out_steps
from bptt_sym.spelling.lengths import with_a_letter_for_the_length
from bptt_sym.spelling.loss_arguments import without_arguments
from bptt_sym.spelling.loss_labels import with_steps_for_labels
from bptt_sym.spelling.loss_slots import with_arguments_for_slots_of_losses
from bptt_sym.spelling.loss_words import with_letters_for_losses
from bptt_sym.spelling.losses_from_on import with_sums_for_losses_from_on
from bptt_sym.spelling.losses_of_steps import with_losses_of_steps
from bptt_sym.spelling.nested_scripts import with_entries_beside_steps
from bptt_sym.spelling.numbered_layers import with_numbers_of_layers
from bptt_sym.spelling.numbered_steps import with_letters_for_numbered_steps
from bptt_sym.spelling.one_feature import with_one_feature
from bptt_sym.spelling.one_pass import Pass, Spelling, by_words, each, lettered, together
from bptt_sym.spelling.picked_entries import with_picked_entries
from bptt_sym.spelling.pieces import with_names_for_pieces
from bptt_sym.spelling.predictions import with_letters_for_predictions
from bptt_sym.spelling.primed_steps import with_letters_for_primes
from bptt_sym.spelling.signs import with_one_transpose, with_usual_signs
from bptt_sym.spelling.split_parts import with_small_letters_for_sums
from bptt_sym.spelling.step_letters import with_the_usual_letters
from bptt_sym.spelling.steps import with_brackets_above, with_steps_below
from bptt_sym.spelling.steps_of_weights import with_weights_without_steps
from bptt_sym.spelling.substituted_arguments import with_arguments_substituted
from bptt_sym.spelling.summed_losses import with_letters_for_summands
from bptt_sym.spelling.turned_weights import with_bold_for_turned
from bptt_sym.spelling.unbraced_labels import with_labels_for_glued_gates
from bptt_sym.spelling.unit_layers import with_layers_for_units
from bptt_sym.spelling.unit_marks import with_derivatives_for_unit_marks
from bptt_sym.spelling.units_without_steps import with_steps_of_entries
from bptt_sym.spelling.unusual_losses import with_usual_letters_for_losses
from bptt_sym.spelling.usual_units import with_usual_units
from bptt_sym.spelling.vectorized import with_matrices_for_their_columns
from bptt_sym.spelling.worded_steps import with_names_for_words
from bptt_sym.spelling.written_softmax import with_softmax


def _pieces(s: Spelling) -> None:
    before = s.texts
    s.formulas, letters = with_names_for_pieces(s.formulas)
    s.letters |= letters
    s.piecewise = s.texts != before


def _losses(s: Spelling) -> None:
    s.formulas, letters = with_usual_letters_for_losses(s.formulas, s.document.told)
    s.letters |= letters


NAMES: tuple[Pass, ...] = (
    Pass("with_usual_letters_for_losses", _losses),
    together(with_plain_labels),
    together(with_functions_written_out),
    lettered(with_letters_for_given_marks),
    together(with_arguments_substituted),
    together(with_labelled_entries),
    together(with_deltas_for_marks),
    together(with_steps_for_labels),
    by_words(with_entries_of_one_example),
    each(with_entries_before_steps),
    together(with_steps_of_entries),
    together(with_sums_for_losses_from_on),
    together(with_numbers_of_layers),
    together(with_entries_for_powers),
    lettered(with_letters_for_durations),
    lettered(with_small_letters_for_sums),
    together(with_free_arguments),
    lettered(with_one_feature),
    together(with_vectors_of_gates),
    together(with_derivatives_for_unit_marks),
    lettered(with_letters_for_labelled_weights),
    lettered(with_layers_for_units),
    lettered(with_usual_units),
    together(without_guards),
    together(with_deltas_for_epsilons),
    together(with_entries_of_gates),
    lettered(with_labels_for_glued_gates),
    each(with_picked_entries),
    together(with_commas_before_steps),
    together(with_weights_without_steps),
    together(with_one_example),
    lettered(with_letters_for_predictions),
    together(with_names_for_words),
    together(with_names_for_letters),
    together(with_the_layer_at_hand),
    lettered(with_letters_for_primes),
    lettered(with_letters_for_numbered_steps),
    together(with_steps_for_dashes),
    together(with_prev_for_old),
    together(with_steps_for_prev),
    together(with_one_input_gate),
    together(with_entries_beside_steps),
    together(with_inverses_turned),
    together(with_usual_signs),
    together(with_letters_for_functions),
    together(with_left_out_steps),
    Pass("with_names_for_pieces", _pieces),
    together(with_brackets_above),
    together(with_steps_below),
    lettered(with_a_letter_for_the_length),
    lettered(with_the_usual_letters),
    together(with_one_transpose),
    together(with_matrices_for_their_columns),
    lettered(with_bold_for_turned),
    together(with_arguments_for_slots),
    together(with_arguments_for_slots_of_losses),
    together(with_the_variable_beside),
    lettered(with_letters_for_losses),
    lettered(with_letters_for_summands),
    together(with_whole_diagonals),
    together(with_hats_for_outputs),
    together(with_softmax),
    each(without_arguments),
    together(with_losses_of_steps),
)
