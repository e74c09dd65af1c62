"""Where images come from: a module each, which `registry` finds and all other modules ask."""
