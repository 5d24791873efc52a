"""Spark jobs: from the crawl to token shards."""
