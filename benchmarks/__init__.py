"""What the simulator costs, as ratios measured within one process."""
