"""What every command needs of the machine that it runs on: which process it is, locks between processes, files written whole."""
