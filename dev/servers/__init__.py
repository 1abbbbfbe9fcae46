"""Servers for tests and for ``dev run``: real ones, on loopback, ended by their own process id."""
