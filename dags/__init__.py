"""What runs when: one DAG a file, thin as a table of contents. All work is done by jobs/ and training/."""
