"""What screens show, as plain Python: no Textual, no input or output."""
