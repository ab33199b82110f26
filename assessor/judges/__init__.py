"""Second opinions on how a session went, off by default: each is compared with a person's labels before it is believed.

judgement    what a judge says of a session
insights     what Claude Code's /insights wrote down
model        a language model that reads the session
excerpt      a session as a text of bounded length
agreement    a judge beside a person's labels: how far it is believed
hearing      every session judged, and what of it counts
"""
