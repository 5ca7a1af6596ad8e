"""What a document says of its names, by its equations and its words, before any model is built."""
