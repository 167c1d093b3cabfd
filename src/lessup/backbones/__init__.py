"""Networks that several methods share, each with named feature layers."""
