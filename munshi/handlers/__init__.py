"""Do it, or answer it: a `Turn` in, a `Reply` out."""
