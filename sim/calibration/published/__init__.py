"""What others published, as numbers with their sources; one module for each publication."""
