"""The guides people read: Markdown in `locales/`, with talks that the tests play. Nothing here sends or stores."""
