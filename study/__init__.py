"""`make study`: the classic answers and tests, measured on every protocol, as pages in scenarios/studies."""
