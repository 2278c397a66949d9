"""The tests, a room a folder."""
