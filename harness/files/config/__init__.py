"""The experiment file: from YAML with its positions to an Experiment, or every fault at its line."""
