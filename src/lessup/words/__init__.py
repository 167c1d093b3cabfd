"""What word vectors are learnt with: which words are drawn how often, codes of words, and the loops over pairs."""
