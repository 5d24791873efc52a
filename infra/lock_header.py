"""Puts the reasons of a requirements.in before the resolved versions; `make lock` calls it with both on its input."""

import sys

lines = sys.stdin.read().splitlines()
reasons = [line for line in lines if "#" in line]
pins = [line for line in lines if "==" in line and "#" not in line]
print("# Written by `make lock` from the requirements.in beside it; every version that runs is pinned here.")
print("# Direct dependencies, and why each is there:")
print("\n".join("#   " + line.lstrip("# ") for line in reasons))
print("\n".join(pins))
