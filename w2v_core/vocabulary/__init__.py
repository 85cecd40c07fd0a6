"""Tokens to words with ids.

word_counts      exact counts, in two steps around a shuffle
hash_partition   tables of counts on their way through the shuffle
vocabulary       ids, keep probabilities and noise probabilities
word_index       words to ids, by a memory-mapped hash table
base_vocabulary  an earlier vocabulary that this one extends
noise            the distribution that negative words are drawn from
"""
