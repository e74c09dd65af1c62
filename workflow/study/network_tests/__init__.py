"""The tests of networks, one module each: its files and columns, its runs, its settings, its script.

`registry.TESTS` holds them all. The rules (`rules/testing.smk`), the outputs of a study, the joined tables and
`results/README.md` ask it.
"""
