"""⑤ Brings orders home: reads what the main system said of each, and keeps one final word."""
