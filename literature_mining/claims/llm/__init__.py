"""Claims by a language model: windows of text go out, answers come back, and every field of an answer is checked."""
