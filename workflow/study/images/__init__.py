"""Images that the study draws besides those of its sources."""
