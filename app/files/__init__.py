"""Files that leave and come back: sheets, their layouts, the folder where they appear whole or not at all."""
