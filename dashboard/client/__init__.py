"""A reader of the log outside a browser: over the same `/ws` and API, by the same rules.

`server` asks, `course` decides what a frame means, `follower` keeps both going whatever breaks,
`past` reads what was before, `wanted` filters, `lines` makes it fit for a terminal. None of it
touches the database: what it knows came over the wire.
"""
