"""How fast it is: `make bench` measures, writes results/bench, two pages of docs and the README's table."""
