"""Tests of networks and maps, and their verdicts."""
