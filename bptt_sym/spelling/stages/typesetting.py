"""What is only typesetting, or stands beside a formula."""

from __future__ import annotations

from bptt_sym.documents.respelling import without_long_blanks
from bptt_sym.spelling.absent_macros import with_names_for_absent_macros
from bptt_sym.spelling.annotation_columns import with_remarks_apart
from bptt_sym.spelling.any_parameter import with_a_letter_for_any_parameter
from bptt_sym.spelling.bare_partials import with_marks_for_bare_partials
from bptt_sym.spelling.barred_joins import with_commas_for_bars
from bptt_sym.spelling.beside_formulas import without_ranges_of_entries, without_what_stands_beside
from bptt_sym.spelling.bold_groups import with_bold_letters
from bptt_sym.spelling.braced_rows import with_plain_rows
from bptt_sym.spelling.braces import (
    without_braces_of_signs,
    without_braces_of_summands,
    without_labels_of_braces,
)
from bptt_sym.spelling.bracketed_parts import with_labels_for_parts
from bptt_sym.spelling.called_in_brackets import with_round_brackets
from bptt_sym.spelling.capital_derivatives import with_small_derivatives
from bptt_sym.spelling.convolutions import without_convolutions
from bptt_sym.spelling.dotted_slopes import with_primes_for_dots
from bptt_sym.spelling.escapes import without_escapes
from bptt_sym.spelling.exported import as_meant
from bptt_sym.spelling.gate_tables import with_rows_of_tables
from bptt_sym.spelling.going_on import going_on
from bptt_sym.spelling.handwriting import plainly_typeset
from bptt_sym.spelling.hatted_outputs import with_hats_for_probabilities
from bptt_sym.spelling.held import with_marked_partials
from bptt_sym.spelling.kronecker import with_kronecker_deltas
from bptt_sym.spelling.labelled_functions import with_letters_for_labelled
from bptt_sym.spelling.lines_as_rows import with_gaps_behind_matrices, with_rows_for_lines
from bptt_sym.spelling.listed_diagonals import with_vectors_for_lists
from bptt_sym.spelling.lost_marks import with_lost_marks, with_whole_fractions
from bptt_sym.spelling.norm_names import without_names_of_norms
from bptt_sym.spelling.numbered_words import with_numbers_below
from bptt_sym.spelling.one_face import with_bold_for_arrows
from bptt_sym.spelling.one_pass import Pass, by_source, by_words, each, lettered, together
from bptt_sym.spelling.orders import with_constants_for_orders
from bptt_sym.spelling.plain_characters import with_commands_for_characters
from bptt_sym.spelling.said_before import with_conditions
from bptt_sym.spelling.sets_of_steps import with_ranges_for_sets
from bptt_sym.spelling.shares import with_shares_for_words
from bptt_sym.spelling.signs_in_text import with_signs_for_text
from bptt_sym.spelling.sizes_beside import with_sizes_as_sets
from bptt_sym.spelling.slashed import with_bars_for_slashes
from bptt_sym.spelling.slopes_at import with_slopes_of_names, with_slopes_taken_at
from bptt_sym.spelling.steepest import with_letters_for_slopes
from bptt_sym.spelling.steps_behind import with_conditions_on_steps
from bptt_sym.spelling.steps_in_other_marks import with_steps_in_usual_marks
from bptt_sym.spelling.tending import without_limit_signs
from bptt_sym.spelling.traces import without_traces
from bptt_sym.spelling.true_class import with_words_for_classes
from bptt_sym.spelling.turned_identities import with_the_function_first
from bptt_sym.spelling.unbraced_labels import with_braces
from bptt_sym.spelling.whole_names import with_whole_names
from bptt_sym.spelling.wrappings import without_wrappings

TYPESETTING: tuple[Pass, ...] = (
    lettered(with_a_letter_for_any_parameter),
    together(with_names_for_absent_macros),
    each(with_commands_for_characters),
    each(without_escapes),
    each(with_signs_for_text),
    by_source(with_rows_of_tables),
    together(without_names_of_norms),
    each(without_long_blanks),
    together(with_hats_for_probabilities),
    together(with_words_for_classes),
    each(plainly_typeset),
    each(with_bold_letters),
    each(with_primes_for_dots),
    each(without_traces),
    each(with_kronecker_deltas),
    each(with_ranges_for_sets),
    each(without_wrappings),
    each(with_plain_rows),
    each(with_the_function_first),
    each(without_ranges_of_entries),
    each(with_conditions_on_steps),
    each(with_rows_for_lines),
    each(with_gaps_behind_matrices),
    each(as_meant),
    each(with_commas_for_bars),
    each(without_labels_of_braces),
    each(without_braces_of_signs),
    each(without_braces_of_summands),
    each(with_remarks_apart),
    each(without_what_stands_beside),
    each(with_sizes_as_sets),
    together(with_labels_for_parts),
    each(with_shares_for_words),
    each(with_whole_names),
    each(with_vectors_for_lists),
    each(with_whole_fractions),
    together(going_on),
    together(with_steps_in_usual_marks),
    together(with_braces),
    together(with_numbers_below),
    together(with_lost_marks),
    each(with_bars_for_slashes),
    together(with_marked_partials),
    together(with_small_derivatives),
    lettered(with_letters_for_labelled),
    together(with_marks_for_bare_partials),
    together(with_bold_for_arrows),
    each(with_slopes_taken_at),
    each(with_round_brackets),
    together(with_slopes_of_names),
    each(without_limit_signs),
    each(with_constants_for_orders),
    together(with_letters_for_slopes),
    together(with_conditions),
    by_words(without_convolutions),
)
