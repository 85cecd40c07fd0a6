"""A run directory: what each stage writes, and when the stage is complete.

artifacts       every file name of a run, spelled once
run_directory   the folder of a run and of its stages
manifest        what a complete stage records about itself
stage_writer    writes a stage: temporary names, then final names, then the manifest
task_output     the file and the result of one task
token_account   read = kept + out of vocabulary + subsampled + dropped
sentence_files  Parquet files of tokenized sentences
output_folder   a single stage in a folder of its own
model_reference STORE/NAME@VERSION as a location
"""
