"""What this repository's own run needs. The plugin itself comes by its entry point."""

pytest_plugins = ["pytester"]
