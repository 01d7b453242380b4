"""Turn claims into diverse, faithful captions and datasets of them."""
