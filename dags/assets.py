"""The datasets that start DAGs, in flow order. An update's `extra` carries the version that was made."""

from airflow.sdk import Asset

PAGES = Asset("pages", group="corpus")
MATH_PAGES = Asset("math_pages", group="corpus")
SHARDS = Asset("shards", group="corpus")
BASE_MODEL = Asset("base_model", group="models")
ALIGNED_MODEL = Asset("aligned_model", group="models")
