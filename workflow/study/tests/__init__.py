"""The tests of networks, one module each: runs, inputs and settings, what it measures and joins, tables, figures.

A module binds `TEST`. `network_tests.TESTS` finds all modules of this folder; what several tests share is elsewhere.
An import of what is slow stands in the function that needs it, since Snakemake imports all tests when it starts.
"""
