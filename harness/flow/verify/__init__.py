"""Every figure of summary.json once more, from the plain lines on disk, by code that the summary was not made with."""
