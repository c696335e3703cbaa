"""What proves a bill right: identities of its rows, quality of its data, its prices re-found."""
