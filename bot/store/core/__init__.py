"""What is kept whatever the subject: the tables, the inbox and outbox, units, and how they are read and written."""
