"""The console at ``/console``: what people see of an incident, on a phone or a PC."""
