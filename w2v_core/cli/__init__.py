"""The command `w2v`: parse arguments, call `pipeline`, print. One module a command in `commands`."""
