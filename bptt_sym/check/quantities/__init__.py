r"""Formulas beside the recurrences of a document: quantities without time.

Notes on recurrent networks warm up with :math:`y = u^5`, one neuron, a network of two layers. A
model without time is a computation graph of named quantities. It is put to the same court as a
recurrence: one step, at which every quantity is computed from those before it and from what
nothing defines.
"""
