"""An alert as the body each kind of receiver reads."""
