"""Stand-ins for the programs that modgate talks to: an upstream proxy, a git host, a directory, an identity provider."""
