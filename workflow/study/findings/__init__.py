"""The findings of the study: definitions, numbers, intervals and words of its claims."""
