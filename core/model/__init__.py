"""Values: frozen, typed, no input or output. Every other room may import them."""
