"""One person in several chats, when they say so: joined by a code, and separated again."""
