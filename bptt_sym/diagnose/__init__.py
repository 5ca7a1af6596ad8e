"""Why a formula is wrong: the catalogue of edits, and the search for one that makes it right."""
