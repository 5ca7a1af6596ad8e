"""Documents: the formulas of a text in any format, each with its file, line and column."""
