"""Networks: architectures, weights, predictions."""
