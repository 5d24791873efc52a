"""PyTorch and DeepSpeed: from token shards to an evaluated model."""
