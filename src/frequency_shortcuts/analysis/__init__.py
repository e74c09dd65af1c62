"""One call from a network and images to maps, tests and verdicts."""
