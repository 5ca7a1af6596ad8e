"""Checking what people wrote: documents, answers, and the verdict of each formula in them."""
