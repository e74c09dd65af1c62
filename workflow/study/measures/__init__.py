"""What the study measures beside the tests of the library, and how its benchmarks are judged."""
