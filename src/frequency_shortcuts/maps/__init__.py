"""Maps of frequencies: ADCS, dominant frequency maps, and the methods that find them."""
