"""What integrations share: dialling, drivers' parameters, addresses in configurations."""
