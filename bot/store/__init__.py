"""All SQL lives here: tables, migrations, and the statements that gather and apply turns. Tables never leave."""
