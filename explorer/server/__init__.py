"""The local web page: an application of FastAPI over one store."""
