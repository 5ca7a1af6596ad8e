"""Notations that documents share, brought to the one that is read: a module for each of them."""
