"""Images with their classes, as everything here reads them: splits, stores, pictures in files, artefacts."""
