"""Leases: leadership that ends by itself unless it is renewed (Gray and Cheriton, "Leases", SOSP 1989).

One package for each way to keep one; what their contenders have in common is in `holder`.
"""
