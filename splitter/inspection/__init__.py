"""An image to facts: what it starts, what its parts need of each other, what was seen while it ran."""
