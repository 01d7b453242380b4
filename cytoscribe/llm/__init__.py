"""Language models behind one small interface: a server by URL, vLLM in this process, transformers in this process."""
