"""The only training loop, with its settings, averages and checkpoints."""
