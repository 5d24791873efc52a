"""Questions with known answers: generated ones, files of published ones, and the figures over graded answers."""
