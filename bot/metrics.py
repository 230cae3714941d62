"""What `/metrics` tells an operator beside what Python itself tells. No figure names a person, a place or a text."""

from prometheus_client import Counter, Gauge, Histogram

TURNS = Counter("hoctap_turns_total", "Turns that are done.")
TURN_SECONDS = Histogram(
    "hoctap_turn_seconds",
    "How long the slowest turn of a batch waited until it was committed.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
SET_ASIDE = Counter("hoctap_turns_set_aside_total", "Turns that could not be done: their people got an apology.")
WAITING = Gauge("hoctap_updates_waiting", "Updates in the inbox that are not answered yet.")
OUTBOX = Gauge("hoctap_outbox_depth", "Letters still to be sent, or to be read on the web; no notices.", ["channel"])
OUTSIDE = Gauge(
    "hoctap_letters_outside_window",
    "Letters that wait for their reader's next word: the channel takes none.",
    ["channel"],
)
PASSED_OVER = Counter(
    "hoctap_letters_passed_over_total", "Letters that wait for another version, which can read them.", ["channel"]
)
UNKNOWN = Counter("hoctap_unknown_updates_total", "Updates of a kind that this version does not know.", ["channel"])
TOKEN_EXPIRES = Gauge(
    "hoctap_channel_token_expires",
    "When a channel's access token ends, in seconds since 1970; 0 without one.",
    ["channel"],
)
TOKEN_REFUSED = Gauge(
    "hoctap_channel_token_refused", "1 while a channel's token cannot be renewed, else 0.", ["channel"]
)
