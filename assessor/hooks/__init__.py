"""The experiment inside the assistants that people use: their hooks, put into their settings and taken out again.

groove_hook   the hook's own process: one file of the standard library, copied to where the settings name it
assistants    per assistant: where its settings lie, and the hook's entries in them
json_text     entries in and out of a JSON text that otherwise stays as it is
installation  what an installation changes, and the change made
runs          what session files show of the hook
"""
