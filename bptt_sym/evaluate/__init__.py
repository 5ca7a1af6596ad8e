"""Generated code: programs, their adjoints, and the backends that run them."""
