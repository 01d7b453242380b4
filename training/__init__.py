"""Adapt CLIP to image-caption pairs that only the label connects, and learn to reject what was never seen."""
