"""Munshi: the clerk who keeps a shop's books and answers at its counter."""

__version__ = "0.1.0"
