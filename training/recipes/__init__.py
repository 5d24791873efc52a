"""Recipes: each is a function that returns complete settings of every training stage. A variant is one more entry."""

from collections.abc import Callable

from training.config import Recipe
from training.recipes.math_1b import math_1b
from training.recipes.math_7b import math_7b
from training.recipes.tiny import tiny

RECIPES: dict[str, Callable[[], Recipe]] = {"tiny": tiny, "math_1b": math_1b, "math_7b": math_7b}
