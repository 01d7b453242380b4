"""Sentences whose claims are known by construction: frames with slots, words for the slots, relations between readings."""
