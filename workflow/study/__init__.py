"""What rules and scripts need to decide, in plain Python: the plan, the checks, the code that a step runs."""
