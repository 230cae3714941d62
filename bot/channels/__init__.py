"""The channels: each parses what its platform sends, renders what is to be sent, and sends; none decides anything."""
