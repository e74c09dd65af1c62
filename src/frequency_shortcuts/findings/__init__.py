"""What the study finds: definitions, evidence, judgement, published numbers."""
