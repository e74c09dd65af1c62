# %% [markdown]
# # A table of the paper
#
# Tables 1 (baselines) and 2 (every other network and augmentation): the share of a class that is still called so (TPR),
# and of the others that is (FPR), on unfiltered photographs and on photographs of which only the class's dominant
# frequencies are kept. Table 3: TPR of every class on the test photographs and in every rendition, also from controls
# of the same size. As published, nothing stands at the other frequencies (fill `zeros`). Mean and standard deviation
# over seeds.

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
