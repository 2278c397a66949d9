"""The figures in the README and how to get them again."""
