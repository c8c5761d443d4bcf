"""The main system as one port: what it is asked and given, whichever program it is."""
