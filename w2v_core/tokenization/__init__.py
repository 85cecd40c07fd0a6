"""Rows of text to sentences of tokens.

task                 one task: splits in, one Parquet part out
sentences            lines to sentences
normalize            Unicode normal form, case, accents, digits
fold_addresses       URLs and e-mail addresses to one token each
tokenizers           lines to tokens
filters              stop words, and tokens that are too short or too long
tokenizer_resources  files that the settings name
"""
