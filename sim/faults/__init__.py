"""Faults as data, and the nemesis that applies them."""
