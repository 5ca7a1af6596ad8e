r"""The formulas of a document in the spelling that is read, and what the whole of it tells.

Everything that one formula needs to know of the others to be spelt out is gathered here: the marks
for gradients, the copies of parameters, the letter of the last step.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.context import Context, first_steps, said_lengths
from bptt_sym.check.in_rows import shown_in_rows
from bptt_sym.check.slopes import said_identities, sloped
from bptt_sym.definitions.bound_names import SaidSizes
from bptt_sym.definitions.completion import labelled_sequences, sequences
from bptt_sym.definitions.instances import general_lines
from bptt_sym.definitions.losses import both_means_and_sums, gives_a_mean, whole_for_bare
from bptt_sym.documents.document import Document, Formula
from bptt_sym.documents.prose import last_step_said
from bptt_sym.documents.respelling import without_long_blanks
from bptt_sym.spelling.adjoints import Adjoints
from bptt_sym.spelling.backwards import counted_from_the_end
from bptt_sym.spelling.before_activation import with_arguments_for_words
from bptt_sym.spelling.below_the_sign import with_the_variable_beside
from bptt_sym.spelling.beside_formulas import without_what_stands_beside
from bptt_sym.spelling.block_products import multiplied_out
from bptt_sym.spelling.braces import without_labels_of_braces
from bptt_sym.spelling.cases import by_cases
from bptt_sym.spelling.code_marks import with_code_marks
from bptt_sym.spelling.column_equations import written_row_by_row
from bptt_sym.spelling.copies import copied, without_steps
from bptt_sym.spelling.corners import folded
from bptt_sym.spelling.counting import last_step_letter, with_horizon, with_one_length
from bptt_sym.spelling.deltas import runs_back
from bptt_sym.spelling.diagonals import with_whole_diagonals
from bptt_sym.spelling.differentiated_targets import with_predictions_for_targets
from bptt_sym.spelling.each_gate import for_each_gate
from bptt_sym.spelling.early_names import counted_from_their_step
from bptt_sym.spelling.entrywise_signs import with_entrywise_signs
from bptt_sym.spelling.exported import as_meant
from bptt_sym.spelling.from_above import (
    with_outer_products,
    with_parts_from_later,
    with_what_arrives,
)
from bptt_sym.spelling.gate_labels import with_gate_labels
from bptt_sym.spelling.handwriting import as_written
from bptt_sym.spelling.held import held_fixed, with_one_function
from bptt_sym.spelling.labelled_steps import with_steps_of_gates
from bptt_sym.spelling.largest import with_norms_for_largest
from bptt_sym.spelling.last_output import LastOutput
from bptt_sym.spelling.lengths import with_lengths
from bptt_sym.spelling.loss_arguments import without_arguments, without_arguments_of_a_step
from bptt_sym.spelling.loss_labels import without_labels
from bptt_sym.spelling.loss_words import with_letters_for_losses
from bptt_sym.spelling.matrix_entries import with_outer_products_for_entries
from bptt_sym.spelling.nested_scripts import with_entries_beside_steps
from bptt_sym.spelling.numbered_words import with_names_for_numbers
from bptt_sym.spelling.one_face import with_bold_for_arrows, with_one_face
from bptt_sym.spelling.own_function import with_own_function
from bptt_sym.spelling.running_loss import with_running_loss
from bptt_sym.spelling.said_before import with_conditions
from bptt_sym.spelling.shorthand import Shorthand, loss_of, with_names_for_gradients
from bptt_sym.spelling.signs import with_one_transpose, with_usual_signs
from bptt_sym.spelling.single_step import with_its_step
from bptt_sym.spelling.stacked import with_stacked_gates
from bptt_sym.spelling.step_letters import with_the_usual_letters
from bptt_sym.spelling.stepless import with_steps
from bptt_sym.spelling.steps import with_brackets_above, with_steps_below
from bptt_sym.spelling.tending import without_limit_signs
from bptt_sym.spelling.true_class import with_one_name_for_labels
from bptt_sym.spelling.typography import on_in_words, plainly_set
from bptt_sym.spelling.unbraced_labels import with_braces
from bptt_sym.spelling.unit_gradients import with_gradients_of_units
from bptt_sym.spelling.units import as_vectors
from bptt_sym.spelling.which_slope import (
    with_labelled_functions,
    with_one_of_two_functions,
    with_softmax_of_outputs,
    with_the_slope_written,
)
from bptt_sym.spelling.written_softmax import with_softmax


def prepared(document: Document) -> tuple[list[Formula], Context]:
    """The formulas in the order of the document, and what they tell together."""
    everything = sorted((*document.formulas, *document.plain), key=lambda f: f.order)
    everything = [replace(f, origin=f) for f in everything]
    everything = [without_labels_of_braces(as_meant(without_long_blanks(f))) for f in everything]
    everything = [without_what_stands_beside(f) for f in everything]
    everything = with_bold_for_arrows(with_braces(everything))
    everything = with_conditions([without_limit_signs(f) for f in everything])
    everything = with_brackets_above(with_usual_signs(with_entries_beside_steps(everything)))
    everything, letters = with_the_usual_letters(with_steps_below(everything))
    everything = with_one_transpose(everything)
    everything, words = with_letters_for_losses(with_the_variable_beside(everything))
    everything = with_softmax(with_whole_diagonals(everything))
    everything = without_arguments_of_a_step([without_arguments(f) for f in everything])
    everything = [multiplied_out(f) for f in everything]
    everything = [held_fixed(on_in_words(f, document.source.text)) for f in everything]
    everything = with_entrywise_signs([with_norms_for_largest(f) for f in everything])
    everything = with_one_face(with_one_function([folded(as_written(f)) for f in everything]))
    everything = counted_from_the_end(with_one_length(everything))
    everything = with_names_for_numbers(counted_from_their_step(everything))
    everything = [written_row_by_row(plainly_set(f)) for f in everything]
    everything = with_one_name_for_labels(everything, document.words)
    loss = loss_of("\n".join(f.latex for f in everything))
    everything = with_its_step(with_stacked_gates(everything, loss))
    everything = for_each_gate(with_steps_of_gates(everything))
    everything = without_labels(with_gate_labels(everything))
    loss = loss_of("\n".join(f.latex for f in everything))  # without a label that it had
    everything = with_predictions_for_targets(with_arguments_for_words(everything))
    everything = with_softmax_of_outputs(everything, document.words)
    everything = with_labelled_functions(everything, document.source.text)
    everything = with_one_of_two_functions(with_the_slope_written(everything, document.words))
    everything = with_parts_from_later(with_outer_products_for_entries(everything))
    everything = with_what_arrives(with_outer_products(everything, document.words), loss)
    everything = with_code_marks(everything, loss)
    everything = with_lengths(with_own_function(by_cases(everything)))
    everything = with_steps(everything, loss)
    everything = with_names_for_gradients(with_gradients_of_units(everything))
    texts = [f.latex for f in everything]
    everything = whole_for_bare(everything)
    adjoints = Adjoints.of([f.latex for f in everything], sequences(without_steps(texts)))
    everything = [adjoints.written_out(f) for f in everything]
    texts = [f.latex for f in everything]
    running = sequences(without_steps(texts))
    running |= labelled_sequences(texts, running)
    short = Shorthand.of([*texts, document.words], running)
    everything = [short.written_out(as_vectors(f, short.gates)) for f in everything]
    everything = copied(with_running_loss(everything))
    letter = last_step_letter([f.latex for f in everything], document.source.text)
    if letter:
        everything = [with_horizon(f, letter) for f in everything]
    runs = sequences([f.latex for f in everything])
    walked = LastOutput.of(everything, runs)
    everything = LastOutput.written(everything, runs)
    everything = sorted((*general_lines(everything), *everything), key=lambda f: f.order)
    context = Context.of(without_steps([f.latex for f in everything]), document.words)
    context.first = first_steps((f.latex, f.section) for f in everything)
    context.only_d = not any("partial" in t or "∂" in t or "nabla" in t for t in texts)
    context.stated = both_means_and_sums(texts) | runs_back(texts)
    context.marks = any(f.delta for f in everything)
    context.letters = letters | words
    context.last_step_said = last_step_said(document.source.text)
    context.sizes = SaidSizes.of(document.source.text)
    context.sloped = sloped(texts)
    context.in_rows = shown_in_rows(texts)
    context.lengths = said_lengths(document.source.text)
    if walked.names and walked.number:
        context.lengths |= {int(walked.number)}
    context.wording = replace(context.wording, mean=gives_a_mean(texts))
    context.identities |= said_identities(document.source.text)
    return everything, context
