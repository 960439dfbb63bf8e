"""The command line: composes the steps, holds no logic."""
