"""The command line: one small file for each group of commands; ``lifeboat --help`` lists them."""
