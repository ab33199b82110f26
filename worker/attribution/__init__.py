"""One session and one learning become one record: layers 1 and 2, without input or output.

prepare          transcript and learnings -> a bundle: chunks, vectors, evidence
bundle           a prepared session: all that its learnings' tasks need
bundle_codec     a bundle's arrays and texts as bytes
assignments      which learnings were injected, which withheld, with what chance
attributor       a learning and a bundle -> its record
second_look      a language model reads what may be a use (optional)
judge_memory     what it said before, and what it has cost today
fit_calibration  fits layer 1's probability to labelled sessions
"""
