"""The `hoctap` command of this checkout, whichever environment has it installed."""

from bot.main import main

if __name__ == "__main__":
    main()
