"""The managed file: learnings that the hook gives out, moved there from a rules file and back.

learnings_file  the file's text: one block a learning, named by a comment
moving          a rules file's pieces as blocks of it, and the rules file without them
records         what a move was, kept so that it can be undone
restoring       a rules file as it was, with the edits that were made since
merge           two edits of one text, brought together or shown where they contradict
"""
