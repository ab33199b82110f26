"""A folder for PYTHONPATH: every Python below it notes in the file GROOVE_TEST_CONTACTS where it connects to and which names it looks up.

sitecustomize  the hook, which Python imports when it starts
"""
