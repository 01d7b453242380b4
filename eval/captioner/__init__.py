"""What a captioner says, checked: grounding of its sentences, its figures, and the baselines beside them."""
