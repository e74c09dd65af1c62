"""The shortcut test of the maps of one network on another, of all planned pairs in one job."""

from ..description import NetworkTest

TEST = NetworkTest(
    runs=lambda plan: plan.transfer_targets(),
    outputs={"hits": "tests/transfer_hits.h5", "transfer": "tests/transfer.csv"},
    wildcards=lambda plan: [{}] if plan.transfers() else [],
    tables={"transfer": None, "transfer_advantage": None, "transfer_cross_matrix": None},
    order=5,
)
