"""Layer 3: what happens in sessions from which a learning was withheld at random?

strategy           whether a session withholds a learning, and with what chance the next one will
rates              with what chance the next session withholds it
assignment         the draw: a hash of session and learning
arms               sums of the sessions with and without the learning
fleet              the variance that all experiments share
posterior          the effect's posterior, valid at any moment
welch              Welch's test, shown beside it
lift               how much more is used than what chance explains
companions         learnings that are always injected together
experiment_health  sample ratio, coverage, contamination
"""
