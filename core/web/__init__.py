"""Pages of the core, and the language that every page speaks: shell, components, figures."""
