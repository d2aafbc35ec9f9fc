"""The network: directed links, each with its own behaviour, and the cuts between them."""
