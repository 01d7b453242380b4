"""Jinja templates of captions, by task and style, and the loader that validates them."""
