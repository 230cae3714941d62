"""The web chat: for who has neither Telegram nor Zalo, for a kiosk, and for the demo.

A browser holds a token; its hash is the conversation's address. What people send is kept by the turn loop; what is
sent to them waits in the outbox until the page fetches it and says so.
"""
