"""Reports as files: values in, bytes out. Nothing here asks a database."""
