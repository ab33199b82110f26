"""Rules as they stand in many projects: what a chunk's nearness to a learning is measured against.

A chunk that is near to rules of any kind ("let me check the tests") says little about one of them. A fixed list, so that a record depends
on the session and the learning alone. The calibration belongs to this list: whoever changes it fits the calibration anew.
"""

RULES = (
    "Write unit tests for new functions",
    "Run the test suite before pushing",
    "Keep functions small and focused on one task",
    "Use descriptive names for variables and functions",
    "Add type annotations to public functions",
    "Document public interfaces with docstrings",
    "Update the README when behaviour changes",
    "Write clear commit messages",
    "Create a new branch for every feature",
    "Open a pull request and ask for a review",
    "Do not commit secrets or credentials",
    "Validate user input at the boundary",
    "Handle errors explicitly and return meaningful messages",
    "Log errors with enough context to debug them",
    "Read configuration from environment variables",
    "Pin the versions of dependencies",
    "Prefer the standard library over new dependencies",
    "Use the project's formatter and linter",
    "Follow the existing code style",
    "Avoid duplicating code; extract shared helpers",
    "Prefer composition over inheritance",
    "Keep user interface components accessible",
    "Use semantic HTML and CSS classes",
    "Store timestamps in UTC",
    "Use parameterised queries for database access",
    "Write a migration for every schema change",
    "Cache expensive computations",
    "Measure performance before optimising",
    "Use async functions for network calls",
    "Set timeouts on external requests",
    "Ask the user when requirements are unclear",
    "Explain the plan before making changes",
    "Keep answers short and to the point",
    "Make the smallest change that solves the problem",
    "Read a file before editing it",
    "Search the code base before adding new code",
    "Reproduce a bug before fixing it",
    "Check the output of a command before going on",
    "Use absolute paths in shell commands",
    "Build the container image and deploy it to the server",
)

#: the mean cosine with this many of the nearest rules is a chunk's background
NEAREST = 5
