"""Which frequencies each class needs: all pairs are removed in turn, one at a time."""
