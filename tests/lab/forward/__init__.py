"""What measures forwarders against each other."""
