"""The findings of the study: definitions, evidence, verdicts, published numbers."""
