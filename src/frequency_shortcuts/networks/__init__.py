"""Networks: architectures, weights, training, predictions."""
