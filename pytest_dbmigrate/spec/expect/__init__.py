"""One module per kind of expectation: how its value is written, and how it is judged."""
