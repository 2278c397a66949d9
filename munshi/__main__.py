"""`python -m munshi` is `munshi`, for machines where the script is not on the path."""

from munshi.ui.cli import main

if __name__ == "__main__":
    main()
