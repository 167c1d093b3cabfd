"""Bytes on disk to plain arrays and back, one format a module. Everything read is hostile until checked."""
