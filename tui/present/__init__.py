"""What a row says: record to cells, units, glyphs and words; pure."""
