"""Speed side by side with named peers, in one run, printed as ratios; never a timed test."""
