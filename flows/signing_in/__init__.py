"""Web pages for officials: a link that signs in once, and signing out everywhere."""
