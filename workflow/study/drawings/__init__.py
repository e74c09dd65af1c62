"""The figures that only the study draws."""
