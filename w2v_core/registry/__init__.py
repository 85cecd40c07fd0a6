"""Where finished runs are published: versions that never change, one of which is the current one.

    STORE/<name>/v1/, v2/, …         a run directory without its text: run.json, vocab/, vectors/, reports/
        version.json                 written last: what it was made of, and every file's size and SHA-256
    STORE/<name>/current             which version readers take, and those that were taken before; replaced whole
    STORE/<name>/lease/              who is publishing (`w2v_core.locking.lease`); readers never look

    from w2v_core.registry.store import ModelStore
    from w2v_core.runs.run_directory import RunDir

    model = ModelStore("s3://bucket/store").model("news")
    model.publish(RunDir.open("my-run"))
    WordVectors.load("s3://bucket/store/news@current")

`record` is version.json, `copy` what a version's files come by, `rotated` vectors laid along another version's axes.
"""
