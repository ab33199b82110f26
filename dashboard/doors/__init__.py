"""Who comes in, and what every request and answer must keep to.

keys      the signed cookie, one-time links and form tokens
secret    where the key for them comes from
visitor   who asks, and what they may do
attempts  how often a login may fail
gate      the middleware around everything: host names, other sites, login, headers, the prefix
"""
