"""The captioner: an image goes in; a description of its region, or "unseen", comes out."""
