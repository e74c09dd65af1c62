"""Does a network follow something that is not the object? Parts of images that are given to others, and the test."""
