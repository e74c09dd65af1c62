"""Typeset tables, the pictures of benchmarks, and what the notebooks of figures share."""
