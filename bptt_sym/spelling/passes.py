r"""The order in which the spellings of a document are brought to the one that is read.

Each pass is one line of a table: its function, and what of the document it is given. A pass takes
every formula at once where one must know of the others (which names run, what is a loss), and each
alone where not. The order matters, and says itself by the groups: what a later pass matches on, an
earlier one has written in one way.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeAlias

from bptt_sym.definitions.any_recurrence import any_recurrence
from bptt_sym.definitions.completion import labelled_sequences, sequences
from bptt_sym.definitions.instances import general_lines
from bptt_sym.definitions.labelled_arguments import labelled_arguments
from bptt_sym.definitions.losses import whole_for_bare
from bptt_sym.definitions.named_later import equations_named_later
from bptt_sym.documents.document import Document, Formula
from bptt_sym.documents.respelling import without_long_blanks
from bptt_sym.spelling.adjoints import Adjoints
from bptt_sym.spelling.applied_names import with_names_for_applied
from bptt_sym.spelling.arguments_written_out import with_arguments_for_sums
from bptt_sym.spelling.backwards import counted_from_the_end
from bptt_sym.spelling.bare_functions import with_what_functions_are_of
from bptt_sym.spelling.bare_nablas import with_losses_for_nablas
from bptt_sym.spelling.bare_partials import with_marks_for_bare_partials
from bptt_sym.spelling.barred_joins import with_commas_for_bars
from bptt_sym.spelling.before_activation import with_arguments_for_words
from bptt_sym.spelling.below_the_sign import with_the_variable_beside
from bptt_sym.spelling.beside_formulas import (
    without_ranges_of_entries,
    without_what_stands_beside,
)
from bptt_sym.spelling.block_products import multiplied_out
from bptt_sym.spelling.braced_rows import with_plain_rows
from bptt_sym.spelling.braces import without_braces_of_signs, without_labels_of_braces
from bptt_sym.spelling.bracketed import with_plain_brackets
from bptt_sym.spelling.bracketed_parts import with_labels_for_parts
from bptt_sym.spelling.capital_derivatives import with_small_derivatives
from bptt_sym.spelling.cases import by_cases
from bptt_sym.spelling.code_marks import with_code_marks
from bptt_sym.spelling.column_equations import written_row_by_row
from bptt_sym.spelling.convolutions import without_convolutions
from bptt_sym.spelling.copies import copied, without_steps
from bptt_sym.spelling.corners import folded
from bptt_sym.spelling.counting import by_number, last_step_letter, with_horizon, with_one_length
from bptt_sym.spelling.dashed_states import with_steps_for_dashes
from bptt_sym.spelling.diagonals import with_whole_diagonals
from bptt_sym.spelling.differentials import with_gradients_for_differentials
from bptt_sym.spelling.differentiated_targets import with_predictions_for_targets
from bptt_sym.spelling.durations import with_letters_for_durations
from bptt_sym.spelling.each_gate import for_each_gate
from bptt_sym.spelling.early_names import counted_from_their_step
from bptt_sym.spelling.entries_above import with_entries_for_powers
from bptt_sym.spelling.entries_behind_steps import with_entries_before_steps
from bptt_sym.spelling.entries_of_batches import with_entries_of_one_example
from bptt_sym.spelling.entrywise_signs import with_entrywise_signs
from bptt_sym.spelling.epsilons import with_deltas_for_epsilons
from bptt_sym.spelling.examples_of_a_batch import with_one_example
from bptt_sym.spelling.exported import as_meant
from bptt_sym.spelling.forward_differentials import with_derivatives_for_differentials
from bptt_sym.spelling.from_above import (
    with_cells_from_after,
    with_outer_products,
    with_parts_from_later,
    with_what_arrives,
)
from bptt_sym.spelling.function_letters import with_letters_for_functions
from bptt_sym.spelling.gate_entries import with_entries_of_gates
from bptt_sym.spelling.gate_labels import with_gate_labels
from bptt_sym.spelling.gate_tables import with_rows_of_tables
from bptt_sym.spelling.gates_of_units import with_vectors_of_gates
from bptt_sym.spelling.glued_names import with_names_for_letters
from bptt_sym.spelling.glued_steps import with_commas_before_steps
from bptt_sym.spelling.going_on import going_on
from bptt_sym.spelling.handwriting import as_written, plainly_typeset
from bptt_sym.spelling.hatted_outputs import with_hats_for_outputs
from bptt_sym.spelling.held import held_fixed, with_one_function
from bptt_sym.spelling.influences import with_influences_written_out
from bptt_sym.spelling.input_gates import with_one_input_gate
from bptt_sym.spelling.inside_one_step import with_prev_for_old, with_steps_for_prev
from bptt_sym.spelling.kronecker import with_kronecker_deltas
from bptt_sym.spelling.labelled_steps import with_steps_of_gates
from bptt_sym.spelling.largest import with_norms_for_largest
from bptt_sym.spelling.last_output import LastOutput
from bptt_sym.spelling.layer_at_hand import with_the_layer_at_hand
from bptt_sym.spelling.left_out_steps import with_left_out_steps
from bptt_sym.spelling.lengths import with_a_letter_for_the_length, with_lengths
from bptt_sym.spelling.lines_as_rows import with_gaps_behind_matrices, with_rows_for_lines
from bptt_sym.spelling.listed_diagonals import with_vectors_for_lists
from bptt_sym.spelling.loss_arguments import without_arguments, without_arguments_of_a_step
from bptt_sym.spelling.loss_labels import without_labels
from bptt_sym.spelling.loss_words import with_letters_for_losses
from bptt_sym.spelling.lost_marks import with_lost_marks, with_whole_fractions
from bptt_sym.spelling.marks_in_passing import with_steps_for_marks
from bptt_sym.spelling.matrix_entries import with_outer_products_for_entries
from bptt_sym.spelling.mean_of_steps import with_sums_for_means
from bptt_sym.spelling.named_at_the_end import with_names_at_the_end
from bptt_sym.spelling.named_stacks import with_named_stacks
from bptt_sym.spelling.nested_scripts import with_entries_beside_steps
from bptt_sym.spelling.norm_names import without_names_of_norms
from bptt_sym.spelling.numbered_layers import with_numbers_of_layers
from bptt_sym.spelling.numbered_words import with_names_for_numbers
from bptt_sym.spelling.one_case import with_one_case
from bptt_sym.spelling.one_face import with_bold_for_arrows, with_one_face
from bptt_sym.spelling.orders import with_constants_for_orders
from bptt_sym.spelling.own_function import with_own_function
from bptt_sym.spelling.picked_entries import with_picked_entries
from bptt_sym.spelling.pieces import with_names_for_pieces
from bptt_sym.spelling.plain_characters import with_commands_for_characters
from bptt_sym.spelling.predictions import with_letters_for_predictions
from bptt_sym.spelling.primed_steps import with_letters_for_primes
from bptt_sym.spelling.running_loss import with_running_loss
from bptt_sym.spelling.said_before import with_conditions
from bptt_sym.spelling.sets_of_steps import with_ranges_for_sets
from bptt_sym.spelling.shares import with_shares_for_words
from bptt_sym.spelling.shorthand import Shorthand, loss_of, with_names_for_gradients
from bptt_sym.spelling.signs import with_one_transpose, with_usual_signs
from bptt_sym.spelling.signs_in_text import with_signs_for_text
from bptt_sym.spelling.single_step import with_its_step
from bptt_sym.spelling.slashed import with_bars_for_slashes
from bptt_sym.spelling.slopes_at import with_slopes_of_names, with_slopes_taken_at
from bptt_sym.spelling.split_parts import with_small_letters_for_sums
from bptt_sym.spelling.stacked import with_stacked_gates
from bptt_sym.spelling.stacked_states import with_blocks_of_states
from bptt_sym.spelling.steepest import with_letters_for_slopes
from bptt_sym.spelling.step_functions import with_states_for_step_functions
from bptt_sym.spelling.step_letters import with_the_usual_letters
from bptt_sym.spelling.stepless import with_steps
from bptt_sym.spelling.stepless_arguments import with_steps_of_arguments
from bptt_sym.spelling.steps import with_brackets_above, with_steps_below
from bptt_sym.spelling.steps_behind import with_conditions_on_steps
from bptt_sym.spelling.steps_of_weights import with_weights_without_steps
from bptt_sym.spelling.tending import without_limit_signs
from bptt_sym.spelling.traces import without_traces
from bptt_sym.spelling.true_class import with_one_name_for_labels, with_words_for_classes
from bptt_sym.spelling.turned_weights import with_bold_for_turned
from bptt_sym.spelling.typography import on_in_words, plainly_set
from bptt_sym.spelling.unbraced_labels import with_braces, with_labels_for_glued_gates
from bptt_sym.spelling.unit_gradients import with_gradients_of_units
from bptt_sym.spelling.unit_layers import with_layers_for_units
from bptt_sym.spelling.units import as_vectors
from bptt_sym.spelling.update_rules import with_gradients_for_updates
from bptt_sym.spelling.usual_units import with_usual_units
from bptt_sym.spelling.vectorized import with_matrices_for_their_columns
from bptt_sym.spelling.which_slope import (
    with_labelled_functions,
    with_one_of_two_functions,
    with_softmax_of_outputs,
    with_the_slope_written,
)
from bptt_sym.spelling.whole_names import with_whole_names
from bptt_sym.spelling.worded_steps import with_names_for_words
from bptt_sym.spelling.wrappings import without_wrappings
from bptt_sym.spelling.written_softmax import with_softmax

_Formulas: TypeAlias = Sequence[Formula]


@dataclass
class Spelling:
    """A document on its way: its formulas as far as they are respelt, and what was found in them.

    ``loss`` is the name that the formulas give to the loss, ``letters`` the letters that were put
    for those of the text (new: the text's own), ``marked`` the texts before shorthand such as
    δ_t was written out, ``lengths`` the lengths that a walk through numbered steps has shown,
    and ``piecewise`` whether a step is differentiated piece by piece.
    """

    document: Document
    formulas: list[Formula]
    loss: str = ""
    letters: dict[str, str] = field(default_factory=dict)
    marked: list[str] = field(default_factory=list)
    lengths: frozenset[int] = frozenset()
    piecewise: bool = False

    @property
    def texts(self) -> list[str]:
        """The formulas as text."""
        return [f.latex for f in self.formulas]


class Pass(NamedTuple):
    """One respelling, by the name of its function."""

    name: str
    run: Callable[[Spelling], None]


def _each(function: Callable[[Formula], Formula]) -> Pass:
    """A pass that looks at one formula alone."""

    def run(s: Spelling) -> None:
        s.formulas = [function(f) for f in s.formulas]

    return Pass(function.__name__, run)


def _all(function: Callable[[_Formulas], list[Formula]]) -> Pass:
    """A pass that compares the formulas of the document."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas)

    return Pass(function.__name__, run)


def _by_words(function: Callable[[_Formulas, str], list[Formula]]) -> Pass:
    """A pass that also looks into the words between the formulas."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas, s.document.sentences)

    return Pass(function.__name__, run)


def _by_source(function: Callable[[_Formulas, str], list[Formula]]) -> Pass:
    """A pass that also looks into the whole text, formulas and all."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas, s.document.told)

    return Pass(function.__name__, run)


def _by_loss(function: Callable[[_Formulas, str], list[Formula]]) -> Pass:
    """A pass that must know which name is the loss."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas, s.loss)

    return Pass(function.__name__, run)


def _lettered(
    function: Callable[[_Formulas], tuple[list[Formula], dict[str, str]]],
) -> Pass:
    """A pass that puts other letters, and says which."""

    def run(s: Spelling) -> None:
        s.formulas, letters = function(s.formulas)
        s.letters |= letters

    return Pass(function.__name__, run)


def _the_loss(s: Spelling) -> None:
    s.loss = loss_of("\n".join(s.texts))


def _on_in_words(s: Spelling) -> None:
    s.formulas = [on_in_words(f, s.document.source.text) for f in s.formulas]


def _adjoints(s: Spelling) -> None:
    adjoints = Adjoints.of(s.texts, sequences(without_steps(s.marked)))
    s.formulas = [adjoints.written_out(f) for f in s.formulas]
    s.marked = s.texts


def _shorthand(s: Spelling) -> None:
    running = sequences(without_steps(s.marked))
    running |= labelled_sequences(s.marked, running)
    if any(map(by_number, s.marked)):
        running |= sequences([f.latex for f in general_lines(s.formulas)])
    short = Shorthand.of([*s.marked, s.document.sentences], running)
    s.formulas = [short.written_out(as_vectors(f, short.gates)) for f in s.formulas]


def _marked(s: Spelling) -> None:
    s.marked = s.texts


def _pieces(s: Spelling) -> None:
    before = s.texts
    s.formulas, letters = with_names_for_pieces(s.formulas)
    s.letters |= letters
    s.piecewise = s.texts != before


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
    told = general_lines, equations_named_later, labelled_arguments
    soft = [line for lines in told for line in lines(s.formulas)]
    s.formulas = sorted((*soft, *s.formulas), key=lambda f: f.order)


#: What is only typesetting, or stands beside a formula.
TYPESETTING = (
    _each(with_commands_for_characters),
    _each(with_signs_for_text),
    _by_source(with_rows_of_tables),
    _all(without_names_of_norms),
    _each(without_long_blanks),
    _all(with_words_for_classes),
    _each(plainly_typeset),
    _each(without_traces),
    _each(with_kronecker_deltas),
    _each(with_ranges_for_sets),
    _each(without_wrappings),
    _each(with_plain_rows),
    _each(without_ranges_of_entries),
    _each(with_conditions_on_steps),
    _each(with_rows_for_lines),
    _each(with_gaps_behind_matrices),
    _each(as_meant),
    _each(with_commas_for_bars),
    _each(without_labels_of_braces),
    _each(without_braces_of_signs),
    _each(without_what_stands_beside),
    _all(with_labels_for_parts),
    _each(with_shares_for_words),
    _each(with_whole_names),
    _each(with_vectors_for_lists),
    _each(with_whole_fractions),
    _all(going_on),
    _all(with_braces),
    _all(with_lost_marks),
    _each(with_bars_for_slashes),
    _all(with_small_derivatives),
    _all(with_marks_for_bare_partials),
    _all(with_bold_for_arrows),
    _each(with_slopes_taken_at),
    _all(with_slopes_of_names),
    _each(without_limit_signs),
    _each(with_constants_for_orders),
    _all(with_letters_for_slopes),
    _all(with_conditions),
    _by_words(without_convolutions),
)
#: One place for steps, one letter for each index, one transpose, one sign for the loss.
NAMES = (
    _by_words(with_entries_of_one_example),
    _each(with_entries_before_steps),
    _all(with_numbers_of_layers),
    _all(with_entries_for_powers),
    _lettered(with_letters_for_durations),
    _lettered(with_small_letters_for_sums),
    _all(with_vectors_of_gates),
    _lettered(with_layers_for_units),
    _lettered(with_usual_units),
    _all(with_deltas_for_epsilons),
    _all(with_entries_of_gates),
    _lettered(with_labels_for_glued_gates),
    _each(with_picked_entries),
    _all(with_commas_before_steps),
    _all(with_weights_without_steps),
    _all(with_one_example),
    _lettered(with_letters_for_predictions),
    _all(with_names_for_words),
    _all(with_names_for_letters),
    _all(with_the_layer_at_hand),
    _lettered(with_letters_for_primes),
    _all(with_steps_for_dashes),
    _all(with_prev_for_old),
    _all(with_steps_for_prev),
    _all(with_one_input_gate),
    _all(with_entries_beside_steps),
    _all(with_usual_signs),
    _all(with_letters_for_functions),
    _all(with_left_out_steps),
    Pass("with_names_for_pieces", _pieces),
    _all(with_brackets_above),
    _all(with_steps_below),
    _lettered(with_a_letter_for_the_length),
    _lettered(with_the_usual_letters),
    _all(with_one_transpose),
    _all(with_matrices_for_their_columns),
    _lettered(with_bold_for_turned),
    _all(with_the_variable_beside),
    _lettered(with_letters_for_losses),
    _all(with_whole_diagonals),
    _all(with_hats_for_outputs),
    _all(with_softmax),
    _each(without_arguments),
    _all(without_arguments_of_a_step),
)
#: What is written out or joined in one formula.
PRODUCTS = (
    _all(with_blocks_of_states),
    _lettered(with_named_stacks),
    _each(multiplied_out),
    Pass("on_in_words", _on_in_words),
    _each(held_fixed),
    _each(with_norms_for_largest),
    _all(with_entrywise_signs),
    _each(as_written),
    _each(folded),
    _all(with_one_function),
    _all(with_one_face),
    _all(with_one_case),
    _all(with_one_length),
    _all(counted_from_the_end),
    _all(counted_from_their_step),
    _all(with_names_for_numbers),
    _all(with_steps_for_marks),
    _each(plainly_set),
    _each(written_row_by_row),
    _by_words(with_one_name_for_labels),
    Pass("loss_of", _the_loss),
)
#: Gates: stacked ones apart, one line for each, one place for their labels.
GATES = (
    _by_loss(with_stacked_gates),
    _all(with_steps_of_arguments),
    _all(with_its_step),
    _all(with_steps_of_gates),
    _all(for_each_gate),
    _all(with_gate_labels),
    _all(without_labels),
    Pass("loss_of", _the_loss),  # without a label that it had
)
#: What a derivative or a slope is taken of and by.
DERIVATIVES = (
    _by_words(with_plain_brackets),
    _all(with_names_at_the_end),
    _all(with_names_for_applied),
    _all(with_gradients_for_differentials),
    _all(with_derivatives_for_differentials),
    _all(with_sums_for_means),
    _by_loss(with_losses_for_nablas),
    _all(with_arguments_for_sums),
    _all(with_arguments_for_words),
    _all(with_predictions_for_targets),
    _by_words(with_softmax_of_outputs),
    _by_source(with_labelled_functions),
    _by_words(with_the_slope_written),
    _all(with_one_of_two_functions),
    _all(with_outer_products_for_entries),
    _all(with_cells_from_after),
    _all(with_parts_from_later),
    _by_words(with_outer_products),
    _by_loss(with_what_arrives),
    _by_loss(with_gradients_for_updates),
    _by_loss(with_code_marks),
    _all(with_states_for_step_functions),
    _all(by_cases),
    _all(with_own_function),
    _all(with_what_functions_are_of),
    _all(with_lengths),
    _by_loss(with_steps),
    _all(with_influences_written_out),
    _all(with_gradients_of_units),
    _all(with_names_for_gradients),
    Pass("marked", _marked),
)
#: Marks for gradients as the gradients that they are, copies of parameters, the last step.
MARKS = (
    _all(whole_for_bare),
    Pass("adjoints", _adjoints),
    Pass("shorthand", _shorthand),
    _all(with_running_loss),
    _all(copied),
    Pass("last_step_letter", _horizon),
    Pass("last_output", _last_output),
    _all(any_recurrence),
    Pass("general_lines", _general_lines),
)
PASSES: tuple[Pass, ...] = (*TYPESETTING, *NAMES, *PRODUCTS, *GATES, *DERIVATIVES, *MARKS)


def spelt(document: Document, passes: Sequence[Pass] = PASSES) -> Spelling:
    """Every formula of ``document`` in the order of the text, as ``passes`` leave it.

    Each formula keeps, as its ``origin``, what the text has. A pass that breaks off leaves them as
    they were, with a warning: its formulas are then read, or not, as they stand.
    """
    formulas = sorted((*document.formulas, *document.plain), key=lambda f: f.order)
    spelling = Spelling(document, [replace(f, origin=f) for f in formulas])
    for step in passes:
        before = replace(spelling)
        try:
            step.run(spelling)
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            warnings.warn(
                f"an internal error in {step.name} ({error!r}): that notation stays as it is",
                RuntimeWarning, stacklevel=2,
            )  # fmt: skip
            spelling = before
    return spelling
