"""The passes in their order, a table for each stage of the way."""
