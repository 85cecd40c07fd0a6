"""Bytes and files, on a disk or in an object store.

filesystem    folders and streams of every file system that PyArrow opens
atomic_write  a group of files that appear together
npy, parquet  arrays and tables in files
word_list     one word a line
credentials   keeps secrets out of files and messages
events        what the library logs, and about which run and stage
"""
