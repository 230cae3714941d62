"""What runs the conversation: command line, channels, dashboard, delivery, services, store and reports."""
