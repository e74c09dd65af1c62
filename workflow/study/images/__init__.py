"""Images that the study draws or downloads."""
