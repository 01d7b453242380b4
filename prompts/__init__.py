"""Jinja templates of captions and the loader that validates them."""
