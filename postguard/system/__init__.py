"""What the machine gives: folders, whole files, secrets, logs, the clock, the service manager."""
