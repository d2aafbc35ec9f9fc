"""What the leader is for: one use case, one file."""
