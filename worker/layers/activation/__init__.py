"""Layer 1: did the session use the learning, how sure is that, and where?

chunks           what the assistant wrote and did, in pieces
calls            what a call of any assistant's tools ran, wrote and named
fences           fenced blocks of a text
wording          what a learning asks for
ngrams           runs of letters as a sparse vector: how alike two wordings are
common_words     how rare a word is
nearness         how near texts and learnings come to each other, where the session is prepared
background       rules of any project, the measure of what nearness is worth
looks            how a piece of code is recognised in a text
known_tools      programs that a learning may name without quotes
conventions      conventions of commit messages
named_code       the commands, calls and paths that a learning names
reading          commands and calls that only read or search
searchable_text  a session's texts made ready to be searched for them
evidence         a session's chunks and nearness as arrays, enough to judge any of its learnings
conduct_asked    conduct that a learning asks for
conduct_shown    conduct that a session shows, by the order and kinds of its calls
traces           whether the use of a learning leaves a trace at all
features         the evidence for each learning, as a few numbers
references       named code found again, quoted
contamination    a learning's text standing in the context, which is not use
calibration      numbers -> a probability (calibration.json: the shipped weights)
detector         evidence -> Activation, calibrated or raw
history          how much oftener a learning is used than its evidence lets expect, from labels
fitting          logistic regression for `groove calibrate`
quality          how well probabilities separate and fit: area, average precision, calibration error
"""
