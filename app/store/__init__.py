"""Where everything is kept: the only floor that knows SQL. Stages meet in its rows."""
