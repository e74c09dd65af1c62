"""How fast it is: `make bench` measures, writes results/bench, docs/performance.md and the README's table."""
