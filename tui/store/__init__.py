"""The live state of a host: pure reducers, and the feed that drives them from an engine."""
