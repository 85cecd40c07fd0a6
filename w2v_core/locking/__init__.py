"""One process at a time works in a folder.

lease             a claim in a folder that ends when its holder stops renewing it
heartbeat         renews a lease from a thread
process_identity  whether a process that held a lease still runs
"""
