"""One self-contained page from run folders."""
