"""What acme adds to symloss."""
