"""The decisions behind rules and scripts, in plain Python: the plan, the checks, the code that a step runs."""
