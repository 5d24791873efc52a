"""Pure functions from a crawl file to the text of its pages; no Spark, no lake."""
