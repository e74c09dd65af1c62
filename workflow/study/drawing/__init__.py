"""What the notebooks draw, one module for several kinds of figures, and typeset tables."""
