"""Whole-or-nothing files, tables, and the journal of unfinished work."""
