"""Vectors in the formats of other systems, to write and to read.

    table ─▶ chosen words ─▶ blocks ─▶ one writer a format ─▶ drafts ─▶ files under their names
    file ─▶ opened (which format is it?) ─▶ table

Every format is a module with `write` and, but for the projector's, `read`. A token that a format cannot hold is left
out and counted, never written in part.

    from w2v_core.vectors.formats.formats import export
    from w2v_core.vectors.formats.detect_format import open_table

    export(open_table("glove.txt"), "parquet", "glove.parquet")
"""
