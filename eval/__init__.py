"""Say honestly how good a model, its captions and its rejection are."""
