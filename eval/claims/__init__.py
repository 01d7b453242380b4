"""What papers state against what was measured, claim by claim."""
