"""How fast it is: `make bench` measures, and writes results/bench and three pages of docs."""
