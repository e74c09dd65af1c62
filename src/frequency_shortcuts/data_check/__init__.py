"""What the images alone say: facts of files, likely causes, and which files carry them."""
