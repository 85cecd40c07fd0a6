"""Files of every kind to rows of text.

splits               input locations to files, and files to splits that tasks read
lines, utf8          bytes to lines
columns              a column of Parquet or JSON lines
orc, avro, mediawiki  the other formats
nested_columns       a field of a column, named by a path
dictionary_decoding  dictionary columns to text, some rows at a time
wiki_extractor       the `<doc>` lines and entities of WikiExtractor
block                some rows on their way to tokens
"""
