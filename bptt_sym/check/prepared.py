"""The formulas of a document in the spelling that is read, and what the whole of it tells."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.both_ways import compared_both_ways
from bptt_sym.check.context import Context, first_steps, said_lengths
from bptt_sym.check.example_values import given_values
from bptt_sym.check.in_rows import shown_in_rows
from bptt_sym.check.slopes import said_identities, said_linear, said_nonlinear, sloped
from bptt_sym.decide.readings import OWN_STEP
from bptt_sym.decide.through_output import leaves_out_cells
from bptt_sym.definitions.joined_networks import joined_network
from bptt_sym.definitions.losses import both_means_and_sums, gives_a_mean
from bptt_sym.definitions.said_sizes import SaidSizes
from bptt_sym.documents.document import Document, Formula
from bptt_sym.documents.prose import (
    column_gradients,
    counts_from_zero,
    last_step_said,
    row_gradients,
)
from bptt_sym.spelling.copies import without_steps
from bptt_sym.spelling.deltas import runs_back
from bptt_sym.spelling.passes import spelt


def prepared(document: Document) -> tuple[list[Formula], Context]:
    """The formulas in the order of the document, and what they tell together."""
    spelling = spelt(document)
    everything, texts = spelling.formulas, spelling.marked
    context = Context.of(without_steps([f.latex for f in everything]), document.sentences)
    context.first = first_steps((f.latex, f.section) for f in everything)
    context.only_d = not any("partial" in t or "∂" in t or "nabla" in t for t in texts)
    context.stated = both_means_and_sums(texts) | runs_back(texts)
    context.stated |= row_gradients(
        document.sentences, (f.latex for f in (*document.formulas, *document.plain))
    )
    context.in_columns = column_gradients(document.sentences)
    context.stated |= leaves_out_cells(f.latex for f in everything)
    if spelling.piecewise and any("nabla" in t for t in texts):
        # The gradient of a step by what stands in its equation, as those of its pieces are.
        context.stated |= {OWN_STEP.code}
    context.marks = any(f.delta for f in everything)
    context.letters = spelling.letters
    context.joined = joined_network(spelling.letters, [f.latex for f in everything])
    context.from_zero = counts_from_zero(document.source.text)
    context.last_step_said = last_step_said(document.source.text)
    context.sizes = SaidSizes.of(document.told)
    context.sloped = sloped(texts)
    context.curved = said_nonlinear(document.told)
    context.straight = said_linear(document.told)
    context.both_ways = compared_both_ways(f.latex for f in everything)
    context.given = given_values(everything)
    context.in_rows = shown_in_rows(texts)
    context.lengths = said_lengths(document.told) | spelling.lengths
    context.wording = replace(context.wording, mean=gives_a_mean(texts))
    context.identities |= said_identities(document.told)
    return everything, context
