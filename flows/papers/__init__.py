"""Papers: who may have which of them, asked for in the chat and sent there as files."""
