"""A drawn cortex with known truth, sample papers about it, and the command that takes both through every stage."""
