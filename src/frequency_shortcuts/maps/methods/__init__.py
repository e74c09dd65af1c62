"""Methods that find the frequencies a network uses."""
