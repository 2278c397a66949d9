"""Where people meet Munshi: the chat window, the terminal, the command line."""
