"""The corpus report: figures read from the lake, charts as geometry, templates that draw both on one HTML page."""
