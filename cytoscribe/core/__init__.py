"""The ground that every stage builds on: records, tables, run folders, options, errors and progress."""
