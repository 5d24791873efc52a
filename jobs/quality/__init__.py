"""Great Expectations on what stages write: a suite per dataset, run after the write and before it is published."""
