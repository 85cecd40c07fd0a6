"""Neighbours that occur together more often than chance has it, joined into one token: word2vec's word2phrase."""
