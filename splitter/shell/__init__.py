"""Shell scripts read without being run: parsed by tree-sitter-bash, evaluated where that is safe."""
