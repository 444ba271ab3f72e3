// A target needs a file; the headers are what it is there for.
