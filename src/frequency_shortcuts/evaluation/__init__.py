"""Tests of networks and maps, and what they say."""
