"""The HRM-JEPA model. Nothing is here yet."""
