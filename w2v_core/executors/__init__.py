"""What runs the tasks of a stage. Every executor gives the same bytes.

base           the protocol: run a task a part, shuffle rows by key, return rows
local          processes of this machine; no Java
in_process     as local, in this process, timed; for plans and tests
spark          a Spark session
choose         which of the two, from the settings
shuffle_files, temporary_folder, partitioning, worker_process, local_worker   parts of `local`
catalog                                                     tables of a catalog as input
spark_catalog, java, spark_errors                           parts of `spark`
"""
