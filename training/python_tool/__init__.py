"""Python that a model wrote, run where it can do no harm: in bubblewrap, under a system-call filter and hard limits."""
