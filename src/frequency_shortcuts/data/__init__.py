"""Data sets: synthetic and planted ones, stores, folders, renditions."""
