"""A run as one HTML page that opens from a disk, with no network.

    RunDir ──read_facts──▶ Facts ──────┐
    vectors ─word_map────▶ WordMap ────┴──page──▶ bytes of report.html

    markup      elements whose text is escaped where it enters
    escape      text as people may safely see it
    chart       numbers to an inline SVG
    corpus, training, scores, comparison, explorer, settings    a section of the page each

The page holds all it needs: its style, its program, the words, where they stand on the map, and their neighbours,
but no vectors. Its content security policy allows that program, that style, and nothing else.
"""
