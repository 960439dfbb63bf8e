"""The endpoints, one file each; the only modules that speak to a model."""
