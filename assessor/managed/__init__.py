"""The managed file: learnings that the hook or a switchback gives out, moved there from a rules file and back.

adopting    what a move changes, and the change made: all of it, or none
moving      a rules file's pieces as blocks of the managed file, and the rules file without them
records     what a move was, kept so that it can be undone
restoring   a rules file as it was, with the edits that were made since
switchback  rules files that are written anew for each period: for assistants without hooks
periods     the sessions that began in such a period, and what they were given
writing     files that people edit too: read, written whole, one change at a time
merge       edits of a text without some lines, carried over to the text with them
"""
