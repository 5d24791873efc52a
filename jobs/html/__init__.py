"""A page from its parsed markup to Markdown, as compiled functions over a table of its nodes."""
