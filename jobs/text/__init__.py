"""Pure functions over page text: normalisation, hashing, languages; no Spark, no lake."""
