"""Pure rules of the trade: they take the time as an argument, touch nothing, and import nothing of ours."""
