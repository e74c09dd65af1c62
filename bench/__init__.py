"""How fast it is (`make bench`), and what README and docs say of results (`make gallery`, `make statistics`)."""
