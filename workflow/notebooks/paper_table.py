# %% [markdown]
# # A table of the paper

# %% tags=["parameters"]
csv = over_seeds = ood = verdicts = ""
chosen: list[list[str]] = []

# %%
from frequency_shortcuts.findings import paper_tables
from frequency_shortcuts.storage.tables import read_table, write_table

if ood:
    table = paper_tables.by_rendition(read_table(ood), read_table(verdicts))
else:
    table = paper_tables.rates_over_seeds(read_table(over_seeds), chosen)
write_table(table, csv)
table
