"""How the networks of the study are trained."""
