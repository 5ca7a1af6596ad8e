"""Theorems from a small kernel: the catalogue, proofs that read, certificates that replay."""
