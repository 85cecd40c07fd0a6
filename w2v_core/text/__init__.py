"""Files to sentences of tokens.

inputs        paths, folders, globs, URIs ─▶ splits: ranges of bytes that tasks read
detect_format    the first bytes of a file ─▶ its format, by compression, json_shape, csv_header, foreign_formats
lines         a split of text ─▶ blocks of lines, every line of a file in exactly one split
columns       a split of a table ─▶ blocks of texts, or of token lists that are ready: Parquet and JSON lines
orc, avro, arrow_ipc, csv_rows    the same from these files
mediawiki     a split of a dump ─▶ articles as running text
sentences     a line ─▶ sentences, where asked
normalize     one spelling: URLs folded, normal form, accents, case, digits
tokenizers    lines ─▶ tokens, one idea a file
filters       stop words, tokens too short or too long
tokenize_part    all of these on a list of splits ─▶ one Parquet part and its account
"""
