"""What can be chosen, stated once: fields of dataclasses from which command lines, files and tables are made.

Nothing heavy is imported here, so that `--help` is quick.
"""
