"""Where each application keeps its store: data, and pure functions over a home directory."""
