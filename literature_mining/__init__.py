"""Read papers; extract cytoarchitectonic claims per region, each grounded in a sentence on a page."""
