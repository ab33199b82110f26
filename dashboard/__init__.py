"""The dashboard, `groove web`: pages about learnings, sessions and work, made on the server, and what people decide there.

It asks the store's public API, the ledger, and the operations that the commands use. Templates lie in `templates/`, what browsers
fetch beside the pages in `static/`.

serving      the process: listens, ends at once when told to
application  which address is which page
pages/       what each page asks, and the actions
charts/      pictures as SVG
look         templates and static files
words        numbers, times and states for people
asked        one request: query, form, answer
batches      decisions made together, for taking back
transcript   what was said in a session, with the uses highlighted
live         the event stream that tells of news
sources      store and ledger
doors/       who comes in
"""
